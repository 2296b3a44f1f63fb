"""Becomes another program that the kernel ends when the process that asked for it dies, however it dies.

Run as ``python launch.py SIGNAL PARENT PROGRAM ARGUMENT...``: asks Linux for SIGNAL on the death of the parent, then
replaces itself with PROGRAM (the process id stays). It is a program and no ``preexec_fn``, because Python code between
fork and exec can deadlock when the parent has threads. It imports nothing of this project: it must start quickly.

Sources: prctl(2), PR_SET_PDEATHSIG: the setting survives execve(2), and "parent" means the thread that forked.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Read the command line, tie this process to its parent, become the program. Ends with 127 if that fails."""
    signal_number, parent, program, *arguments = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)
    # The parent may have died before the request above: then nobody would ever send the signal.
    if os.getppid() != int(parent):
        sys.exit(f"{program}: the process that started it is gone")
    try:
        os.execv(program, [program, *arguments])  # noqa: S606  # no shell is what we want
    except OSError as error:
        print(f"{program} cannot be run: {error.strerror}", file=sys.stderr)
        sys.exit(127)


if __name__ == "__main__":
    main()
