"""Identity, order and digests of manifests."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.errors import BadDocument
from workers.manifests import (
    APPLY_ORDER,
    EVERYTHING_ELSE,
    OWNER_LABEL,
    apply_groups,
    canonical,
    duplicates,
    prune_order,
    ref_of,
    rendered_digest,
    with_owner,
)
from workers.model import Ref, Rendered


def manifest(version: Any = "v1", kind: Any = "ConfigMap", **metadata: Any) -> dict[str, Any]:
    """A manifest with nothing but its identity."""
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def ref(kind: str, name: str = "a", namespace: str = "") -> Ref:
    """A reference to ``Kind.group``."""
    short, _, group = kind.partition(".")
    return Ref(group, short, namespace, name)


def rendered(one: Ref, file: str = "a.yaml", line: int = 1) -> Rendered:
    """An object as a renderer gives it, its manifest left out."""
    return Rendered(one, {}, file, line)


@pytest.mark.parametrize(
    ("one", "namespaced", "expected"),
    [
        (manifest(name="a"), True, Ref("", "ConfigMap", "shop", "a")),
        (manifest(name="a", namespace="other"), True, Ref("", "ConfigMap", "other", "a")),
        (manifest(name="a", namespace=None), True, Ref("", "ConfigMap", "shop", "a")),
        (manifest("apps/v1", "Deployment", name="a"), True, Ref("apps", "Deployment", "shop", "a")),
        (manifest("v1", "Namespace", name="a"), False, Ref("", "Namespace", "", "a")),
        (manifest("v1", "Namespace", name="a", namespace="x"), False, Ref("", "Namespace", "", "a")),
        (
            manifest("rbac.authorization.k8s.io/v1", "ClusterRole", name="system:node"),
            False,
            Ref("rbac.authorization.k8s.io", "ClusterRole", "", "system:node"),
        ),
    ],
)
def test_identity(one: dict[str, Any], namespaced: bool, expected: Ref) -> None:
    """Group without version, kind, namespace where the kind has one, name."""
    assert ref_of(one, namespaced, "shop") == expected


@pytest.mark.parametrize(
    ("one", "message"),
    [
        ({}, "apiVersion: expected a version"),
        (manifest(1, name="a"), "apiVersion: expected a version"),
        (manifest("a/b/v1", name="a"), "apiVersion: expected a version"),
        (manifest("../v1", name="a"), "apiVersion: expected a version"),
        (manifest("v1\n", name="a"), "apiVersion: expected a version"),
        (manifest(kind=None, name="a"), "kind: expected the name of a kind"),
        (manifest(kind="Config Map", name="a"), "kind: expected the name of a kind"),
        ({"apiVersion": "v1", "kind": "ConfigMap"}, "ConfigMap: metadata: expected a mapping"),
        ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": "a"}, "ConfigMap: metadata: expected a mapping"),
        (manifest(), "ConfigMap: metadata.name: expected text"),
        (manifest(name=7), "ConfigMap: metadata.name: expected text"),
        (manifest(name="a/b"), "ConfigMap: metadata.name: expected text"),
        (manifest(name=".."), "ConfigMap: metadata.name: expected text"),
        (manifest(name="a%2fb"), "ConfigMap: metadata.name: expected text"),
        (manifest(name="a" * 254), "ConfigMap: metadata.name: expected text"),
        (manifest(generateName="a-"), "ConfigMap: metadata.generateName cannot be kept in sync"),
        (manifest(name="a", namespace="A_B"), "ConfigMap a: metadata.namespace: expected a DNS label"),
        (manifest(name="a", namespace="a/b"), "ConfigMap a: metadata.namespace: expected a DNS label"),
        (manifest(name="a", namespace=["x"]), "ConfigMap a: metadata.namespace: expected a DNS label"),
    ],
)
def test_an_object_without_an_identity_is_refused(one: dict[str, Any], message: str) -> None:
    """The message names file, line, object and field, and nothing gets near an API path."""
    with pytest.raises(BadDocument) as caught:
        ref_of(one, True, "shop", "web/a.yaml", 7)
    assert str(caught.value).startswith(f"web/a.yaml:7: {message}")
    assert (caught.value.file, caught.value.line) == ("web/a.yaml", 7)


def test_a_namespaced_object_needs_a_namespace_from_somewhere() -> None:
    """Neither the object nor the app names one."""
    with pytest.raises(BadDocument, match=r"ConfigMap a: metadata\.namespace is missing, and the app names no"):
        ref_of(manifest(name="a"), True, "")


IN_ORDER = [
    "Namespace",
    "CustomResourceDefinition.apiextensions.k8s.io",
    "ResourceQuota",
    "ServiceAccount",
    "Secret",
    "StorageClass.storage.k8s.io",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "ClusterRole.rbac.authorization.k8s.io",
    "RoleBinding.rbac.authorization.k8s.io",
    "Service",
    "Deployment.apps",
    "HorizontalPodAutoscaler.autoscaling",
    "Job.batch",
    "Ingress.networking.k8s.io",
    "APIService.apiregistration.k8s.io",
    "Certificate.cert-manager.io",
    "ValidatingAdmissionPolicy.admissionregistration.k8s.io",
    "ValidatingAdmissionPolicyBinding.admissionregistration.k8s.io",
    "ValidatingWebhookConfiguration.admissionregistration.k8s.io",
]


def test_groups_go_from_what_others_need_to_what_may_refuse_them() -> None:
    """One object of each rank, shuffled, comes out one by one in the order read aloud."""
    objects = [rendered(ref(kind)) for kind in IN_ORDER]
    random.Random(3).shuffle(objects)  # noqa: S311 - an order is no secret
    assert apply_groups(objects) == [[rendered(ref(kind))] for kind in IN_ORDER]


def test_equal_ranks_go_together_by_namespace_and_name() -> None:
    """Secrets and ConfigMaps are one group, sorted whatever their kind."""
    refs = [
        ref("Secret", "a", "x"),
        ref("ConfigMap", "b", "x"),
        ref("Secret", "b", "x"),
        ref("ConfigMap", "a", "y"),
    ]
    groups = apply_groups([rendered(one) for one in reversed(refs)])
    assert groups == [[rendered(one) for one in refs]]


def test_a_kind_of_a_foreign_group_is_not_taken_for_the_built_in_one() -> None:
    """Knative's Service goes with the other custom resources, after the Deployment."""
    foreign, workload = ref("Service.serving.knative.dev"), ref("Deployment.apps")
    assert apply_groups([rendered(foreign), rendered(workload)]) == [[rendered(workload)], [rendered(foreign)]]


def test_no_objects_are_no_groups() -> None:
    """An empty rendering is not one empty group."""
    assert apply_groups([]) == []


def test_every_kind_has_one_place() -> None:
    """The order says nothing twice, and has a place for kinds it does not name."""
    kinds = [kind for line in APPLY_ORDER for kind in line]
    assert len(kinds) == len(set(kinds))
    assert EVERYTHING_ELSE in kinds


REFS = st.builds(
    ref,
    st.sampled_from(
        [kind for line in APPLY_ORDER for kind in line if kind != EVERYTHING_ELSE] + ["Widget.example.com"]
    ),
    st.sampled_from(["a", "b"]),
    st.sampled_from(["", "x", "y"]),
)


@given(st.lists(REFS, unique=True, max_size=20), st.randoms(use_true_random=False))
def test_prune_is_the_exact_reverse(refs: list[Ref], rng: random.Random) -> None:
    """Whatever objects in whatever order: prune walks the way of apply backwards."""
    applied = [one.ref for group in apply_groups([rendered(one) for one in refs]) for one in group]
    rng.shuffle(refs)
    assert prune_order(refs) == applied[::-1]


def test_duplicates_names_both_origins() -> None:
    """The first pair in the order given, so that the error names the two places to look at."""
    one, two, three = (rendered(ref("ConfigMap", "a", "x"), file) for file in ("1.yaml", "2.yaml", "3.yaml"))
    other = rendered(ref("ConfigMap", "a", "y"), "4.yaml")
    assert duplicates([other, one, two, three]) == (one, two)
    assert duplicates([other, one]) is None


def test_the_owner_label_is_added_to_a_copy() -> None:
    """Other labels stay, and the rendered manifest stays as it was."""
    one = manifest(name="a", labels={"app": "web"})
    before = copy.deepcopy(one)
    assert with_owner(one, "applyset-x-v1")["metadata"] == {
        "name": "a",
        "labels": {"app": "web", OWNER_LABEL: "applyset-x-v1"},
    }
    assert one == before


@pytest.mark.parametrize("one", [{}, {"metadata": None}, {"metadata": {}}, {"metadata": {"labels": None}}])
def test_the_owner_label_needs_nothing_there(one: dict[str, Any]) -> None:
    """Missing or empty metadata and labels are made."""
    assert with_owner(one, "x")["metadata"]["labels"] == {OWNER_LABEL: "x"}


def test_the_owner_label_of_another_set_is_replaced() -> None:
    """Whose object it is was decided before; a label copied from another cluster must not decide it."""
    one = manifest(name="a", labels={OWNER_LABEL: "applyset-other-v1"})
    assert with_owner(one, "applyset-x-v1")["metadata"]["labels"] == {OWNER_LABEL: "applyset-x-v1"}


@pytest.mark.parametrize(
    ("one", "message"),
    [
        ({"metadata": []}, "metadata: expected a mapping, not list"),
        ({"metadata": {"labels": "a=b"}}, "metadata.labels: expected a mapping, not str"),
    ],
)
def test_labels_that_are_no_mapping_are_refused(one: dict[str, Any], message: str) -> None:
    """The message names the field."""
    with pytest.raises(BadDocument, match=message):
        with_owner(one, "x")


def test_the_digest_of_a_rendering() -> None:
    """Keys may come in any order, lists may not, and every value counts."""
    one = rendered_digest({"a": 1, "b": [1, 2]})
    assert len(one) == 64
    assert rendered_digest({"b": [1, 2], "a": 1}) == one
    others: list[dict[str, Any]] = [
        {"a": 1, "b": [2, 1]},
        {"a": "1", "b": [1, 2]},
        {"a": True, "b": [1, 2]},
        {"b": [1, 2]},
    ]
    assert one not in {rendered_digest(other) for other in others}


@pytest.mark.parametrize("value", [2**70, "\ud800", float("inf")])
def test_values_beyond_strict_json_have_a_digest_too(value: Any) -> None:
    """A number over 64 bits or half a character is hashed, not refused."""
    assert rendered_digest({"a": value, "b": 1}) == rendered_digest({"b": 1, "a": value})
    assert rendered_digest({"a": value}) != rendered_digest({"a": 1})


def test_absurd_nesting_is_refused_in_words() -> None:
    """A hundred thousand levels are an error of the author, not a crash."""
    node: Any = 1
    for _ in range(100_000):
        node = [node]
    with pytest.raises(BadDocument, match="nested too deeply"):
        canonical(node)
