"""The verbs against a real API server."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from deploy.local.control_plane import ControlPlane
from tests.workers.kube.conftest import CONFIG_MAPS, Kubeconfig, Reply, Scripted, status
from workers.errors import AccessDenied, ClusterUnreachable, ObjectConflict, ObjectRefused
from workers.kube import Client, Expired, ImmutableField, Resource, StaleObject, UnknownKind
from workers.kube.asking import document
from workers.kube.sentences import About
from workers.model import Manifest


@pytest.fixture
def client(cluster: ControlPlane) -> Client:
    """A client with all rights."""
    return Client.from_kubeconfig(cluster.kubeconfig, None)


def config_map(namespace: str, name: str = "web", **data: str) -> Manifest:
    """Return a ConfigMap."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, "labels": {"in": namespace}},
        "data": data,
    }


def deployment(namespace: str, **spec: Any) -> Manifest:
    """Return a Deployment."""
    container = {"name": "web", "image": "web:1"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}},
            **spec,
        },
    }


def test_an_apply_creates_then_changes_then_leaves_alone_in_one_request_each(client: Client, namespace: str) -> None:
    client.resource("", "ConfigMap")
    before = client.requests
    first = client.apply(config_map(namespace, a="1"), force=False)
    second = client.apply(config_map(namespace, a="2"), force=False)
    third = client.apply(config_map(namespace, a="2"), force=False)

    assert [one.created for one in (first, second, third)] == [True, False, False]
    assert second.manifest["data"] == {"a": "2"}
    assert second.manifest["metadata"]["resourceVersion"] == third.manifest["metadata"]["resourceVersion"]
    assert [entry["manager"] for entry in first.manifest["metadata"]["managedFields"]] == ["hookline"]
    assert client.requests - before == 3


def test_a_field_of_another_manager_is_a_conflict_unless_forced(client: Client, namespace: str) -> None:
    client.apply(deployment(namespace), force=False)
    client.apply(deployment(namespace, replicas=5), force=True, manager="autoscaler")

    with pytest.raises(ObjectConflict, match=r"autoscaler owns spec\.replicas") as caught:
        client.apply(deployment(namespace, replicas=2), force=False)

    assert caught.value.managers == {"autoscaler": ("spec.replicas",)}
    assert client.apply(deployment(namespace, replicas=2), force=True).manifest["spec"]["replicas"] == 2


@pytest.mark.parametrize(
    ("spec", "field"),
    [({"replicsa": 2}, "spec.replicsa"), ({"replicas": "two"}, "spec.replicas"), ({"replicas": -1}, "spec.replicas")],
)
def test_a_refused_field_is_named(client: Client, namespace: str, spec: dict[str, Any], field: str) -> None:
    """Misspelt, of the wrong type, out of range; none is tried twice."""
    client.resource("apps", "Deployment")
    before = client.requests

    with pytest.raises(ObjectRefused, match=f"Deployment {namespace}/web was refused: {field}: ") as caught:
        client.apply(deployment(namespace, **spec), force=False)

    assert caught.value.field == field
    assert client.requests - before == 1


def test_a_field_that_cannot_change_is_named(client: Client, namespace: str) -> None:
    client.apply(deployment(namespace), force=False)
    other = deployment(namespace, selector={"matchLabels": {"app": "other"}})
    other["spec"]["template"]["metadata"]["labels"] = {"app": "other"}

    with pytest.raises(ImmutableField, match=r"spec\.selector cannot change once set"):
        client.apply(other, force=True)


def test_a_missing_namespace_is_named(client: Client) -> None:
    with pytest.raises(ObjectRefused, match='namespace "nowhere" does not exist'):
        client.apply(config_map("nowhere"), force=False)


def test_what_is_not_there_is_none_and_not_deleted(client: Client, namespace: str) -> None:
    assert client.get(CONFIG_MAPS, namespace, "web") is None
    assert client.get(CONFIG_MAPS, "nowhere", "web") is None
    assert client.delete(CONFIG_MAPS, namespace, "web") is False


def test_a_list_holds_every_page_with_its_type(client: Client, namespace: str) -> None:
    for number in range(7):
        client.apply(config_map(namespace, f"web-{number}"), force=False)
    before = client.requests

    listing = client.list(CONFIG_MAPS, f"in={namespace}", limit=3)

    assert [item["metadata"]["name"] for item in listing.items] == [f"web-{number}" for number in range(7)]
    assert {(item["apiVersion"], item["kind"]) for item in listing.items} == {("v1", "ConfigMap")}
    assert listing.resource_version
    assert client.requests - before == 3
    assert len(client.list(CONFIG_MAPS, f"in={namespace}").items) == 7
    assert client.list(CONFIG_MAPS, f"in={namespace}", "default").items == []


def test_a_list_whose_pages_grew_too_old_begins_anew(server: Scripted, scripted_client: Client) -> None:
    def page(names: str, more: str = "") -> Reply:
        items = ",".join(f'{{"metadata":{{"name":"{name}"}}}}' for name in names)
        return Reply(200, f'{{"items":[{items}],"metadata":{{"continue":"{more}","resourceVersion":"9"}}}}'.encode())

    server.replies = [page("ab", "next"), status(410, "too old", reason="Expired"), page("xy", "more"), page("z")]

    listing = scripted_client.list(CONFIG_MAPS)

    assert [item["metadata"]["name"] for item in listing.items] == ["x", "y", "z"]
    assert [asked.query.get("continue") for asked in server.asked] == [None, "next", None, "more"]


def test_a_list_that_always_grows_too_old_gives_up(server: Scripted, scripted_client: Client) -> None:
    server.replies = [status(410, "too old", reason="Expired") for _ in range(9)]

    with pytest.raises(Expired):
        scripted_client.list(CONFIG_MAPS)

    assert len(server.asked) == 3


def test_a_replace_needs_the_version_it_saw(client: Client, namespace: str) -> None:
    stored = client.create(config_map(namespace, a="1"))
    changed = client.replace({**stored, "data": {"a": "2"}})

    assert changed["data"] == {"a": "2"}
    with pytest.raises(StaleObject, match="was changed"):
        client.replace({**stored, "data": {"a": "3"}})
    with pytest.raises(ValueError, match="resourceVersion"):
        client.replace(config_map(namespace, a="4"))


def test_what_is_there_cannot_be_created_and_what_is_gone_not_replaced(client: Client, namespace: str) -> None:
    stored = client.create(config_map(namespace))

    with pytest.raises(StaleObject, match="exists already"):
        client.create(config_map(namespace))
    client.delete(CONFIG_MAPS, namespace, "web", "Background")
    with pytest.raises(StaleObject):
        client.replace(stored)


def test_a_delete_takes_only_the_object_of_the_uid(client: Client, namespace: str) -> None:
    uid = client.create(config_map(namespace))["metadata"]["uid"]

    with pytest.raises(StaleObject):
        client.delete(CONFIG_MAPS, namespace, "web", "Background", uid=str(uuid.uuid4()))

    assert client.get(CONFIG_MAPS, namespace, "web") is not None
    assert client.delete(CONFIG_MAPS, namespace, "web", "background", uid=uid) is True
    assert client.get(CONFIG_MAPS, namespace, "web") is None


def test_the_propagation_asked_for_reaches_the_api_server(client: Client, namespace: str) -> None:
    """Foreground, the default, keeps the object until its dependents are gone; one here holds out."""
    stored = client.create(config_map(namespace))
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "web", "uid": stored["metadata"]["uid"]}
    child = config_map(namespace, "child")
    child["metadata"]["ownerReferences"] = [{**owner, "blockOwnerDeletion": True}]
    child["metadata"]["finalizers"] = ["example.com/hold"]
    client.apply(child, force=False)

    client.delete(CONFIG_MAPS, namespace, "web")

    held = client.get(CONFIG_MAPS, namespace, "web")
    child["metadata"]["finalizers"] = []
    client.apply(child, force=False)
    assert held is not None
    assert held["metadata"]["finalizers"] == ["foregroundDeletion"]


class TestDry:
    """A dry client changes nothing, by no verb."""

    @pytest.fixture
    def dry(self, client: Client) -> Client:
        """A dry client over the same connections."""
        return client.dry()

    @pytest.fixture
    def before(self, client: Client, namespace: str) -> Manifest:
        """An object that must stay as it is."""
        return client.create(config_map(namespace, a="1"))

    def now(self, client: Client, namespace: str) -> Manifest | None:
        """Return the object as it is."""
        return client.get(CONFIG_MAPS, namespace, "web")

    def test_an_apply_answers_as_if_and_changes_nothing(
        self, client: Client, dry: Client, namespace: str, before: Manifest
    ) -> None:
        assert dry.apply(config_map(namespace, a="2"), force=True).manifest["data"] == {"a": "2"}
        assert self.now(client, namespace) == before

    def test_an_apply_of_something_new_creates_nothing(self, client: Client, dry: Client, namespace: str) -> None:
        assert dry.apply(config_map(namespace), force=False).created
        assert self.now(client, namespace) is None

    def test_a_create_creates_nothing(self, client: Client, dry: Client, namespace: str) -> None:
        assert dry.create(config_map(namespace))["metadata"]["uid"]
        assert self.now(client, namespace) is None

    def test_a_replace_replaces_nothing(self, client: Client, dry: Client, namespace: str, before: Manifest) -> None:
        assert dry.replace({**before, "data": {"a": "2"}})["data"] == {"a": "2"}
        assert self.now(client, namespace) == before

    @pytest.mark.parametrize("propagation", ["Foreground", "Background", "Orphan"])
    @pytest.mark.parametrize("with_uid", [True, False])
    def test_a_delete_deletes_nothing(
        self, client: Client, dry: Client, namespace: str, before: Manifest, propagation: str, with_uid: bool
    ) -> None:
        """The API server ignores a DELETE's query when it has a body."""
        uid = before["metadata"]["uid"] if with_uid else ""
        assert dry.delete(CONFIG_MAPS, namespace, "web", propagation, uid) is True
        assert self.now(client, namespace) == before

    def test_every_write_says_so_on_the_wire(self, server: Scripted, scripted_client: Client) -> None:
        dry = scripted_client.dry()
        stored = {**config_map("a"), "metadata": {"name": "web", "namespace": "a", "resourceVersion": "1"}}
        dry.apply(config_map("a"), force=True)
        dry.create(config_map("a"))
        dry.replace(stored)
        dry.delete(CONFIG_MAPS, "a", "web", uid="1")
        dry.dry().delete(CONFIG_MAPS, "a", "web")

        assert [asked.method for asked in server.writes] == ["PATCH", "POST", "PUT", "DELETE", "DELETE"]
        assert {asked.query["dryRun"] for asked in server.writes} == {"All"}
        assert [asked.json.get("dryRun") for asked in server.writes[-2:]] == [["All"], ["All"]]

    def test_it_cannot_be_made_wet_and_shares_the_count(self, client: Client, dry: Client, namespace: str) -> None:
        assert dry.dry_run
        assert not client.dry_run
        with pytest.raises(AttributeError):
            dry.dry_run = False  # type: ignore[misc]
        dry.get(CONFIG_MAPS, namespace, "web")
        assert dry.requests == client.requests


def test_hostile_names_reach_no_other_object(server: Scripted, scripted_client: Client) -> None:
    """They are refused before anything is sent."""
    for name in ("", "..", "../secrets/x", "a/b", "web?force=true/"):
        with pytest.raises(ObjectRefused):
            scripted_client.apply(config_map("a", name), force=False)
        with pytest.raises(ObjectRefused):
            scripted_client.delete(CONFIG_MAPS, "a", name)
        with pytest.raises(ObjectRefused):
            scripted_client.get(CONFIG_MAPS, name, "web")

    assert server.asked == []


def test_a_query_in_a_name_stays_in_the_name(server: Scripted, scripted_client: Client) -> None:
    scripted_client.dry().delete(CONFIG_MAPS, "a", "web?dryRun=None&x=#y")

    assert server.asked[0].path == "/api/v1/namespaces/a/configmaps/web%3FdryRun%3DNone%26x%3D%23y"
    assert server.asked[0].query == {"dryRun": "All"}


@pytest.mark.parametrize("broken", [{}, {"kind": "ConfigMap"}, {"apiVersion": 1, "kind": "A", "metadata": {}}])
def test_a_manifest_without_identity_is_refused(scripted_client: Client, broken: Manifest) -> None:
    with pytest.raises(ObjectRefused, match="without apiVersion, kind or metadata"):
        scripted_client.apply(broken, force=False)


def test_kinds_are_found_in_the_preferred_version_with_two_requests(cluster: ControlPlane) -> None:
    client = Client.from_kubeconfig(cluster.kubeconfig, None)

    assert client.resource("apps", "Deployment").path("a", "b") == "/apis/apps/v1/namespaces/a/deployments/b"
    assert not client.resource("", "Namespace").namespaced
    assert client.resource("autoscaling", "HorizontalPodAutoscaler").version == "v2"
    assert client.resource("autoscaling", "HorizontalPodAutoscaler", "v1").version == "v1"
    assert "patch" in client.resource("", "ConfigMap").verbs
    assert client.requests == 2


def test_a_kind_nobody_serves_says_so(client: Client) -> None:
    with pytest.raises(UnknownKind, match=r"example\.com/v1/Nothing: is its CRD installed\?"):
        client.resource("example.com", "Nothing", "v1")
    with pytest.raises(UnknownKind):
        client.resource("apps", "Deployment", "v1beta1")


def test_a_kind_that_comes_later_is_found_then(client: Client) -> None:
    """Its CRD is applied by the same client, which had asked before."""
    name = f"k{uuid.uuid4().hex[:8]}"
    with pytest.raises(UnknownKind):
        client.resource(f"{name}.io", "Widget")
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}}
    definition: Manifest = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{name}.io"},
        "spec": {
            "group": f"{name}.io",
            "scope": "Cluster",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }
    client.apply(definition, force=False)

    found = awaited(client, f"{name}.io", "Widget")
    definitions = client.resource("apiextensions.k8s.io", "CustomResourceDefinition")
    client.delete(definitions, "", f"widgets.{name}.io", "Background")

    assert found.path("", "a") == f"/apis/{name}.io/v1/widgets/a"


def awaited(client: Client, group: str, kind: str) -> Resource:
    """Return the kind once it is served; each question waits for the time between two refreshes."""
    for _ in range(60):
        try:
            return client.resource(group, kind)
        except UnknownKind:
            continue
    return client.resource(group, kind)


def test_a_group_whose_server_is_down_is_not_taken_for_a_missing_kind(
    server: Scripted, scripted_client: Client
) -> None:
    """What is unknown for a moment must not be forgotten or pruned."""
    server.discovered["/apis"] = (
        b'{"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":"down.io"},'
        b'"versions":[{"version":"v1","freshness":"Stale"}]}]}'
    )

    with pytest.raises(ClusterUnreachable, match=r"down\.io does not answer"):
        scripted_client.resource("down.io", "Widget")
    with pytest.raises(UnknownKind):
        scripted_client.resource("up.io", "Widget")


def test_a_path_that_is_gone_makes_us_ask_again_what_is_served(server: Scripted, scripted_client: Client) -> None:
    scripted_client.resource("", "ConfigMap")
    server.replies = [Reply(404, b"404 page not found\n")]
    with pytest.raises(UnknownKind):
        scripted_client.list(CONFIG_MAPS)
    before = scripted_client.requests

    scripted_client.resource("", "ConfigMap")

    assert scripted_client.requests - before == 2


@pytest.fixture
def limited(client: Client, namespace: str, cluster: ControlPlane, kubeconfig: Kubeconfig) -> Client:
    """A client of a service account that may read ConfigMaps of its namespace and nothing else."""
    account: Manifest = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "few", "namespace": namespace},
    }
    rbac = "rbac.authorization.k8s.io"
    role: Manifest = {
        "apiVersion": f"{rbac}/v1",
        "kind": "Role",
        "metadata": {"name": "few", "namespace": namespace},
        "rules": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}],
    }
    binding: Manifest = {
        "apiVersion": f"{rbac}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "few", "namespace": namespace},
        "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "few"},
        "subjects": [{"kind": "ServiceAccount", "name": "few", "namespace": namespace}],
    }
    for one in (account, role, binding):
        client.apply(one, force=False)
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    path = client.resource("", "ServiceAccount").path(namespace, "few") + "/token"
    line = client._asker.connection._line.loaded
    about = About("create", "TokenRequest", namespace, "few")
    token = document(client._asker.ask("POST", path, about, {}, request), about)
    user = {"token": token["status"]["token"]}
    authority = {"certificate-authority": str(line.ssl_ca_cert)} if line.ssl_ca_cert else {}
    return Client.from_kubeconfig(kubeconfig(line.host, user, **authority), None)


def test_rights_that_are_missing_are_named_by_the_real_api_server(limited: Client, namespace: str) -> None:
    assert limited.get(CONFIG_MAPS, namespace, "web") is None

    for action, words in (
        (
            lambda: limited.apply(config_map(namespace), force=False),
            f"cannot patch configmaps in namespace {namespace}",
        ),
        (lambda: limited.create(config_map(namespace)), f"cannot create configmaps in namespace {namespace}"),
        (lambda: limited.delete(CONFIG_MAPS, namespace, "web"), f"cannot delete configmaps in namespace {namespace}"),
        (lambda: limited.list(CONFIG_MAPS), "cannot list configmaps in the whole cluster"),
        (lambda: limited.watch(CONFIG_MAPS, "", "0", 1), "cannot watch configmaps in the whole cluster"),
    ):
        with pytest.raises(AccessDenied, match=words) as caught:
            action()
        assert f"system:serviceaccount:{namespace}:few" in str(caught.value)


def test_a_token_the_real_api_server_does_not_know_is_the_operators(
    client: Client, namespace: str, kubeconfig: Kubeconfig
) -> None:
    line = client._asker.connection._line.loaded
    path: Path = kubeconfig(line.host, {"token": "wrong"}, **{"certificate-authority": str(line.ssl_ca_cert)})

    with pytest.raises(AccessDenied, match="does not accept our credentials"):
        Client.from_kubeconfig(path, None).get(CONFIG_MAPS, namespace, "web")
