"""How alerts reach services: real HTTP and SMTP servers, through the messenger's process."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from tests.fixtures import Clock
from tests.workers.alerts.conftest import APP, Mailbox, Teller, Webhook
from workers import sweep
from workers.alert import Kind
from workers.alerts import message, sending, services, telling
from workers.alerts.routes import CLUSTER
from workers.apps import App
from workers.context import Context
from workers.model import Ref
from workers.records.alerts import ASKED_AGAIN, Waiting

A = "a" * 40
WEB = Ref("apps", "Deployment", "shop", "web")


def named(name: str) -> App:
    """An app of another name."""
    return App(name, APP.url, ".", "main", "f", 1, cluster="test")


def drifted(context: Context, *names: str) -> None:
    """Tell of drift of so many apps."""
    for name in names:
        assert telling.drift_found(context, named(name), A, {WEB: ""})


def tick(teller: Teller) -> list[str]:
    """Send what is due, as tick and worker do; return what was due."""
    due = teller.context.records.alerts.due()
    for outbox in due:
        sending.send(teller.context, outbox)
    return due


def until(seen: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something is seen."""
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline
        threading.Event().wait(0.05)


def test_alerts_wait_for_each_other_and_go_out_as_one_message(teller: Teller, webhook: Webhook, clock: Clock) -> None:
    """After the target's seconds, and once: what was sent is taken out."""
    context = teller.targets(chat={"url": webhook.url, "group_seconds": 5})
    drifted(context, "a", "b")
    clock.forward(4.9)
    assert tick(teller) == []
    drifted(context, "c")
    clock.forward(0.2)
    assert tick(teller) == ["chat"]
    [taken] = webhook.messages
    assert (taken["title"], taken["type"]) == ("drift found: 3 apps", "warning")
    assert taken["message"].splitlines()[0] == "- a at aaaaaaa: differs from Git: Deployment shop/web"
    clock.forward(1000)
    assert tick(teller) == []
    assert context.records.alerts.standing("chat").sent > 0


def test_what_exceeds_the_rate_joins_the_next_message(teller: Teller, webhook: Webhook, clock: Clock) -> None:
    """Nothing is dropped, and a minute later the next one goes."""
    context = teller.targets(chat={"url": webhook.url, "group_seconds": 0, "most_per_minute": 2})
    for name in ("a", "b", "c"):
        drifted(context, name)
        tick(teller)
        clock.forward(1)
    drifted(context, "d")
    assert [one["title"] for one in webhook.messages] == ["drift found: a", "drift found: b"]
    clock.forward(56.9)
    assert tick(teller) == []
    clock.forward(0.2)
    assert tick(teller) == ["chat"]
    assert [one["title"] for one in webhook.messages[2:]] == ["drift found: 2 apps"]


def test_a_target_that_refuses_is_tried_again_ever_more_rarely(
    teller: Teller, webhook: Webhook, clock: Clock, capfd: pytest.CaptureFixture[str]
) -> None:
    """With all that came meanwhile; nothing of its URL is in a log, a record or an error."""
    context = teller.targets(chat={"url": webhook.url, "group_seconds": 0})
    webhook.status = 403
    drifted(context, "a")
    assert tick(teller) == ["chat"]
    standing = context.records.alerts.standing("chat")
    assert (standing.failures, standing.due, standing.waiting) == (1, clock() + sending.FIRST_PAUSE, 1)
    assert "403" in standing.error
    drifted(context, "b")
    webhook.status = 200
    assert tick(teller) == []
    clock.forward(sending.FIRST_PAUSE)
    assert tick(teller) == ["chat"]
    assert [one["title"] for one in webhook.messages] == ["drift found: 2 apps"]
    after = context.records.alerts.standing("chat")
    assert (after.failures, after.waiting) == (0, 0)
    assert context.records.counts.all()["alert_failures"] == {"chat": 1}
    said = "".join(capfd.readouterr()) + standing.error
    for secret in ("pass-word-1", "secret-path-2", "someone"):
        assert secret not in said


def test_the_pause_grows_and_ends_growing() -> None:
    """From five seconds to five minutes."""
    assert [sending.pause_after(count) for count in (1, 2, 3, 7, 100)] == [5, 10, 20, 300, 300]


def test_a_target_that_hangs_is_left_and_others_get_theirs(
    teller: Teller, webhook: Webhook, another: Webhook, clock: Clock
) -> None:
    """One that hangs, one where nobody listens, one that works: each on its own; no messenger stays behind."""
    context = teller.targets(
        hangs={"url": webhook.url, "group_seconds": 0},
        nobody={"url": "json://127.0.0.1:9/", "group_seconds": 0},
        works={"url": another.url, "group_seconds": 0},
    )
    webhook.hangs = True
    short = teller.made({"targets": context.settings.alerts.model_dump()["targets"], "timeout": 1})
    drifted(context, "a")
    thread = threading.Thread(target=sending.send, args=(short, "hangs"))
    thread.start()
    until(webhook.asked.is_set)
    for outbox in ("nobody", "works"):
        sending.send(context, outbox)
    thread.join(60)
    assert not thread.is_alive()
    assert [one["title"] for one in another.messages] == ["drift found: a"]
    alerts = context.records.alerts
    assert [alerts.standing(name).waiting for name in ("hangs", "nobody", "works")] == [1, 1, 0]
    assert [one.pid for one in psutil.Process().children() if "workers.alerts.messenger" in one.cmdline()] == []
    webhook.hangs = False
    webhook.let_go.set()
    clock.forward(sending.FIRST_PAUSE)
    assert sorted(tick(teller)) == ["hangs", "nobody"]
    assert [one["title"] for one in webhook.messages] == ["drift found: a"]


def test_a_messenger_that_hangs_anywhere_is_ended_by_the_kernel() -> None:
    """A service that trickles its answer resets every wait of the library; the process still ends in time."""
    said = message.compose(Waiting((), {Kind.DRIFT_FOUND: 1}))
    with Trickle() as port:
        error = sending.deliver(f"json://127.0.0.1:{port}/", said, 1.0)
    assert error == "the service did not take the message within 1 s"


class Trickle:
    """A server that answers one byte at a time, for ever."""

    def __enter__(self) -> int:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return int(self._socket.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        connection, _ = self._socket.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 200 OK\r\n")
            while not self._end.wait(0.1):
                try:
                    connection.sendall(b"x-more: x\r\n")
                except OSError:
                    return


def test_sending_holds_no_slot_and_a_second_target_waits_for_the_seat(
    teller: Teller, webhook: Webhook, another: Webhook, clock: Clock
) -> None:
    """The task returns while the target hangs; what found no seat is due with the next tick."""
    context = teller.targets(
        hangs={"url": webhook.url, "group_seconds": 0}, works={"url": another.url, "group_seconds": 0}
    )
    webhook.hangs = True
    drifted(context, "a")
    assert sorted(context.records.alerts.due()) == ["hangs", "works"]
    sending.start(context, "hangs")
    until(webhook.asked.is_set)
    sending.start(context, "works")
    assert context.records.alerts.due() == ["works"]
    webhook.let_go.set()
    until(lambda: not sending._seats[False].locked())
    sending.start(context, "works")
    until(lambda: bool(another.messages))
    until(lambda: not sending._seats[False].locked())


def test_a_worker_that_dies_before_it_says_so_has_lost_nothing(
    teller: Teller, webhook: Webhook, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message goes out again: told twice is better than never."""
    context = teller.targets(chat={"url": webhook.url, "group_seconds": 0})
    drifted(context, "a")

    def dies(*_: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(context.records.alerts, "taken", dies)
        with pytest.raises(SystemExit):
            tick(teller)
    assert tick(teller) == []
    clock.forward(ASKED_AGAIN)
    assert tick(teller) == ["chat"]
    assert len(webhook.messages) == 2


def test_what_is_told_while_a_message_is_under_way_is_sent_next(teller: Teller, webhook: Webhook, clock: Clock) -> None:
    """It is not taken out with what was sent."""
    context = teller.targets(chat={"url": webhook.url, "group_seconds": 3})
    alerts = context.records.alerts
    drifted(context, "a")
    sent = alerts.waiting("chat")
    drifted(context, "b")
    alerts.taken("chat", sent, clock() + 3)
    assert [alert.app for alert, _ in alerts.waiting("chat").alerts] == ["b"]
    assert alerts.standing("chat").due == clock() + 3


def test_a_message_that_came_twice_changes_nothing(teller: Teller, clock: Clock) -> None:
    """An empty outbox is not due any more, and nothing was sent."""
    context = teller.targets(chat={})
    drifted(context, "a")
    context.records.alerts.taken("chat", context.records.alerts.waiting("chat"), clock())
    clock.forward(60)
    sending.send(context, "chat")
    standing = context.records.alerts.standing("chat")
    assert (standing.sent, standing.due) == (clock() - 60, 0)


def test_an_error_nobody_foresaw_is_a_failure_like_any_other(
    teller: Teller, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    """It backs off, and says where to look."""
    context = teller.targets(chat={})
    drifted(context, "a")
    monkeypatch.setattr(sending, "deliver", lambda *_: 1 / 0)
    sending.send(context, "chat")
    standing = context.records.alerts.standing("chat")
    assert (standing.failures, standing.due) == (1, clock() + sending.FIRST_PAUSE)
    assert standing.error.startswith("internal error (ZeroDivisionError)")


def test_two_workers_never_send_to_one_target_at_once(teller: Teller, webhook: Webhook) -> None:
    """The lease says who does."""
    context = teller.targets(chat={"url": webhook.url})
    drifted(context, "a")
    assert context.records.leases.take("alert:chat", "somebody", 10)
    sending.send(context, "chat")
    assert (webhook.messages, context.records.alerts.standing("chat").waiting) == ([], 1)


def test_a_target_that_is_gone_is_forgotten(teller: Teller) -> None:
    """So is a cluster."""
    context = teller.targets(chat={})
    drifted(context, "a")
    context.records.alerts.tell(telling.made(APP, Kind.DRIFT_FOUND, "s", "t", 1.0, A, ()), {f"{CLUSTER}gone": 0}, 1)
    without = teller.made({})
    for outbox in ("chat", f"{CLUSTER}gone"):
        sending.send(without, outbox)
        assert not context.records.alerts.waiting(outbox)
        assert context.records.alerts.standing(outbox).due == 0


def test_a_mail_says_the_same(teller: Teller, mailbox: tuple[Mailbox, int]) -> None:
    """Subject and text, over SMTP: a failure and its recovery."""
    box, port = mailbox
    url = f"mailto://127.0.0.1:{port}/?mode=insecure&from=hookline@example.com&to=team@example.com"
    context = teller.targets(mail={"url": url, "group_seconds": 0})
    telling.degraded(context, APP, A, [WEB], "Deployment shop/web <b>is</b> down")
    telling.healthy_again(context, APP, A)
    assert tick(teller) == ["mail"]
    [mail] = box.mails
    assert "app degraded: shop; app healthy again: shop" in str(mail["subject"])
    body = mail.get_body(("plain", "html"))
    assert body is not None
    assert "shop at aaaaaaa (after 0 s): healthy again" in " ".join(body.get_content().split())


def test_the_tick_asks_for_what_is_due(teller: Teller, clock: Clock) -> None:
    """Once; again only when nothing came of it."""
    context = teller.targets(chat={"group_seconds": 0})
    drifted(context, "a")
    sweep.tick(context)
    sweep.tick(context)
    assert teller.counter.alerted == ["chat"]
    clock.forward(ASKED_AGAIN)
    sweep.tick(context)
    assert teller.counter.alerted == ["chat", "chat"]


def test_the_messenger_gets_no_secret_of_ours() -> None:
    """Only the way to the network."""
    ours = {"PATH": "/bin", "https_proxy": "p", "HTTP_PROXY": "q", "SSL_CERT_FILE": "c", "WEBHOOK_SECRET": "s"}
    assert sending.environment(ours | {"AWS_SECRET_ACCESS_KEY": "k", "REDIS_URL": "r"}) == {
        "PATH": "/bin",
        "https_proxy": "p",
        "HTTP_PROXY": "q",
        "SSL_CERT_FILE": "c",
    }
    assert "PATH" in sending.environment(os.environ)


@pytest.mark.parametrize("url", ["slck://ToKeN-1/x", "slack://ToKeN-1/x", "ToKeN-1", "", "json://"])
def test_a_url_that_is_none_is_said_without_it(url: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Not even by apprise's own log."""
    assert services.problem(url)
    assert "ToKeN-1" not in services.problem(url) + "".join(capfd.readouterr())
    assert services.problem("json://127.0.0.1/") == ""


def test_an_error_quotes_no_part_of_the_url() -> None:
    """Escaped or not."""
    url = "slack://To%2FKen/second-token/?key=third&to=a"
    text = "could not send to https://x/To/Ken/second-token third: error=403.\n"
    assert services.scrubbed(text, url) == "could not send to https://x/***/*** ***: error=403."
