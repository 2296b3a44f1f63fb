"""A bare repository for one look at a stranger's commits: it borrows a mirror's objects and is gone afterwards.

What is fetched here never becomes an object of the mirror, so no revision, approval or way back can name it. Nothing of
a repository's own runs: there are no hooks, no filters and no merge drivers, for those are configured and not
committed, and no configuration but ours is read. A fetch writes a bounded pack and checks every object as it comes
(``fetch.fsckObjects``), so that no tree names ``..`` or ``.git``. Field facts: git-config(1), gitattributes(5),
gitrepository-layout(5).
"""

from __future__ import annotations

import contextlib
import resource
import signal
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import git

from workers.errors import SourceMissing
from workers.git import objects, transport
from workers.git.lacking import Lacking, is_partial
from workers.git.mirror import Mirror
from workers.git.objects import Limits
from workers.git.server import BARELY, QUIETLY, asked, called, chunks

SECONDS: Final = 60
"""For the clock on the wall and for the processor alike, of one git command."""
MOST_BYTES: Final = 256 * 1024 * 1024
"""What one fetch may bring, packed."""
MEMORY: Final = 2 * 1024**3
_CONFIG: Final = """[core]
	repositoryformatversion = 0
	bare = true
	attributesFile = /dev/null
	bigFileThreshold = 8m
[fetch]
	fsckObjects = true
	unpackLimit = 1
[fetch "fsck"]
	badTimezone = ignore
	missingSpaceBeforeDate = ignore
	zeroPaddedFilemode = ignore
[gc]
	auto = 0
[maintenance]
	auto = false
[merge]
	renameLimit = 1000
[pack]
	threads = 1
"""
_PARTIAL: Final = """[remote "origin"]
	promisor = true
	partialclonefilter = blob:none
"""
_TOO_LARGE: Final = ("file too large",)
_CORRUPT: Final = ("error in object", "fsck error", "bad object")


class Quarantine:
    """The repository, while its block runs. ``git`` runs commands in it, bounded."""

    def __init__(self, folder: Path, mirror: Mirror) -> None:
        self._mirror = mirror
        for name in ("objects/info", "objects/pack", "refs/heads"):
            (folder / name).mkdir(parents=True)
        (folder / "HEAD").write_text("ref: refs/heads/none\n")
        (folder / "config").write_text(_CONFIG)
        (folder / "objects/info/alternates").write_text(f"{(mirror.path / 'objects').resolve()}\n")
        if (shallow := mirror.path / "shallow").exists():
            (folder / "shallow").write_bytes(shallow.read_bytes())
        self.folder = folder
        self.partial = is_partial(mirror.path)
        if self.partial:
            # What the mirror has not got is no damage here either; it is brought here and not there.
            with (folder / "config").open("a") as config:
                config.write(_PARTIAL)
        self.lacking = Lacking(folder, self.bring, mirror.path) if self.partial else None
        self._open: list[git.Repo] = []
        self.repo = self.reopened()

    def reopened(self) -> git.Repo:
        """Open the repository once more, for another thread."""
        limits = Limits(self._mirror.url, self._mirror.rules.largest)
        found = objects.opened(self.folder, limits, self.lacking)
        found.git.update_environment(**transport.environment(), GIT_ATTR_NOSYSTEM="1")
        self._open.append(found)
        return found

    def close(self) -> None:
        """End git's processes of all that was opened here."""
        for repo in self._open:
            repo.close()

    def run(self, *arguments: str, env: dict[str, str] | None = None) -> tuple[int, str]:
        """Run a git command; return its exit code and what it printed. Raises ``GitCommandError`` above 1."""
        command = ["git", *arguments]
        code, out, said = self.repo.git.execute(
            command, with_extended_output=True, with_exceptions=False, kill_after_timeout=SECONDS, env=env or {},
            preexec_fn=_bound,
        )  # fmt: skip
        if code not in (0, 1):
            raise git.GitCommandError(command[:2], code, said)
        return int(code), str(out)

    def fetch(self, *refspecs: str) -> None:
        """Fetch from the mirror's server. Raises as `Mirror.fetch` does, :class:`SourceMissing` for what is no good."""
        self._fetch(refspecs, ())

    def bring(self, ids: Sequence[str]) -> None:
        """Bring files here that neither this nor the mirror has. Raises as :meth:`fetch` does."""
        for some in chunks(ids):
            self._fetch(some, BARELY)

    def _fetch(self, what: Sequence[str], settings: Sequence[str]) -> None:
        mirror = self._mirror
        source = "origin" if self.partial else mirror.clone
        words = [*called(mirror.clone), *settings, "fetch", *QUIETLY, "--end-of-options", source, *what]

        def call(handed: dict[str, str]) -> None:
            try:
                code, _ = self.run(*words, env=handed)
            except git.GitCommandError as error:
                raise _refused(mirror.url, error) or error from None
            if code:
                raise git.GitCommandError(["git", "fetch"], code, "")

        asked(mirror.url, mirror.clone, mirror.find, call)

    def commit(self, name: str) -> str:
        """Return the commit that a ref or an object id leads to, "" for none."""
        code, out = self.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        return "" if code else out.strip()


def _refused(url: str, error: git.GitCommandError) -> SourceMissing | None:
    """Return what is wrong with the commits that a fetch brought, ``None`` where the trouble is the way."""
    said = str(error.stderr)
    if any(sign in said.lower() for sign in _TOO_LARGE):
        return SourceMissing(f"what was asked of {url} is larger than {MOST_BYTES >> 20} MiB: make it smaller")
    if any(sign in said.lower() for sign in _CORRUPT):
        return SourceMissing(f"git takes an object of {url} for unsafe or damaged: {' '.join(said.split())[:200]}")
    return None


@contextlib.contextmanager
def opened(mirror: Mirror) -> Iterator[Quarantine]:
    """Yield an empty repository that borrows the objects of ``mirror``; nothing of it is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="hookline-pull-", ignore_cleanup_errors=True) as folder:
        made = Quarantine(Path(folder), mirror)
        try:
            yield made
        finally:
            made.close()


def _bound() -> None:
    """Limit the child, which then says itself that a file is too large, instead of being killed without a word."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_BYTES, MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
