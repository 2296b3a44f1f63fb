"""Edits, globs, variables, ignored fields, images and projects, as values."""

from __future__ import annotations

from typing import Any

import pytest

from workers import ignored, options, projects
from workers.declarations.common import seconds
from workers.declaring.building import image
from workers.model import Ref
from workers.policies import Ignored, Retry
from workers.projects import Kind, Place, Project
from workers.renderers import edits, substitution
from workers.renderers.folders import _glob


def test_edits_are_put_into_a_kustomization_as_kustomize_edit_does() -> None:
    """Names are replaced, lists grow, images are replaced by name; neither input is changed."""
    here = {
        "namePrefix": "old-",
        "images": [{"name": "a", "newTag": "1"}, {"name": "b"}],
        "patches": [{"patch": "x"}],
        "commonAnnotations": {"a": "1", "b": "1"},
        "resources": ["r.yaml"],
    }
    before = repr(here)
    made = edits.merged(
        here,
        {
            "namePrefix": "new-",
            "nameSuffix": "-x",
            "images": [{"name": "a", "newTag": "2"}],
            "patches": [{"patch": "y"}],
            "commonAnnotations": {"b": "2"},
        },
    )
    assert made == {
        "namePrefix": "new-",
        "nameSuffix": "-x",
        "images": [{"name": "b"}, {"name": "a", "newTag": "2"}],
        "patches": [{"patch": "x"}, {"patch": "y"}],
        "commonAnnotations": {"a": "1", "b": "2"},
        "resources": ["r.yaml"],
    }
    assert repr(here) == before
    with pytest.raises(ValueError, match="patches: expected a list"):
        edits.merged({"patches": {}}, {"patches": [1]})


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("*.yaml", "a.yaml", True),
        ("*.yaml", "below/a.yaml", True),
        ("{a,b}.yaml", "b.yaml", True),
        ("{a,b}.yaml", "c.yaml", False),
        ("a?.yaml", "ab.yaml", True),
        ("[ab].yaml", "b.yaml", True),
        ("[!ab].yaml", "b.yaml", False),
        ("a,b", "a,b", True),
        ("(", "(", True),
    ],
)
def test_globs_of_a_directory(pattern: str, path: str, matches: bool) -> None:
    """As Argo CD matches them."""
    assert bool(_glob(pattern).fullmatch(path)) is matches


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("${a}", "Word"),
        ("x-${a}-${b}", "x-Word-"),
        ("${none:=default}", "default"),
        ("${none:-${a}}", "Word"),
        ("${b:=default}", "default"),
        ("${b=default}", ""),
        ("${a:=default}", "Word"),
        ("$${a}", "${a}"),
        ("$a", "$a"),
        ("${#a}", "4"),
        ("${a,}", "word"),
        ("${a,,}", "word"),
        ("${a^^}", "WORD"),
        ("${lower^}", "Lower"),
        ("${a:1}", "ord"),
        ("${a:1:2}", "or"),
        ("${path#*/}", "b/c"),
        ("${path##*/}", "c"),
        ("${path%/*}", "a/b"),
        ("${path%%/*}", "a"),
        ("${path/\\//-}", "a/b/c"),
        ("${path/b/x}", "a/x/c"),
        ("${path//[/x}", "a/b/c"),
        ("${twice//o/0}", "f00 f00"),
        ("${twice/#foo/x}", "x foo"),
        ("${twice/%foo/x}", "foo x"),
    ],
)
def test_forms_of_variables(text: str, result: str) -> None:
    """Those of Flux's documentation."""
    variables = {"a": "Word", "b": "", "lower": "lower", "path": "a/b/c", "twice": "foo foo"}
    assert substitution.replaced(text, variables) == result


def test_what_yaml_writes_without_quotes_is_read_anew() -> None:
    """A number stays text where it is a part of one; a text that was no variable is left alone."""
    values = {"n": "3", "yes": "true", "list": "[1, 2]", "quoted": "'3'", "colon": "a: b"}
    made = substitution.substituted(
        {
            "replicas": "${n}",
            "on": "${yes}",
            "both": "v${n}",
            "list": "${list}",
            "text": "${quoted}",
            "kept": "1e3",
            "two lines": "a\n${n}",
            "${n}": 1,
            "odd": "${colon}",
            "nothing": "plain",
        },
        values,
    )
    assert made == {
        "replicas": 3, "on": True, "both": "v3", "list": [1, 2], "text": "3", "kept": "1e3", "two lines": "a\n3", "3": 1,
        "odd": "a: b", "nothing": "plain",
    }  # fmt: skip
    with pytest.raises(substitution.UnknownVariable, match="the variable none has no value"):
        substitution.substituted({"a": "${none}"}, values)


DEPLOYMENT = Ref("apps", "Deployment", "default", "web")


def test_ignored_fields_are_left_out_or_kept_as_they_are() -> None:
    """With who owns them; in lists by position; what is not there is no error."""
    rule = Ignored(
        "apps", "Deployment", "", "", ("/spec/replicas", "/spec/list/0/image", "/metadata/annotations/a~1b", "/no/such")
    )
    managed: dict[str, Any] = {
        "manager": "hookline",
        "fieldsV1": {"f:spec": {"f:replicas": {}, "f:list": {'k:{"name":"x"}': {"f:image": {}, "f:name": {}}}}},
    }
    live: dict[str, Any] = {
        "metadata": {"annotations": {"a/b": "live"}, "managedFields": [managed]},
        "spec": {"replicas": 5, "list": [{"name": "x", "image": "live"}]},
    }
    left = ignored.without(live, [rule], DEPLOYMENT)
    assert left["spec"] == {"list": [{"name": "x"}]}
    assert "annotations" not in left["metadata"]
    assert left["metadata"]["managedFields"] == [
        {"manager": "hookline", "fieldsV1": {"f:spec": {"f:list": {'k:{"name":"x"}': {"f:name": {}}}}}}
    ]
    assert live["spec"]["replicas"] == 5
    wanted = {"metadata": {}, "spec": {"replicas": 1, "list": [{"name": "x", "image": "new"}]}}
    kept = ignored.respected(wanted, live, [rule], DEPLOYMENT)
    assert kept["spec"] == {"replicas": 5, "list": [{"name": "x", "image": "live"}]}
    other = Ref("apps", "StatefulSet", "default", "web")
    assert ignored.without(live, [rule], other) is live


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("nginx:1.27", {"name": "nginx", "newTag": "1.27"}),
        ("nginx=example.com:5000/n", {"name": "nginx", "newName": "example.com:5000/n"}),
        ("nginx=example.com:5000/n:2", {"name": "nginx", "newName": "example.com:5000/n", "newTag": "2"}),
        ("nginx@sha256:abc", {"name": "nginx", "digest": "sha256:abc"}),
    ],
)
def test_image_overrides(text: str, result: dict[str, str]) -> None:
    """As ``kustomize edit set image`` reads them."""
    assert image(text) == result


def test_durations_and_retries() -> None:
    """Go's words, and a wait that grows to its most."""
    assert [seconds(text) for text in ("5s", "1h30m", "1.5m", "250ms")] == [5, 5400, 90, 0.25]
    for text in ("5", "s", "5s!", ""):
        with pytest.raises(ValueError, match="such as 30s"):
            seconds(text)
    assert [Retry(2, 1, 3, 5).delay(tries) for tries in (1, 2, 3)] == [1, 3, None]
    assert Retry(-1, 60, 1, 60).delay(10**6) == 60


def test_options_of_an_object_go_before_its_apps() -> None:
    """And what contradicts itself is a sentence."""
    base = options.read(["Replace=true", "Prune=false"]).options
    manifest = {"metadata": {"annotations": {options.SYNC_OPTIONS: "Replace=false, Force=true"}}}
    found = options.of(manifest, base)
    assert (found.replace, found.force, found.prune) == (False, True, "false")
    assert (
        options.read(["Replace=true", "Replace=false"]).problem == "Replace is said to be both true and false: keep one"
    )
    assert options.read(["Unheard=of"]).unserved == ("Unheard=of",)


@pytest.mark.parametrize(
    ("patterns", "url", "allowed"),
    [
        (["*"], "https://github.com/a/b.git", True),
        (["https://github.com/a/*"], "https://github.com/a/b.git", True),
        (["https://github.com/*"], "https://github.com/a/b.git", False),
        (["https://github.com/**"], "https://github.com/a/b.git", True),
        (["https://github.com/a/b"], "git@github.com:a/b.git", True),
        (["*", "!https://github.com/a/b.git"], "https://github.com/a/b", False),
        ([], "https://github.com/a/b.git", False),
    ],
)
def test_repositories_of_a_project(patterns: list[str], url: str, allowed: bool) -> None:
    """A star stays within one segment; a denial wins; another spelling is the same repository."""
    assert Project("p", "f", sources=tuple(patterns)).allows_source(url) is allowed


def test_places_and_kinds_of_a_project() -> None:
    """A place by its server or its name; an undeclared default project allows all."""
    project = Project(
        "p",
        "f",
        places=(Place("https://a", "", "team-*"), Place("", "prod", "x"), Place("https://a", "", "!team-secret")),
        cluster_kinds=(Kind("", "Namespace", "team-*"),),
        denied_kinds=(Kind("", "Secret"),),
    )
    assert project.allows_place("https://a", "", "team-one")
    assert not project.allows_place("https://a", "", "team-secret")
    assert not project.allows_place("https://b", "", "team-one")
    assert project.allows_place("", "prod", "x")
    assert not project.allows_place("", "prod", "y")
    assert project.allows_kind(Ref("", "Namespace", "", "team-a"))
    assert not project.allows_kind(Ref("", "Namespace", "", "other"))
    assert project.allows_kind(Ref("", "ConfigMap", "team-one", "a"))
    assert not project.allows_kind(Ref("", "Secret", "team-one", "a"))
    assert projects.EVERYTHING.allows_place("https://anything", "", "x")
    assert projects.EVERYTHING.allows_place("", "any", "x")
    assert projects.EVERYTHING.allows_kind(Ref("x", "Y", "", "z"))
