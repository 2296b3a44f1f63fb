"""``python -m deploy.local.forge``: a stand-in forge as a process of its own, until it is told to end.

When it serves, it prints one line of JSON: ``url``, ``api``, ``kind`` and ``repositories`` (name to clone URL).
Secrets come by the names of environment variables, never as arguments.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from deploy.local.forge.forge import Forge
from deploy.local.forge.kinds import KINDS


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM or SIGINT; return the exit status."""
    options = _parser().parse_args(arguments)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    for name in (options.secret_env, options.token_env):
        if not os.environ.get(name):
            print(f"the environment variable {name} is not set: put the secret there", file=sys.stderr)
            return 2
    with Forge(
        options.data,
        kind=options.kind,
        token=os.environ[options.token_env],
        secret=os.environ[options.secret_env],
        webhooks=options.webhook,
        port=options.port,
        user=options.user,
    ) as forge:
        names = {}
        for text in options.repository:
            name, _, public_url = text.partition("=")
            forge.create(name, public_url=public_url)
            names[name] = forge.clone_url(name)
        print(json.dumps({"url": forge.url, "api": forge.api, "kind": forge.kind, "repositories": names}), flush=True)
        ended.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deploy.local.forge", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder for the repositories")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--kind", choices=sorted(KINDS), default="github")
    parser.add_argument("--webhook", action="append", default=[], metavar="URL", help="may be repeated")
    parser.add_argument(
        "--repository",
        action="append",
        default=[],
        metavar="NAME[=URL]",
        help="make this repository; payloads name URL to clone from; may be repeated",
    )
    parser.add_argument("--secret-env", required=True, metavar="NAME", help="variable that signs deliveries")
    parser.add_argument("--token-env", default="FORGE_TOKEN", metavar="NAME", help="variable with the API token")
    parser.add_argument("--user", default="ada", help="who pushes and merges")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
