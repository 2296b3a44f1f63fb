"""What rules leave out and what they keep, as values: properties over random objects, and the cases that matter."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from workers import ignored
from workers.errors import BadConfiguration, IgnoredUnknown
from workers.fields import Path
from workers.ignored.removing import disown
from workers.model import Manifest, Ref
from workers.policies import Ignored, Selector

WEB = Ref("apps", "Deployment", "default", "web")
NAMES = st.sampled_from(["a", "b", "a/b", "c~d", "name"])
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.sampled_from(["x", "y"])),
    lambda inner: st.one_of(st.dictionaries(NAMES, inner, max_size=3), st.lists(inner, max_size=3)),
    max_leaves=12,
)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(lambda names: ("spec", *names))


def tree_of(value: Any) -> dict[str, Any]:
    """Return the FieldsV1 tree of a manager that applied a value: mappings by field, everything else as a whole."""
    if isinstance(value, dict) and value:
        return {f"f:{name}": tree_of(inner) for name, inner in value.items()}
    return {}


def live(spec: Any, tree: Any = None, *others: tuple[str, Any]) -> Manifest:
    """Return a live Deployment that we applied, with what other managers own."""
    ours = {"f:spec": tree_of(spec) if tree is None else tree}
    entry = {"manager": "hookline", "operation": "Apply", "apiVersion": "apps/v1", "fieldsV1": ours}
    more = [
        {"manager": name, "operation": "Update", "apiVersion": "apps/v1", "fieldsV1": {"f:spec": tree}}
        for name, tree in others
    ]
    managed = [entry, *more]
    metadata = {"name": "web", "namespace": "default", "managedFields": managed}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def pointer(path: Path) -> str:
    """Return a path as a JSON pointer."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def expression(path: Path) -> str:
    """Return a path as a jq path expression that never fails."""
    return "".join(f"[{json.dumps(step)}]?" for step in path).join((".", ""))


def rule(kind: str, path: Path) -> Ignored:
    """Return a rule for a path, of one of two kinds."""
    if kind == "pointer":
        return Ignored("apps", "Deployment", pointers=(pointer(path),), by="myapp")
    return Ignored("apps", "Deployment", expressions=(expression(path),), by="myapp")


RULES = st.lists(st.builds(rule, st.sampled_from(["pointer", "jq"]), PATHS), max_size=3)


@settings(max_examples=150, deadline=None)
@given(VALUES, RULES)
def test_leaving_out_twice_is_leaving_out_once(spec: Any, rules: list[Ignored]) -> None:
    """And what is given is never changed."""
    manifest = live(spec)
    before = copy.deepcopy(manifest)
    once = ignored.without(manifest, rules, WEB)
    assert ignored.without(once, rules, WEB) == once
    assert manifest == before
    ignored.respected(manifest, before, rules, WEB)
    assert manifest == before


def put(value: Any, path: Path, new: Any) -> bool:
    """Set the field at a path, making mappings on the way; return whether there is such a place."""
    for step in path[:-1]:
        if not isinstance(value, dict):
            return False
        value = value.setdefault(step, {})
    if not isinstance(value, dict):
        return False
    value[path[-1]] = new
    return True


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=3), st.sampled_from(["pointer", "jq"]), PATHS, VALUES)
def test_what_is_written_inside_never_counts(spec: dict[str, Any], kind: str, path: Path, new: Any) -> None:
    """Whoever writes it takes it from us, or it was never ours; the object is known as it was."""
    spec["kept"] = 1
    written = copy.deepcopy(spec)
    assume(put(written, path[1:], new))
    ours, theirs = {"f:spec": tree_of(spec)}, {"f:spec": tree_of(spec)}
    disown(theirs, live(spec), path)
    other: Any = {}
    for step in reversed(path[1:]):
        other = {f"f:{step}": other}
    rules = [rule(kind, path)]
    known = ignored.accepted(live(spec, ours["f:spec"]), rules, WEB)
    assert known
    assert ignored.is_accepted(known, live(written, theirs["f:spec"], ("other", other)), rules, WEB)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(NAMES, VALUES, min_size=1, max_size=3),
    st.sampled_from(["pointer", "jq", "manager"]),
    PATHS,
    st.data(),
)
def test_what_is_written_outside_always_counts(
    spec: dict[str, Any], kind: str, path: Path, data: st.DataObject
) -> None:
    """Another value of a field of ours that no rule names."""
    name = data.draw(st.sampled_from(sorted(spec)))
    assume(path[1] != name)
    if kind == "manager":
        rules = [Ignored("apps", "Deployment", managers=("other",), by="myapp")]
    else:
        rules = [rule(kind, path)]
    other: tuple[str, Any] = ("other", {f"f:{path[1]}": {}})
    known = ignored.accepted(live(spec, None, other), rules, WEB)
    changed = {**copy.deepcopy(spec), name: "changed"}
    assert ignored.is_accepted(known, live(spec, None, other), rules, WEB)
    assert not ignored.is_accepted(known, live(changed, tree_of(spec), other), rules, WEB)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=3), st.data())
def test_what_a_trusted_manager_takes_never_counts(spec: dict[str, Any], data: st.DataObject) -> None:
    """Any field of ours, with any value, whatever we owned before; a stranger's taking it counts."""
    name = data.draw(st.sampled_from(sorted(spec)))
    assume(not isinstance(spec[name], dict) or not spec[name])
    spec["kept"] = 1
    rules = [Ignored("apps", "Deployment", managers=("hpa",), by="myapp")]
    known = ignored.accepted(live(spec), rules, WEB)
    taken = {**copy.deepcopy(spec), name: "theirs"}
    left = {key: tree for key, tree in tree_of(spec).items() if key != f"f:{name}"}
    assert ignored.is_accepted(known, live(taken, left, ("hpa", {f"f:{name}": {}})), rules, WEB)
    assert not ignored.is_accepted(known, live(taken, left, ("hand", {f"f:{name}": {}})), rules, WEB)


def test_items_go_by_what_is_meant_not_one_after_the_other() -> None:
    """Positions are those of the object as it was."""
    spec = {"list": ["a", "b", "c", "d"]}
    rules = [Ignored("apps", "Deployment", pointers=("/spec/list/0", "/spec/list/2"), expressions=(".spec.list[1]",))]
    assert ignored.without(live(spec), rules, WEB)["spec"] == {"list": ["d"]}


def test_who_an_object_is_and_who_owns_its_fields_is_never_ignored() -> None:
    """Else nobody could tell what it is, and every change of it would pass."""
    said = ("/metadata", "/metadata/managedFields", "/metadata/name", "/apiVersion", "/kind", "/spec/a")
    manifest = live({"a": 1, "b": 2})
    manifest["metadata"]["labels"] = {"x": "y"}
    left = ignored.without(manifest, [Ignored("*", "*", pointers=said)], WEB)
    assert set(left["metadata"]) == {"name", "namespace", "managedFields"}
    assert (left["apiVersion"], left["kind"], left["spec"]) == ("apps/v1", "Deployment", {"b": 2})
    known = ignored.accepted(manifest, [Ignored("*", "*", pointers=said)], WEB)
    assert not ignored.is_accepted(known, live({"a": 1, "b": 3}), [Ignored("*", "*", pointers=said)], WEB)


def test_an_injected_item_is_found_wherever_it_is() -> None:
    """A sidecar before our container is neither taken for ours nor written over."""
    ours: Any = {"f:containers": {'k:{"name":"web"}': {"f:name": {}, "f:image": {}, ".": {}}}}
    theirs: Any = {"f:containers": {'k:{"name":"proxy"}': {".": {}, "f:name": {}, "f:image": {}}}}
    proxy, web = {"name": "proxy", "image": "p:1"}, {"name": "web", "image": "w:2"}
    manifest = live({"containers": [proxy, web]}, ours, ("injector", theirs))
    wanted: Manifest = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    wanted["spec"] = {"containers": [{"name": "web", "image": "w:1"}]}
    rules = [Ignored("apps", "Deployment", expressions=(".spec.containers[].image",))]
    assert ignored.respected(wanted, manifest, rules, WEB)["spec"] == {"containers": [{"name": "web", "image": "w:2"}]}
    rules = [Ignored("apps", "Deployment", managers=("injector",))]
    assert ignored.respected(wanted, manifest, rules, WEB)["spec"] == wanted["spec"]
    assert [one["name"] for one in ignored.without(manifest, rules, WEB)["spec"]["containers"]] == ["web"]


@pytest.mark.parametrize(
    ("owner", "kept"), [("hpa", {"paused": False}), ("hookline", {"paused": False, "replicas": 5})]
)  # fmt: skip
def test_an_ignored_field_is_left_to_its_owner(owner: str, kept: dict[str, Any]) -> None:
    """Left out where another manager owns it; applied as it is where it would go with our claim."""
    spec = {"paused": False, "replicas": 5}
    tree: Any = {"f:paused": {}, **({"f:replicas": {}} if owner == "hookline" else {})}
    manifest = live(spec, tree, *([("hpa", {"f:replicas": {}})] if owner == "hpa" else []))
    wanted = {**manifest, "metadata": {"name": "web"}, "spec": {"paused": False, "replicas": 1}}
    rules = [Ignored("apps", "Deployment", pointers=("/spec/replicas",))]
    assert ignored.respected(wanted, manifest, rules, WEB)["spec"] == kept
    assert ignored.respected(wanted, manifest, rules, WEB, whole=True)["spec"] == spec


def test_of_a_mapping_only_what_others_own_is_left_out() -> None:
    """Some annotations are theirs, some are ours alone."""
    spec = {"notes": {"mine": "m", "theirs": "t", "both": "b"}}
    tree: Any = {"f:notes": {"f:mine": {}, "f:both": {}}}
    manifest = live(spec, tree, ("other", {"f:notes": {"f:theirs": {}, "f:both": {}}}))
    wanted = {**manifest, "metadata": {"name": "web"}, "spec": {"notes": {"mine": "x", "both": "x"}}}
    rules = [Ignored("apps", "Deployment", pointers=("/spec/notes",))]
    assert ignored.respected(wanted, manifest, rules, WEB)["spec"] == {"notes": {"mine": "m"}}


@pytest.mark.parametrize(("by", "error"), [("myapp", IgnoredUnknown), ("", BadConfiguration)])
def test_an_expression_that_cannot_be_evaluated_is_said(by: str, error: type[Exception]) -> None:
    """Never "no difference": with whose it is, the expression and the object."""
    rules = [Ignored("*", "*", expressions=(f'select(.kind == "Deployment") | "{by}"',), by=by)]
    with pytest.raises(error, match=r"makes a value.*on Deployment default/web: correct it") as said:
        ignored.accepted(live({"a": 1}), rules, WEB)
    assert ("app myapp: " if by else "ignored: ") in str(said.value)


SELECTED = {"labels": {"tier": "front", "size": "3"}, "annotations": {"a/b": "x"}}


@pytest.mark.parametrize(
    ("selector", "meant"),
    [
        ({}, True),
        ({"kind": "Deployment|StatefulSet"}, True),
        ({"kind": "Deploy"}, False),
        ({"kind": "deployment"}, False),
        ({"group": "apps", "version": "v1"}, True),
        ({"version": "v1beta1"}, False),
        ({"name": "w.b"}, True),
        ({"namespace": "def"}, False),
        ({"labels": "tier=front,size"}, True),
        ({"labels": "tier == front , !none"}, True),
        ({"labels": "tier!=back,none notin (a)"}, True),
        ({"labels": "tier in (back, front)"}, True),
        ({"labels": "tier notin (back, front)"}, False),
        ({"labels": "size>2,size<4"}, True),
        ({"labels": "size>3"}, False),
        ({"labels": "!tier"}, False),
        ({"annotations": "a/b=x"}, True),
        ({"annotations": "a/b=y"}, False),
    ],
)
def test_which_objects_a_selector_means(selector: dict[str, str], meant: bool) -> None:
    """Whole names, as Flux anchors its expressions; labels as kubectl reads them."""
    manifest = live({"a": 1})
    manifest["metadata"] |= SELECTED
    said = Ignored("*", "*", pointers=("/spec/a",), selector=Selector(**selector))
    assert ignored.problem(Selector(**selector)) == ("", "")
    assert ("spec" not in ignored.without(manifest, [said], WEB)) is meant


@pytest.mark.parametrize(
    ("selector", "field"),
    [
        ({"name": "a("}, "name"),
        ({"kind": r"(a)\1"}, "kind"),
        ({"name": "(a{1,900}){1,900}"}, "name"),
        ({"name": "a" * 1001}, "name"),
        ({"labels": "a=b=c"}, "labelSelector"),
        ({"labels": "a in b"}, "labelSelector"),
        ({"annotations": "a > b"}, "annotationSelector"),
    ],
)
def test_what_is_wrong_with_a_selector_is_said(selector: dict[str, str], field: str) -> None:
    """With its field; nothing that backtracks is taken."""
    name, problem = ignored.problem(Selector(**selector))
    assert (name, bool(problem)) == (field, True)


@pytest.mark.parametrize(("group", "kind", "applies"), [("*", "*", True), ("app*", "Dep*", True), ("*.io", "*", False)])
def test_groups_and_kinds_are_globs(group: str, kind: str, applies: bool) -> None:
    """As in Argo CD."""
    manifest = live({"a": 1})
    changed = ignored.without(manifest, [Ignored(group, kind, pointers=("/spec/a",))], WEB)
    assert (changed is manifest) is not applies
