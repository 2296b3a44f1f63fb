"""The child process that hands one message to `apprise`: reads it from standard input, says how it went, ends.

A service that hangs, or a library that does, is ended with the process. It has no access to Redis or the cluster, and
nothing of its environment but what the way to the network needs.
"""

from __future__ import annotations

import json
import signal
import sys
from typing import Any

from workers.alerts import services


def main() -> None:
    """Send the message of standard input: ``url``, ``title``, ``body``, ``severity`` and ``seconds`` as JSON.

    Prints a JSON object whose ``error`` is "" when the service took it.
    """
    said: dict[str, Any] = json.load(sys.stdin)
    services.prepare()
    # From here on the kernel ends the process in time, whatever hangs: an alarm nobody handles does. What was done so
    # far takes seconds on a small machine and is no fault of the service.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, said["seconds"])
    error = services.send(said["url"], said["title"], said["body"], said["severity"], said["seconds"])
    print(json.dumps({"error": error}))


if __name__ == "__main__":
    main()
