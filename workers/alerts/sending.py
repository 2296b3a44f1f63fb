"""Empties outboxes: one message for all that waits, one sender per target, in a process that is ended when it hangs.

What was sent is taken out only afterwards: a worker that dies in between sends it once more.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Final

import structlog

from workers import secretrefs
from workers.alerts import events, message, services
from workers.alerts.message import Message
from workers.alerts.routes import CLUSTER
from workers.context import Context
from workers.errors import HooklineError
from workers.groups import Target
from workers.records.alerts import Waiting
from workers.stages import lock

log = structlog.get_logger()

MINUTE: Final = 60.0
STARTING: Final = 30.0
"""Seconds a messenger may take to start: it imports much."""
FIRST_PAUSE: Final = 5.0
LONGEST_PAUSE: Final = 300.0
LETTERS: Final = 64 * 1024
"""Bytes read of what the child says."""
PASSED: Final = ("PATH", "LANG", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "PYTHONPATH")
"""What the child gets of our environment, besides proxies: no secret of ours."""

_seats = {True: threading.Lock(), False: threading.Lock()}
"""One for clusters, one for targets: a cluster that is down must not keep the news of it from people."""


def start(context: Context, outbox: str) -> None:
    """Empty an outbox in a thread, so that a target that hangs holds no worker's slot.

    One target and one cluster at a time per process: when it has no seat for this one, the next tick asks again.
    """
    seat = _seats[outbox.startswith(CLUSTER)]
    if not seat.acquire(blocking=False):
        context.records.alerts.postpone(outbox, context.records.clock())
        return

    def run() -> None:
        try:
            send(context, outbox)
        except Exception as error:
            log.error("alerts not sent", target=outbox, error=type(error).__name__)
        finally:
            seat.release()

    threading.Thread(target=run, daemon=True, name=f"alerts to {outbox}").start()


def send(context: Context, outbox: str) -> None:
    """Send what waits in an outbox, unless another worker does, its target has had enough this minute or is unknown."""
    alerts, settings = context.records.alerts, context.settings
    with lock.hold(context.records.leases, f"alert:{outbox}", settings.sync.lease) as held:
        if held is None:
            return
        target = settings.alerts.targets.get(outbox)
        cluster = outbox.removeprefix(CLUSTER) if outbox.startswith(CLUSTER) else ""
        if target is None and cluster not in settings.clusters:
            alerts.forget(outbox)
            return
        waiting = alerts.waiting(outbox)
        now = context.records.clock()
        if target and waiting:
            if pause := rest(alerts.tries(outbox, target.most_per_minute), target.most_per_minute, now):
                alerts.postpone(outbox, now + pause)
                return
            alerts.tried(outbox, target.most_per_minute)
        error = _delivered(context, target, cluster, waiting) if waiting else ""
        if error:
            failures = alerts.failed(outbox, error, lambda count: context.records.clock() + pause_after(count))
            log.warning("alerts not sent yet", target=outbox, reason=error, failures=failures)
            return
        alerts.taken(outbox, waiting, context.records.clock() + (target.group_seconds if target else 0.0))


def _delivered(context: Context, target: Target | None, cluster: str, waiting: Waiting) -> str:
    """Bring what waits to a target or, as Events, to a cluster; return "" or why that failed."""
    try:
        if target is None:
            events.write(context, cluster, waiting)
            return ""
        return deliver(secretrefs.read(target.url), message.compose(waiting), context.settings.alerts.timeout)
    except HooklineError as error:
        return str(error)
    except Exception as error:
        log.exception("internal error", target=cluster or "a target of alerts")
        return f"internal error ({type(error).__name__}): the worker's log has the details"


def deliver(url: str, said: Message, seconds: float) -> str:
    """Hand a message to a child process that has ``seconds`` for it; return "" or a sentence without the URL.

    The kernel ends the child when its time is over, wherever it hangs; we do should it not even start.
    """
    text = {"url": url, "title": said.title, "body": said.body, "severity": said.severity.value, "seconds": seconds}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "workers.alerts.messenger"],
            input=json.dumps(text).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(os.environ),
            timeout=seconds + STARTING,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"the messenger did not start within {STARTING:g} s"
    except OSError as error:
        return f"the messenger could not be started ({error.strerror})"
    if done.returncode == -signal.SIGALRM:
        return f"the service did not take the message within {seconds:g} s"
    try:
        return services.scrubbed(str(json.loads(done.stdout[-LETTERS:].splitlines()[-1])["error"]), url)
    except (ValueError, LookupError, TypeError):
        return f"the messenger ended with {done.returncode} and said nothing"


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Return what the child may know of our environment: the way to the network, and no secret. Pure."""
    return {name: value for name, value in ours.items() if name in PASSED or name.lower().endswith("_proxy")}


def rest(tries: list[float], most: int, now: float) -> float:
    """Return the seconds until one more message may be tried, 0 for now; ``tries`` are the last ones. Pure."""
    if len(tries) < most:
        return 0.0
    return max(0.0, min(tries[:most]) + MINUTE - now)


def pause_after(failures: int) -> float:
    """Return the seconds until a target is tried again after so many failures in a row. Pure."""
    return float(min(FIRST_PAUSE * 2 ** min(failures - 1, 16), LONGEST_PAUSE))
