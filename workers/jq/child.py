"""The child process: reads an expression and an object from standard input, writes the paths.

Started as a script by its path, alone: it imports nothing of Hookline. Its arguments are the file of the `jq` module
and how many paths an expression may name. A question (see `workers.companion`) is an expression as JSON on a line and
the object on the next; an answer is ``{"paths": […]}``, or ``{"wrong": "…"}`` for one that does not compile, or
``{"unfit": "…"}`` for one that can never be a path expression. It ends with its standard input, and by a signal when an
expression takes too long.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import resource
import signal
import struct
import sys
from typing import Any, Final

SECONDS: Final = 1.0
"""Processor time of one expression on one object. Argo CD's limit; there in seconds of the clock."""
MEMORY: Final = 256 * 1024 * 1024
"""Bytes of address space of the child."""
LONGEST: Final = 4 * 1024 * 1024
"""Characters of one answer at most."""


def confine() -> None:
    """Give up what a path expression has no use for: files, processes, memory, core dumps."""
    for limit, value in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),  # what is open stays open
    ):
        resource.setrlimit(limit, (value, value))


def answer(compiled: Any, text: str) -> str:
    """Return the answer for one compiled expression and an object's text."""
    wrong, program = compiled
    if wrong:
        return json.dumps({"wrong": wrong})
    try:
        found: list[str] = program.input_text(text).text().splitlines()
    except ValueError as error:
        # The message may hold a value of the object, and an object may hold a secret.
        if str(error).startswith("Invalid path expression"):
            return '{"unfit": "makes a value where it has to name a field"}'
        return '{"paths": []}'  # it is about objects of another shape, as `.a[]` is where there is no a
    if len(found) != 1:
        return '{"unfit": "ends jq itself"}'
    if len(found[0]) > LONGEST:
        return '{"unfit": "names too many fields"}'
    return '{"paths": ' + found[0] + "}"


def main(module: str, most: int) -> None:
    """Answer until standard input ends."""
    spec = importlib.util.spec_from_file_location("jq", module)
    assert spec is not None  # noqa: S101 -- a file that is there has one
    assert spec.loader is not None  # noqa: S101
    jq = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(jq)

    @functools.lru_cache(maxsize=256)
    def compiled(expression: str) -> tuple[str, Any]:
        try:
            jq.compile(expression)  # alone, so that it cannot close our bracket
            return "", jq.compile(f"[limit({most + 1}; path({expression}\n))]")
        except ValueError as error:
            return str(error).partition("\n")[0].removeprefix("jq: error: ").partition(" at <top-level>")[0], None

    confine()
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    read, write = sys.stdin.buffer, sys.stdout.buffer
    while len(head := read.read(4)) == 4:
        line, _, text = read.read(struct.unpack(">I", head)[0]).partition(b"\n")
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        said = answer(compiled(json.loads(line)), text.decode()).encode()
        signal.setitimer(signal.ITIMER_PROF, 0)
        write.write(struct.pack(">I", len(said)) + said)
        write.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
