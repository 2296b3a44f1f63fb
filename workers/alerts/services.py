"""The one place that knows `apprise`: is a URL one of its services, and send a message there.

Importing apprise and its services takes 50 MB and more than a second, so it is imported by the functions, which only
the messenger's process and the command line call. Its own log is off: it quotes URLs, and they hold credentials.
"""

from __future__ import annotations

import io
import logging
import re
import warnings
from typing import Any, Final
from urllib.parse import unquote

SHORTEST: Final = 4
"""Characters from which a part of a URL is taken for a possible credential."""
_PARTS: Final = re.compile(r"[/:@?&=#,+]+")
_CONTROL: Final = re.compile(r"\s+")
LONGEST_ERROR: Final = 200


def problem(url: str) -> str:
    """Return why a URL is none of apprise's, "" when it is one. Connects to nothing, and never repeats the URL."""
    return "" if _service(url) is not None else "is no URL of a service that apprise knows, or one with a part missing"


def prepare() -> None:
    """Import apprise and its services, which takes its time."""
    _service("json://localhost")


def send(url: str, title: str, body: str, severity: str, seconds: float) -> str:
    """Send a message and return "", or why that failed: a sentence that holds no part of the URL."""
    service = _service(url)
    if service is None:
        return problem(url)
    # Two waits, to connect and to read: together they end before the process is ended, so that it can say which.
    service.socket_connect_timeout = service.socket_read_timeout = seconds * 0.45
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    logger = _logger()
    logger.disabled, logger.handlers = False, [handler]
    try:
        sent = bool(service.notify(body=body, title=title, notify_type=severity, body_format="text"))
    except Exception as error:  # a service's own code, of which there are more than a hundred
        said.write(f"\n{type(error).__name__}")
        sent = False
    finally:
        logger.disabled = True
    return "" if sent else scrubbed(_last(said.getvalue()), url)


def _service(url: str) -> Any:
    logger = _logger()
    logger.disabled = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # services import modules that Python is about to drop
        import apprise

        asset = apprise.AppriseAsset(app_id="Hookline", app_desc="Hookline", app_url="", async_mode=False)
        return apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)


def _logger() -> logging.Logger:
    logger = logging.getLogger("apprise")
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    return logger


def _last(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "the service did not take it"


def scrubbed(text: str, url: str) -> str:
    """Return a sentence about a target with every part of its URL replaced: any of them may be a credential. Pure."""
    _, _, rest = url.partition("://")
    parts = {part for part in _PARTS.split(rest) if len(part) >= SHORTEST}
    parts |= {unquote(part) for part in parts}
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part, "***")
    return _CONTROL.sub(" ", text)[:LONGEST_ERROR].strip()
