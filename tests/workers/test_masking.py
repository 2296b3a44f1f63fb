"""No secret value is in what ``masked`` and ``change_fields`` give out, wherever it was hidden."""

from __future__ import annotations

import copy
import json
from base64 import b64encode
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from workers.masking import MASK, change_fields, masked

PASSWORD = "correct-horse-battery"
ENCODED = b64encode(PASSWORD.encode()).decode()
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def secret(**more: Any) -> dict[str, Any]:
    """A Secret with one password in it; ``more`` replaces or adds top-level fields."""
    metadata = {"name": "db", "namespace": "shop", "labels": {"app": "db"}}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"password": ENCODED}, **more}


def annotated(text: str, name: str = LAST_APPLIED, **more: Any) -> dict[str, Any]:
    """The same Secret with one annotation."""
    return secret(metadata={"name": "db", "annotations": {name: text}}, **more)


HIDDEN: dict[str, dict[str, Any]] = {
    "data": secret(),
    "stringData": secret(data=None, stringData={"password": PASSWORD}),
    "kind in lower case": secret(kind="secret"),
    "kind in upper case, version too": secret(kind="SECRET", apiVersion="V1"),
    "kind with spaces": secret(kind=" Secret\n"),
    "kind in full-width letters": secret(kind="\uff33\uff45\uff43\uff52\uff45\uff54"),
    "version of another group": secret(apiVersion="vault.example.com/v1"),
    "no version": secret(apiVersion=None),
    "misspelt field": secret(data=None, stringdata={"password": PASSWORD}),
    "field in another case": secret(data=None, Data={"password": ENCODED}),
    "data as text": secret(data=PASSWORD),
    "data as a list": secret(data=[PASSWORD]),
    "data in layers": secret(data={"a": {"b": [PASSWORD]}}),
    "type that is a mapping": secret(type={"password": PASSWORD}),
    "annotations that are a list": secret(metadata={"name": "db", "annotations": [PASSWORD]}),
    "metadata that is text": secret(metadata=PASSWORD),
    "last applied": annotated(json.dumps(secret())),
    "last applied, value since changed": annotated(json.dumps(secret()), data={"password": "eA=="}),
    "last applied with spaces in front": annotated("\n  " + json.dumps(secret())),
    "another annotation": annotated(json.dumps(secret()), "example.com/original"),
    "annotation without a kind": annotated(json.dumps({"data": {"password": ENCODED}}), data={}),
    "annotation with a kind in lower case": annotated(json.dumps(secret(kind="secret")), data={}),
    "annotation in an annotation": annotated(json.dumps(annotated(json.dumps(secret()))), data={}),
    "list in an annotation": annotated(json.dumps([secret(), {"stringData": {"a": PASSWORD}}]), data={}),
    "broken JSON in an annotation": annotated(json.dumps(secret())[:-2], data={}),
    "YAML in an annotation": annotated(yaml.safe_dump(secret()), "example.com/original", data={}),
    "the value itself in an annotation": annotated(f"password is {PASSWORD}", "example.com/note"),
    "the encoded value in an annotation": annotated(f"password is {ENCODED}", "example.com/note"),
    "annotation that is a mapping": secret(metadata={"annotations": {"a": {"b": PASSWORD}}}),
    "in a List": {"apiVersion": "v1", "kind": "List", "items": [secret()]},
    "in a SecretList, whose items have no kind": {
        "apiVersion": "v1",
        "kind": "SecretList",
        "items": [{"metadata": {"name": "db"}, "data": {"password": ENCODED}}],
    },
    "in another object": {
        "apiVersion": "kubernetes.crossplane.io/v1alpha2",
        "kind": "Object",
        "spec": {"forProvider": {"manifest": secret()}},
    },
    "annotation of another object": {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"annotations": {"example.com/secret": json.dumps(secret())}},
    },
    "broken annotation of another object": {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"annotations": {"example.com/secret": json.dumps(secret())[:-2]}},
    },
}


@pytest.mark.parametrize("manifest", HIDDEN.values(), ids=list(HIDDEN))
def test_a_secret_value_is_masked_wherever_it_is(manifest: dict[str, Any]) -> None:
    """The value is in the object, encoded or not; it is in no part of the copy; the object is untouched."""
    before = copy.deepcopy(manifest)
    original, shown = (json.dumps(one, ensure_ascii=False) for one in (manifest, masked(manifest)))
    assert PASSWORD in original or ENCODED in original
    assert PASSWORD not in shown
    assert ENCODED not in shown
    assert MASK in shown
    assert manifest == before


def test_names_stay_and_values_go() -> None:
    """What a reader needs is left: which Secret, which keys, which labels."""
    wanted = secret(data={"password": MASK}, type="Opaque", immutable=True)
    assert masked(secret(type="Opaque", immutable=True)) == wanted


def test_the_rest_of_a_masked_annotation_stays() -> None:
    """Only the values inside the embedded JSON are replaced."""
    shown = masked(annotated(json.dumps(secret())))
    assert json.loads(shown["metadata"]["annotations"][LAST_APPLIED]) == secret(data={"password": MASK})


UNMASKED: dict[str, dict[str, Any]] = {
    "ConfigMap": {"apiVersion": "v1", "kind": "ConfigMap", "data": {"password": PASSWORD}},
    "reference to a Secret": {"spec": {"ref": {"kind": "Secret", "name": "db", "key": "password"}}},
    "ordinary annotations": {
        "kind": "Deployment",
        "metadata": {"annotations": {"a": "{not json", "b": "[]", "c": '{"data": {"x": 1}}', "d": "text"}},
    },
    "harmless annotation of a Secret": annotated("team-a", "example.com/owner", data={}),
    "JSON annotation of a Secret without data": annotated('{"team": "a"}', "example.com/owner", data={}),
}


@pytest.mark.parametrize("manifest", UNMASKED.values(), ids=list(UNMASKED))
def test_what_is_no_secret_stays(manifest: dict[str, Any]) -> None:
    """Masking changes nothing where no secret is."""
    assert masked(manifest) == manifest


@pytest.mark.parametrize(
    ("wanted", "paths"),
    [
        (secret(), ()),
        (secret(data={"password": "b3RoZXI="}), ("data.password",)),
        (secret(data={"password": ENCODED, "tls.crt": "eA=="}), ("data[tls.crt]",)),
        (secret(data={}), ("data.password",)),
        (secret(data=PASSWORD), ("data",)),
        (secret(data=[{"name": PASSWORD}]), ("data",)),
        (secret(stringData={"password": PASSWORD}), ("stringData",)),
        (secret(kind="secret", data={"password": "eA=="}), ("kind", "data.password")),
        (secret(metadata={"name": "db"}), ("metadata.labels", "metadata.namespace")),
        (secret(status={"a": PASSWORD}), ()),
    ],
)
def test_changes_of_a_secret_are_named_by_key(wanted: dict[str, Any], paths: tuple[str, ...]) -> None:
    """Paths end at the key; no value is in them, whatever shape the data has."""
    assert change_fields(secret(), wanted) == paths
    assert PASSWORD not in str(change_fields(wanted, secret()))


def test_changes_of_other_objects_are_named_in_full() -> None:
    """ConfigMaps and all else have ordinary paths."""
    one = {"kind": "ConfigMap", "data": {"a": "1"}, "spec": {"b": 1}}
    two = {"kind": "ConfigMap", "data": {"a": "2"}, "spec": {"b": 2}}
    assert change_fields(one, two) == ("data.a", "spec.b")


def test_nesting_without_end_is_masked_unread() -> None:
    """Below 64 levels nobody looks, so nothing is shown."""
    node: Any = PASSWORD
    for _ in range(300):
        node = {"a": node}
    assert PASSWORD not in json.dumps(masked({"kind": "Widget", "spec": node}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(PASSWORD) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "data", "metadata", "kind", "annotations"]), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(data=JSON, extra=JSON, annotations=JSON)
def test_no_shape_of_a_secret_leaks_or_fails(data: Any, extra: Any, annotations: Any) -> None:
    """Whatever JSON stands in a Secret's data, in an unknown field or in its annotations."""
    manifest = secret(metadata={"name": "db", "annotations": annotations}, data=data, extra=extra)
    manifest["stringData"] = {"password": PASSWORD}
    assert PASSWORD not in json.dumps(masked(manifest))
