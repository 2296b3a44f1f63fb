"""The accepted digest and the naming of differences, on objects as the API server returns them."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from workers.fields import MOST_PATHS, differences, digest, owned, project, semantically_equal
from workers.model import Manifest

OBJECTS = Path(__file__).parents[1] / "objects"
OBJECT = yaml.safe_load((OBJECTS / "deployment-managed.yaml").read_text())

Edit = Callable[[Manifest], Any]


def edited(edit: Edit, manifest: Manifest = OBJECT) -> Manifest:
    """A copy of an object, changed by ``edit``."""
    copied = copy.deepcopy(manifest)
    edit(copied)
    return copied


def web(manifest: Manifest) -> dict[str, Any]:
    """The only container of the Deployment."""
    container: dict[str, Any] = manifest["spec"]["template"]["spec"]["containers"][0]
    return container


def ours(manifest: Manifest) -> dict[str, Any]:
    """The field tree of hookline."""
    tree: dict[str, Any] = manifest["metadata"]["managedFields"][0]["fieldsV1"]
    return tree


def our_container(manifest: Manifest) -> dict[str, Any]:
    """The field tree of the container."""
    tree: dict[str, Any] = ours(manifest)["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name":"web"}']
    return tree


def other_manager(tree: dict[str, Any], **more: str) -> dict[str, Any]:
    """An entry of managedFields for somebody else's update."""
    entry = {"manager": "kubectl", "operation": "Update", "apiVersion": "apps/v1", "fieldsType": "FieldsV1"}
    return {**entry, "fieldsV1": tree, **more}


def shuffled(value: Any, seed: int) -> Any:
    """The same value with the keys of every mapping in another order."""
    if isinstance(value, list):
        return [shuffled(item, seed) for item in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    random.Random(seed).shuffle(keys)  # noqa: S311 - an order of keys is no secret
    return {key: shuffled(value[key], seed) for key in keys}


def scale_by_hand(manifest: Manifest) -> None:
    """What ``kubectl scale`` leaves behind: another value, and the field is no longer ours."""
    manifest["spec"]["replicas"] = 2
    del ours(manifest)["f:spec"]["f:replicas"]
    tree: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
    manifest["metadata"]["managedFields"].append(other_manager(tree, subresource="scale"))


def take_over_image(manifest: Manifest) -> None:
    """The image is another manager's now, with the same value as before."""
    del our_container(manifest)["f:image"]


def add_side_car(manifest: Manifest) -> None:
    """A container that a webhook injected, in front of ours."""
    manifest["spec"]["template"]["spec"]["containers"].insert(0, {"name": "proxy", "image": "envoy:1"})


def fill_resources(manifest: Manifest) -> None:
    """An autoscaler sets a request inside ``resources: {}``, which we applied empty."""
    web(manifest)["resources"] = {"requests": {"memory": "1Gi"}}
    tree: dict[str, Any] = {"f:resources": {"f:requests": {"f:memory": {}}}}
    for name in ('k:{"name":"web"}', "f:containers", "f:spec", "f:template", "f:spec"):
        tree = {name: tree}
    manifest["metadata"]["managedFields"].append(other_manager(tree))


UNCHANGED: dict[str, Edit] = {
    "status": lambda m: m["status"].update(availableReplicas=1, conditions=[{"type": "Available"}]),
    "resource version and generation": lambda m: m["metadata"].update(resourceVersion="9", generation=7),
    "time of our entry": lambda m: m["metadata"]["managedFields"][0].update(time="2026-12-01T00:00:00Z"),
    "annotation of another manager": lambda m: m["metadata"]["annotations"].update({"example.com/owner": "b"}),
    "defaulted field": lambda m: m["spec"].update(revisionHistoryLimit=3),
    "order of managers": lambda m: m["metadata"]["managedFields"].reverse(),
    "injected container": add_side_car,
    "order of ports": lambda m: web(m)["ports"].reverse(),
    "somebody else's port": lambda m: web(m)["ports"].append({"containerPort": 9, "protocol": "UDP"}),
    "somebody else's label": lambda m: m["metadata"]["labels"].update(cost="42"),
    "value inside our empty value": fill_resources,
}

CHANGED: dict[str, Edit] = {
    "value": lambda m: m["spec"].update(replicas=2),
    "value of another type": lambda m: m["spec"].update(replicas="3"),
    "mapping turned into text": lambda m: m["spec"].update(template="x"),
    "scaled by hand": scale_by_hand,
    "label": lambda m: m["metadata"]["labels"].update(app="x"),
    "label removed": lambda m: m["metadata"]["labels"].pop("app"),
    "field below an atomic one": lambda m: m["spec"]["selector"]["matchLabels"].update(tier="x"),
    "field of a list item": lambda m: web(m).update(image="nginx:1.26"),
    "same value, taken over": take_over_image,
    "list item removed": lambda m: m["spec"]["template"]["spec"]["containers"].clear(),
    "env value": lambda m: web(m)["env"][0].update(value="x"),
    "env removed": lambda m: web(m)["env"].pop(0),
    "order of env": lambda m: web(m)["env"].reverse(),
    "order of arguments": lambda m: web(m)["args"].reverse(),
    "argument": lambda m: web(m)["args"].append("--three"),
    "port name": lambda m: web(m)["ports"][0].update(name="x"),
    "port number": lambda m: web(m)["ports"][0].update(containerPort=1),
}


@pytest.mark.parametrize("edit", UNCHANGED.values(), ids=list(UNCHANGED))
def test_what_others_do_leaves_the_digest_alone(edit: Edit) -> None:
    """A change that touches no field of ours is no drift; the object itself did change."""
    changed = edited(edit)
    assert changed != OBJECT
    assert digest(changed) == digest(OBJECT)


@pytest.mark.parametrize("edit", CHANGED.values(), ids=list(CHANGED))
def test_every_change_of_ours_changes_the_digest(edit: Edit) -> None:
    """A changed, removed, reordered or taken-over field of ours is seen."""
    assert digest(edited(edit)) != digest(OBJECT)


def recorded(state: str) -> Manifest:
    """A Deployment as a real API server returned it."""
    manifest: Manifest = yaml.safe_load((OBJECTS / f"recorded-{state}.yaml").read_text())
    return manifest


def test_what_a_real_server_records_of_others_leaves_the_digest_alone() -> None:
    """Status and annotation by other managers: another object, the same digest."""
    assert recorded("touched") != recorded("applied")
    assert digest(recorded("touched")) == digest(recorded("applied")) != ""


def test_what_a_real_server_records_of_a_scale_by_hand_is_drift() -> None:
    """Replicas are no longer ours; the dry-run names the one field, and would bring the old digest back."""
    scaled, wanted = recorded("scaled"), recorded("dry-run")
    assert digest(scaled) != digest(recorded("applied"))
    assert differences(scaled, wanted) == ("spec.replicas",)
    assert digest(wanted) == digest(recorded("applied"))


def leaves(node: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Every leaf of a field tree, as its steps."""
    children = {key: child for key, child in node.items() if key != "."}
    if not children:
        return [path]
    return [leaf for key, child in children.items() for leaf in leaves(child, (*path, key))]


@pytest.mark.parametrize("path", leaves(ours(OBJECT)), ids="/".join)
def test_the_loss_of_any_leaf_changes_the_digest(path: tuple[str, ...]) -> None:
    """Whichever one field another manager takes from us, with whatever value, the digest says so."""

    def lose(manifest: Manifest) -> None:
        node = ours(manifest)
        for name in path[:-1]:
            node = node[name]
        del node[path[-1]]

    assert digest(edited(lose)) != digest(OBJECT)


@given(seed=st.integers(min_value=0, max_value=2**32))
def test_the_order_of_keys_does_not_count(seed: int) -> None:
    """Mappings have no order, whatever order they arrive in."""
    assert digest(shuffled(OBJECT, seed)) == digest(OBJECT)


def test_a_default_inside_our_empty_value_is_only_noticed_until_its_owner_is_known() -> None:
    """Nobody owns a default; as long as that is so, it counts as part of the value that we hold as a whole."""
    assert digest(edited(lambda m: web(m).update(resources={"requests": {"cpu": "1"}}))) != digest(OBJECT)


def test_the_digest_does_not_change_the_object() -> None:
    """The object may be shared with others who read it."""
    before = copy.deepcopy(OBJECT)
    digest(OBJECT)
    assert before == OBJECT


def test_what_we_wrote_as_a_whole_is_ours_where_we_applied_nothing() -> None:
    """An object that was replaced has an entry with operation Update."""
    replaced = edited(lambda m: m["metadata"]["managedFields"][0].update(operation="Update"))
    assert owned(replaced) == owned(edited(lambda m: None))


NOT_OURS: dict[str, Edit] = {
    "other manager": lambda m: m["metadata"]["managedFields"][0].update(manager="argocd-controller"),
    "on a subresource": lambda m: m["metadata"]["managedFields"][0].update(subresource="scale"),
    "empty tree": lambda m: m["metadata"]["managedFields"][0].update(fieldsV1={}),
    "tree of a wrong type": lambda m: m["metadata"]["managedFields"][0].update(fieldsV1="x"),
    "no entries": lambda m: m["metadata"].update(managedFields=[]),
    "entries of a wrong type": lambda m: m["metadata"].update(managedFields={"a": 1}),
    "entry of a wrong type": lambda m: m["metadata"].update(managedFields=["x", None]),
    "no metadata": lambda m: m.pop("metadata"),
    "metadata of a wrong type": lambda m: m.update(metadata=[]),
}


@pytest.mark.parametrize("edit", NOT_OURS.values(), ids=list(NOT_OURS))
def test_an_object_that_hookline_did_not_apply_has_no_digest(edit: Edit) -> None:
    """Owning nothing is told apart from owning something: ``None`` and an empty digest."""
    assert owned(edited(edit)) is None
    assert digest(edited(edit)) == ""


def test_owned_is_the_tree_of_the_manager_asked_for() -> None:
    """Each manager has its own tree, or none."""
    assert owned(OBJECT) == ours(OBJECT)
    assert owned(OBJECT, "somebody") is None


def test_an_entry_of_another_version_counts_the_whole_object() -> None:
    """Paths of another version cannot be followed, so any change counts, but not those of the status."""
    older = edited(lambda m: m["metadata"]["managedFields"][0].update(apiVersion="apps/v1beta1"))
    assert digest(older)
    assert digest(edited(lambda m: m["spec"].update(revisionHistoryLimit=3), older)) != digest(older)
    assert digest(edited(lambda m: m["status"].update(replicas=1), older)) == digest(older)
    assert digest(edited(lambda m: m["metadata"].update(resourceVersion="9"), older)) == digest(older)


def test_sets_are_projected_without_order() -> None:
    """A finalizer of ours counts, one of others does not, and their order is nothing."""
    tree: dict[str, Any] = {
        "f:metadata": {"f:finalizers": {".": {}, 'v:"example.com/a"': {}, 'v:"example.com/\\u003cb"': {}}}
    }
    names = ["example.com/a", "example.com/<b", "other.com/c"]
    value = project({"metadata": {"finalizers": names}}, tree)
    assert value == project({"metadata": {"finalizers": names[1::-1]}}, tree)
    assert value != project({"metadata": {"finalizers": names[1:]}}, tree)


def test_a_secret_written_as_string_data_is_followed_to_its_data() -> None:
    """The API server keeps our claim on ``stringData`` and stores ``data``, which then nobody owns."""
    entry = {"manager": "hookline", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1"}

    def secret(password: str, **more: str) -> Manifest:
        tree: dict[str, Any] = {"f:stringData": {"f:password": {}}, "f:data": {"f:user": {}}}
        metadata = {"name": "db", "managedFields": [{**entry, "fieldsV1": tree}]}
        data = {"password": password, "user": "YQ==", **more}
        return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}

    assert digest(secret("eA==")) == digest(secret("eA==", other="eg=="))
    assert digest(secret("eA==")) != digest(secret("eQ=="))
    assert digest(secret("eA==")) != digest(secret("eA==", user="Yg=="))


def test_positions_are_projected() -> None:
    """An item owned by its position is the item at that position."""
    tree: dict[str, Any] = {"f:spec": {"f:rows": {"i:1": {"f:a": {}}}}}
    assert project({"spec": {"rows": [{"a": 1}, {"a": 2}]}}, tree) == {"spec": {"rows": [("i:1", {"a": 2})]}}


def test_an_item_without_its_default_key_field_is_still_found() -> None:
    """The key of a port names its protocol even where the object leaves the default out."""
    tree: dict[str, Any] = {"f:ports": {'k:{"port":80,"protocol":"TCP"}': {"f:name": {}}}}
    one, two = ({"ports": [{"port": 80, "name": name}]} for name in ("a", "b"))
    assert project(one, tree) != project(two, tree)


@pytest.mark.parametrize("key", ["k:{", "k:[1]", "k:{}", "v:{", "i:x", "x", ""])
def test_an_unreadable_tree_is_no_error(key: str) -> None:
    """A step that nobody can read owns nothing."""
    items = {"spec": {"items": [{"name": "a"}, "b", {"name": ["c"]}, None]}}
    assert project(items, {"f:spec": {"f:items": {key: {"f:name": {}}}}}) == {"spec": {"items": []}}


def test_metadata_of_the_server_is_never_projected() -> None:
    """Even a manager who claims uid and resourceVersion does not make them part of the digest."""
    tree: dict[str, Any] = {"f:metadata": {"f:uid": {}, "f:resourceVersion": {}, "f:generation": {}, "f:labels": {}}}
    assert project(OBJECT, tree) == {"metadata": {"labels": OBJECT["metadata"]["labels"]}}


DIFFERENCES: list[tuple[str, Edit, tuple[str, ...]]] = [
    ("nothing", lambda m: None, ()),
    ("value", lambda m: m["spec"].update(replicas=2), ("spec.replicas",)),
    ("one is not true", lambda m: m["spec"].update(replicas=3.0), ()),
    ("image", lambda m: web(m).update(image="x"), ("spec.template.spec.containers[name=web].image",)),
    ("argument", lambda m: web(m)["args"].__setitem__(1, "x"), ("spec.template.spec.containers[name=web].args[1]",)),
    ("longer list", lambda m: web(m)["args"].append("x"), ("spec.template.spec.containers[name=web].args",)),
    (
        "port",
        lambda m: web(m)["ports"][0].update(name="x"),
        ("spec.template.spec.containers[name=web].ports[containerPort=8080,protocol=TCP].name",),
    ),
    ("order of ports", lambda m: web(m)["ports"].reverse(), ()),
    ("order of env", lambda m: web(m)["env"].reverse(), ("spec.template.spec.containers[name=web].env",)),
    ("new container", add_side_car, ("spec.template.spec.containers[name=proxy]",)),
    (
        "annotation",
        lambda m: m["metadata"]["annotations"].update({"example.com/owner": "b", "plain": "c"}),
        ("metadata.annotations[example.com/owner]", "metadata.annotations.plain"),
    ),
    ("mapping removed", lambda m: m["spec"].pop("strategy"), ("spec.strategy",)),
    ("mapping turned into text", lambda m: m["spec"].update(strategy="x"), ("spec.strategy",)),
    ("status", lambda m: m.pop("status"), ()),
    ("server metadata", lambda m: m["metadata"].update(resourceVersion="1", generation=9, uid="x"), ()),
    ("managers", lambda m: m["metadata"]["managedFields"].pop(), ()),
]


@pytest.mark.parametrize(("edit", "paths"), [row[1:] for row in DIFFERENCES], ids=[row[0] for row in DIFFERENCES])
def test_differences_are_named_by_path(edit: Edit, paths: tuple[str, ...]) -> None:
    """Each change has its path, both ways round, and nothing else is named."""
    changed = edited(edit)
    assert differences(OBJECT, changed) == paths
    assert sorted(differences(changed, OBJECT)) == sorted(paths)
    assert semantically_equal(OBJECT, changed) is (not paths)


def test_the_order_of_a_list_counts_unless_its_owners_say_otherwise() -> None:
    """Routes with names, which nobody merges by key: the first match wins there, so order is meaning."""
    one: Manifest = {"spec": {"http": [{"name": "a", "to": 1}, {"name": "b", "to": 2}]}}
    two: Manifest = {"spec": {"http": [{"name": "b", "to": 2}, {"name": "a", "to": 1}]}}
    assert not semantically_equal(one, two)


def test_items_of_an_atomic_list_are_called_by_name_where_they_have_one() -> None:
    """The path is for a reader; the comparison goes by position."""
    one: Manifest = {"spec": {"http": [{"name": "a", "to": 1}, {"to": 2}]}}
    two: Manifest = {"spec": {"http": [{"name": "a", "to": 3}, {"to": 4}]}}
    assert differences(one, two) == ("spec.http[name=a].to", "spec.http[1].to")


def test_true_is_not_one() -> None:
    """JSON tells them apart, Python does not."""
    assert differences({"spec": {"on": True}}, {"spec": {"on": 1}}) == ("spec.on",)


def test_sets_are_compared_without_order() -> None:
    """The owners say that it is a set, so only its members count."""
    tree: dict[str, Any] = {"f:metadata": {"f:finalizers": {'v:"a"': {}}}}
    entry = {"manager": "x", "operation": "Update", "fieldsV1": tree}
    one = {"metadata": {"finalizers": ["a", "b"], "managedFields": [entry]}}
    assert semantically_equal(one, {"metadata": {"finalizers": ["b", "a"]}})
    assert differences(one, {"metadata": {"finalizers": ["b", "c"]}}) == ("metadata.finalizers",)


def test_items_with_the_same_key_are_compared_by_position() -> None:
    """Two ports of one number: they cannot be told apart by key, so they are not."""
    changed = edited(lambda m: web(m)["ports"].append({"containerPort": 8080, "protocol": "TCP", "name": "x"}))
    assert differences(OBJECT, changed) == ("spec.template.spec.containers[name=web].ports",)


def test_at_most_so_many_paths_are_named() -> None:
    """A ConfigMap with a thousand changed keys does not fill the log."""
    one: Manifest = {"data": {f"key{i}": "a" for i in range(1000)}}
    two: Manifest = {"data": {f"key{i}": "b" for i in range(1000)}}
    assert len(differences(one, two)) == MOST_PATHS


def test_a_deep_object_is_compared_all_the_same() -> None:
    """Nesting beyond any schema is compared as a whole from some level on."""

    def deep(value: int) -> Manifest:
        node: Any = value
        for _ in range(240):
            node = {"a": node}
        return {"spec": node}

    assert semantically_equal(deep(1), deep(1))
    (path,) = differences(deep(1), deep(2))
    assert path.startswith("spec.a.a.")
