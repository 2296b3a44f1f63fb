"""Files become a commit of a bare repository: the same files and words, the same commit. No setting of git counts."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterable
from typing import Final

import git

from workers.errors import SourceMissing

IMPORT_SECONDS: Final = 120


def imported(repo: git.Repo, ref: str, files: Iterable[tuple[str, bytes]], message: str) -> str:
    """Make a commit of ``files`` without a parent, point ``ref`` at it and return its id (git-fast-import(1)).

    What is wrong with the files raises before anything counts: git takes all of it or nothing.
    """
    words = message.encode()
    command = ["git", "fast-import", "--quiet", "--force", "--done"]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, cwd=repo.git_dir, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said
        )
        assert process.stdin is not None  # noqa: S101 -- it is a pipe
        try:
            with contextlib.suppress(BrokenPipeError), process.stdin as into:
                into.write(b"commit %s\ncommitter hookline <hookline@localhost> 0 +0000\n" % ref.encode())
                into.write(b"data %d\n%s\ndeleteall\n" % (len(words), words))
                for path, content in files:
                    quoted = path.replace("\\", "\\\\").replace('"', '\\"')
                    into.write(b'M 100644 inline "%s"\ndata %d\n' % (quoted.encode(), len(content)))
                    into.write(content + b"\n")
                into.write(b"done\n")
            code = process.wait(IMPORT_SECONDS)
        except BaseException:
            process.kill()
            process.wait()
            raise
        if code:
            said.seek(0)
            raise SourceMissing(
                f"{message.partition(chr(10))[0]} cannot be kept: {said.read(300).decode(errors='replace')}"
            )
    return str(repo.git.rev_parse("--verify", "--end-of-options", f"{ref}^{{commit}}"))
