"""The stream of events, and the many ways it ends."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from deploy.local.control_plane import ControlPlane
from tests.workers.kube.conftest import CONFIG_MAPS, Reply, Scripted, status
from workers.errors import ClusterUnreachable
from workers.kube import Client, Expired, Unanswered, watching

ADDED = b'{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n'
GONE = b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}\n'


def config_map(namespace: str, name: str, **data: str) -> dict[str, Any]:
    """Return a ConfigMap that the watches below select."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, "labels": {"watched": namespace}},
        "data": data,
    }


def test_events_come_as_things_happen(cluster: ControlPlane, namespace: str) -> None:
    """From where the list ended, and only for the selector; the watch ends by itself after its time."""
    client = Client.from_kubeconfig(cluster.kubeconfig, None)
    selector = f"watched={namespace}"
    client.apply(config_map(namespace, "before"), force=False)
    listing = client.list(CONFIG_MAPS, selector)
    with client.watch(CONFIG_MAPS, selector, listing.resource_version, 5) as events:
        client.apply(config_map(namespace, "web", a="1"), force=False)
        client.apply(config_map(namespace, "web", a="2"), force=False)
        client.delete(CONFIG_MAPS, namespace, "web", "Background")

        seen = [(event.type, event.object["metadata"]["name"]) for event in events if event.type != "BOOKMARK"]

    assert [item["metadata"]["name"] for item in listing.items] == ["before"]
    assert seen == [("ADDED", "web"), ("MODIFIED", "web"), ("DELETED", "web")]


def test_a_quiet_watch_of_the_real_api_server_ends_in_time(cluster: ControlPlane, namespace: str) -> None:
    client = Client.from_kubeconfig(cluster.kubeconfig, None)
    version = client.list(CONFIG_MAPS, f"watched={namespace}").resource_version

    with client.watch(CONFIG_MAPS, f"watched={namespace}", version, 1) as events:
        assert {event.type for event in events} <= {"BOOKMARK"}


def test_a_bookmark_brings_the_resource_version(server: Scripted, scripted_client: Client) -> None:
    bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "77"}}}
    server.replies = [Reply(200, ADDED + b"\n" + json.dumps(bookmark).encode() + b"\n")]

    events = list(scripted_client.watch(CONFIG_MAPS, "a=b", "5", 9))

    assert [event.type for event in events] == ["ADDED", "BOOKMARK"]
    assert events[1].object["metadata"]["resourceVersion"] == "77"
    assert server.asked[0].query == {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "resourceVersion": "5",
        "timeoutSeconds": "9",
        "labelSelector": "a=b",
    }


@pytest.mark.parametrize("reply", [Reply(200, ADDED + GONE), status(410, "too old", reason="Expired")])
def test_a_resource_version_that_is_too_old_is_expired(server: Scripted, scripted_client: Client, reply: Reply) -> None:
    """Said at once by the status, or later by an event."""
    server.replies = [reply]

    with pytest.raises(Expired):
        list(scripted_client.watch(CONFIG_MAPS, "", "1", 5))


@pytest.mark.parametrize("rest", [b"<html>\n", b'{"type":"ADDED"}\n', b"[]\n", b"7\n"])
def test_what_is_no_event_ends_the_watch(server: Scripted, scripted_client: Client, rest: bytes) -> None:
    server.replies = [Reply(200, ADDED + rest)]
    events = scripted_client.watch(CONFIG_MAPS, "", "1", 5)

    assert next(events).type == "ADDED"
    with pytest.raises(ClusterUnreachable):
        next(events)


def test_a_stream_that_breaks_off_is_told_from_one_that_ends(server: Scripted, scripted_client: Client) -> None:
    server.replies = [
        Reply(200, ADDED, {"Transfer-Encoding": "chunked"})
    ]  # and no chunk follows: the framing is broken

    with pytest.raises(ClusterUnreachable):
        list(scripted_client.watch(CONFIG_MAPS, "", "1", 5))


def test_a_server_that_falls_silent_does_not_hold_us(
    server: Scripted, scripted_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.kube.client.GRACE_SECONDS", 1.5)
    hold = threading.Event()
    server.replies = [Reply(200, ADDED, hold=hold)]
    events = scripted_client.watch(CONFIG_MAPS, "", "1", 0)

    assert next(events).type == "ADDED"
    with pytest.raises(Unanswered, match="broke"):
        next(events)
    hold.set()


def test_a_server_that_never_ends_is_hung_up_on(
    server: Scripted, scripted_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the time asked for and some grace, even when events go on."""
    monkeypatch.setattr(watching, "GRACE_SECONDS", -1.0)
    server.replies = [Reply(200, ADDED * 3)]

    assert list(scripted_client.watch(CONFIG_MAPS, "", "1", 0)) == []


def test_another_thread_can_end_a_watch_that_waits(server: Scripted, scripted_client: Client) -> None:
    hold = threading.Event()
    server.replies = [Reply(200, ADDED, hold=hold)]
    events = scripted_client.watch(CONFIG_MAPS, "", "1", 60)
    first, seen = threading.Event(), []

    def read() -> None:
        for event in events:
            seen.append(event.type)
            first.set()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    assert first.wait(60)
    events.close()
    reader.join(60)
    hold.set()

    assert not reader.is_alive()
    assert seen == ["ADDED"]


def test_a_closed_watch_brings_nothing_more_and_can_be_closed_again(server: Scripted, scripted_client: Client) -> None:
    server.replies = [Reply(200, ADDED * 3)]
    with scripted_client.watch(CONFIG_MAPS, "", "1", 5) as events:
        assert next(events).type == "ADDED"
    events.close()

    assert list(events) == []
    assert scripted_client.get(CONFIG_MAPS, "a", "b") == {}
