"""Jsonnet files and ``.sourceignore`` in plain folders, as values and on a real API server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.shown import shows
from tests.workers.charts import tree_of
from tests.workers.conftest import Bench
from tests.workers.manifests import config
from tests.workers.test_declared_fields import kustomization
from tests.workers.test_sync_options import names
from tests.workers.test_sync_order import deploy
from workers.apps import App
from workers.errors import RenderFailed
from workers.given import Given
from workers.policies import NOTHING_BUILT, Build
from workers.renderers import jsonnet, source, sourceignore

MAP = "{apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: '%s'}, data: {key: %s}}"


def app(build: Build = NOTHING_BUILT) -> App:
    """An app of the folder ``web``."""
    return App("myapp", "u", "web", "main", "f", namespace="place", build=build)


def rendered(folder: Path, files: Mapping[str, str], said: Mapping[str, Any] | None = None) -> list[Any]:
    """Return the objects of the folder ``web``."""
    build = Build(jsonnet=json.dumps(said) if said else "")
    return [one.value for one in source.read(tree_of(folder, files), app(build), {}, Given())]


@shows(
    "Application spec.source.directory.jsonnet.extVars[].name",
    "Application spec.source.directory.jsonnet.extVars[].value",
    "Application spec.source.directory.jsonnet.extVars[].code", "Application spec.source.directory.jsonnet.tlas[].name",
    "Application spec.source.directory.jsonnet.tlas[].value", "Application spec.source.directory.jsonnet.tlas[].code",
    "Application spec.source.directory.jsonnet.libs",
)  # fmt: skip
def test_jsonnet_is_evaluated_with_what_the_app_hands_to_it(bench: Bench) -> None:
    """A library from the repository, variables as text and as code; changing one of them is a change."""
    said: dict[str, Any] = {
        "libs": ["shared"],
        "extVars": [{"name": "app", "value": "$ARGOCD_APP_NAME"}, {"name": "two", "value": "1 + 1", "code": True}],
        "tlas": [{"name": "team", "value": "blue"}, {"name": "on", "value": "!false", "code": True}],
    }
    text = (bench.catalog / "myapp.yaml").read_text()

    def declare() -> None:
        bench.declare(
            text.replace("    path: myapp\n", f"    path: myapp\n    directory: {{jsonnet: {json.dumps(said)}}}\n")
        )

    declare()
    main = (
        "local lib = import 'lib.libsonnet';\n"
        "function(team, on) [lib('a', std.extVar('app') + std.extVar('two') + team + on), lib('b', 'b')]"
    )
    lib = "function(name, key) {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: name}, data: {key: key}}"
    key = ("configmap", "a", "-o", "jsonpath={.data.key}")
    deploy(bench, {"main.jsonnet": main, "../shared/lib.libsonnet": lib})
    assert bench.get(*key) == "myapp2bluetrue"
    assert names(bench) == {"a", "b"}
    said["extVars"][1]["value"] = "1 + 2"
    said["tlas"][0]["value"] = "red"
    declare()
    deploy(bench, {"../shared/lib.libsonnet": lib.replace("key: key", "key: 'now ' + key")})
    assert bench.get(*key) == "now myapp3redtrue"


@shows("GitRepository spec.ignore")
def test_what_a_git_repository_ignores_is_not_applied(bench: Bench) -> None:
    """The field goes before the files, and instead of the defaults."""
    kustomization(bench, {})
    deploy(bench, {
        "a.yaml": config("a"), "b.yaml": config("b"), "appveyor.yml": config("c"), ".sourceignore": "b.yaml\n",
    })  # fmt: skip
    assert names(bench) == {"a"}
    text = (bench.catalog / "myapp.yaml").read_text()
    repository = text.index("ref: ") if "ref: " in text else text.index('"ref"')
    at = text.rindex("\n", 0, repository) + 1
    indent = text[at:].split("ref")[0].split('"')[0]
    bench.declare(f'{text[:at]}{indent}ignore: "!b.yaml\\na.yaml"\n{text[at:]}')
    deploy(bench, {"README.md": "words"})
    assert names(bench) == {"b", "c"}


def test_imports_come_from_beside_the_file_then_from_the_libraries(tmp_path: Path) -> None:
    """The last library first; strings and bytes too; what is only imported is no manifest."""
    files = {
        "web/main.jsonnet": "local l = import './l.libsonnet'; "
        + MAP % ("a", "l.key + (importstr 'b.txt') + (importstr @'c.txt')"),
        "web/l.libsonnet": '{key: importstr "c.txt"}',
        "web/c.txt": "web ",
        "one/b.txt": "one ",
        "one/c.txt": "one ",
        "two/b.txt": "two ",
        "elsewhere/d.txt": "d",
    }
    [found] = rendered(tmp_path, files, {"libs": ["one", "/two"]})
    assert found["data"] == {"key": "web two web "}


def test_what_jsonnet_reads_is_its_input(tmp_path: Path) -> None:
    """A library does count, though it is elsewhere; a file beside it does not."""
    files = {"web/main.jsonnet": "import '../lib/a.libsonnet'", "lib/a.libsonnet": MAP % ("a", "'x'"), "lib/b": "x"}

    def inputs(number: int, **more: str) -> list[str]:
        folder = tmp_path / str(number)
        folder.mkdir()
        changed = files | {name.replace("_", "/"): text for name, text in more.items()}
        return source.inputs(tree_of(folder, changed), app(), {}, Given())

    assert inputs(0) == inputs(1, lib_b="y")
    assert inputs(0 + 2) != inputs(3, **{"lib/a.libsonnet": "{}"})


REFUSED = {
    "no such import": (
        {"web/a.jsonnet": "import 'none'"},
        "^jsonnet refused web/a.jsonnet: there is no file none in the repository$",
    ),
    "an import above the root": ({"web/a.jsonnet": "importstr '../../../etc/passwd'"}, "there is no file"),
    "one that an import names": (
        {"web/a.jsonnet": "import 'b/l.libsonnet'", "web/b/l.libsonnet": "{a: importstr 'x'}"},
        "^jsonnet refused web/b/l.libsonnet: there is no file x in the repository$",
    ),
    "an absolute import": ({"web/a.jsonnet": "importstr '/etc/passwd'"}, "there is no file /etc/passwd"),
    "a link": ({"web/a.jsonnet": "importstr 'l'", "web/l@": "/etc/passwd"}, "there is no file l"),
    "a cycle": ({"web/a.jsonnet": "(import 'a.jsonnet') + {}"}, "max stack frames exceeded"),
    "no end": ({"web/a.jsonnet": "local f(x) = f(x + 1) tailstrict; f(0)"}, "took longer than 2 s|without end"),
    "too large": (
        {"web/a.jsonnet": "std.foldl(function(a, i) a + a, std.range(1, 40), 'xxxxxxxx')"},
        "memory|MiB|broke the evaluator|took longer",
    ),
    "a missing variable": ({"web/a.jsonnet": "std.extVar('none')"}, "[Uu]ndefined external variable: none"),
    "no Jsonnet": ({"web/a.jsonnet": "{"}, "web/a.jsonnet: .*web/a.jsonnet:1:"),
    "no text": ({"web/a.jsonnet": "\udcff"}, "web/a.jsonnet"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_jsonnet_that_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In bounds, by the name of the file, in one line, without our paths."""
    monkeypatch.setattr("workers.renderers.child.RENDER_SECONDS", 2)
    files, sentence = REFUSED[name]
    written = {path: text.encode(errors="surrogateescape") for path, text in files.items()}
    with pytest.raises(RenderFailed, match=sentence) as raised:
        source.read(tree_of(tmp_path, written), app(), {}, Given())
    assert str(raised.value).startswith("jsonnet ")
    assert "hookline-render-" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_library_that_is_not_there_and_too_many_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both before anything runs."""
    tree = tree_of(tmp_path, {"web/a.jsonnet": "[import 'b', import 'c']", "web/b": "1", "web/c": "2"})
    with pytest.raises(RenderFailed, match=r"jsonnet\.libs: there is no folder none"):
        jsonnet.job(tree, "web", ["web/a.jsonnet"], {"libs": ["none"]})
    with pytest.raises(RenderFailed, match=r"there is no folder \.\./x"):
        jsonnet.job(tree, "web", ["web/a.jsonnet"], {"libs": ["../x"]})
    monkeypatch.setattr(jsonnet, "MOST_IMPORTS", 2)
    with pytest.raises(RenderFailed, match="more than 2 files are imported"):
        jsonnet.job(tree, "web", ["web/a.jsonnet"], {})


IGNORING: dict[str, tuple[dict[str, str], str | None, set[str]]] = {
    "defaults": ({}, None, {"a.yaml", "below/b.yaml", "below/deep/c.yaml"}),
    "a file in the root": ({".sourceignore": "below/\n!a.yaml\n"}, None, {"a.yaml"}),
    "a file below": ({"below/.sourceignore": "/deep\n"}, None, {"a.yaml", "below/b.yaml"}),
    "the deeper file decides": (
        {".sourceignore": "*.yaml\n", "below/.sourceignore": "!b.yaml"}, None, {"below/b.yaml"},
    ),
    "what is below an excluded folder stays out": (
        {".sourceignore": "below/\n", "below/.sourceignore": "!b.yaml"}, None, {"a.yaml"},
    ),
    "the field": ({}, "/*\n!/below\n", {"below/b.yaml", "below/deep/c.yaml"}),
    "the field instead of the defaults": ({}, "", {"a.yaml", "appveyor.yml", "below/b.yaml", "below/deep/c.yaml"}),
    "comments and nonsense": ({".sourceignore": "# a.yaml\n\n!\nbelow\n"}, None, {"a.yaml"}),
    "an image that the defaults leave out": ({"x.png": "x"}, None, {"a.yaml", "below/b.yaml", "below/deep/c.yaml"}),
}  # fmt: skip


@pytest.mark.parametrize("name", IGNORING)
def test_which_files_of_a_repository_count(name: str, tmp_path: Path) -> None:
    """As Flux's page about GitRepositories says."""
    more, said, wanted = IGNORING[name]
    files = {"a.yaml": "", "below/b.yaml": "", "below/deep/c.yaml": "", "appveyor.yml": ""} | more
    counts = sourceignore.rules(tree_of(tmp_path, files), flux=True, said=said)
    assert {path for path in files if counts(path, False) and not path.endswith(".sourceignore")} == wanted


def test_a_plain_folder_heeds_the_files_above_it(tmp_path: Path) -> None:
    """Of an Application too; they are among its inputs, and Flux's defaults are not for it."""
    files = {"web/a.yaml": config("a"), "web/b.yaml": config("b"), "web/appveyor.yml": config("c")}
    build = Build(recurse=True)
    for folder in ("1", "2"):
        (tmp_path / folder).mkdir()
    one = tree_of(tmp_path / "1", files | {".sourceignore": "b.yaml"})
    two = tree_of(tmp_path / "2", files | {".sourceignore": "a.yaml"})
    assert [doc.value["metadata"]["name"] for doc in source.read(one, app(build), {}, Given())] == ["a", "c"]
    assert [doc.value["metadata"]["name"] for doc in source.read(two, app(build), {}, Given())] == ["c", "b"]
    assert source.inputs(one, app(build), {}, Given()) != source.inputs(two, app(build), {}, Given())


def test_a_kustomization_of_flux_has_no_ignored_files(tmp_path: Path) -> None:
    """They are not in what Kustomize sees, as they are not in Flux's artifact."""
    files = {"web/kustomization.yaml": "resources: [a.yaml]", "web/a.yaml": config("a")}
    build = Build(gather=True, ignore="a.yaml")
    with pytest.raises(RenderFailed, match=r"a\.yaml"):
        source.read(tree_of(tmp_path, files), app(build), {}, Given())
