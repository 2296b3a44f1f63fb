"""Runs the web process: ``hookline web``, or ``python -m receiver`` with ``$HOOKLINE_CONFIG``."""

from __future__ import annotations

import functools

import uvicorn

from receiver.protocol import Protocol
from workers import configuration


def main() -> None:
    """Serve until a signal ends it; connections under way get ten seconds."""
    edge = configuration.load().edge
    http = functools.partial(Protocol, most_head=edge.max_headers, head_seconds=edge.header_deadline)
    uvicorn.run(
        "receiver.app:create",
        factory=True,
        host=edge.host,
        port=edge.port,
        http=http,  # type: ignore[arg-type]
        loop="uvloop",
        ws="none",
        proxy_headers=bool(edge.trusted_proxies),
        forwarded_allow_ips=list(edge.trusted_proxies),
        limit_concurrency=edge.max_connections,
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=10,
    )


if __name__ == "__main__":
    main()
