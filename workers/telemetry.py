"""Logs: one JSON line an event (or coloured lines on a terminal), ids bound once, event names constant."""

from __future__ import annotations

import logging
import sys
from typing import Any

import orjson
import structlog

from workers.errors import redact
from workers.settings import Settings


def start(settings: Settings) -> None:
    """Set logging up for this process. Values are redacted here once more, as the last door."""
    level = logging.getLevelNamesMapping()[settings.log.level.upper()]
    terminal = settings.log.format == "console" or (settings.log.format == "auto" and sys.stderr.isatty())
    renderer: Any = structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(_line)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redacted,
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[
        structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer,
    ]))  # fmt: skip
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)


def _line(event: Any, **named: Any) -> str:
    """Render one line; what JSON does not know is written as Python shows it."""
    return orjson.dumps(event, default=named.get("default", repr)).decode()


def _redacted(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    return {name: redact(value) if isinstance(value, str) else value for name, value in event.items()}
