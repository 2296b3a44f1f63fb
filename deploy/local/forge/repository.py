"""One bare Git repository: its refs, what a push changed in it, and merging into a branch of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ZERO = "0" * 40

# as at GitHub and GitLab, a commit can be fetched by its id, and partially
_SETTINGS = """
[http]
	receivepack = true
[uploadpack]
	allowAnySHA1InWant = true
	allowFilter = true
[gc]
	auto = 0
"""


class GitFailed(Exception):
    """Git refused; the message is its own."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit as a payload tells of it; paths are relative to the repository's root."""

    id: str
    tree: str
    message: str
    timestamp: str
    author: tuple[str, str]
    committer: tuple[str, str]
    added: tuple[str, ...]
    modified: tuple[str, ...]
    removed: tuple[str, ...]


def environment() -> dict[str, str]:
    """Return the environment of every git we start: this process's without anybody's Git settings."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return {
        **kept,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


def git(folder: Path, *arguments: str, extra: dict[str, str] | None = None) -> str:
    """Run git in ``folder`` and return what it printed, without the last line end; raise :class:`GitFailed`."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**environment(), **(extra or {})},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise GitFailed(f"git {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode("utf-8", "replace").removesuffix("\n")


@dataclass(frozen=True, slots=True)
class Repository:
    """A bare repository at ``path``. ``public_url`` is the clone URL its payloads name.

    ``lock`` is held while refs change, so that each push is compared with what was there before it.
    """

    number: int
    full_name: str
    path: Path
    public_url: str
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def prepare(self, default_branch: str) -> None:
        """Make the repository on disk, or take over the one that is there."""
        if (self.path / "HEAD").exists():
            return
        self.path.mkdir(parents=True, exist_ok=True)
        git(self.path, "init", "-q", "--bare", "--template=")  # no sample hooks: fourteen files a time
        (self.path / "HEAD").write_text(f"ref: refs/heads/{default_branch}\n", encoding="utf-8")
        with (self.path / "config").open("a", encoding="utf-8") as settings:
            settings.write(_SETTINGS)

    @property
    def default_branch(self) -> str:
        """The branch that HEAD names, whether it exists yet or not."""
        return git(self.path, "symbolic-ref", "--short", "HEAD")

    def refs(self) -> dict[str, str]:
        """Return branches and tags: full name to object id (of the tag object for an annotated tag)."""
        lines = git(self.path, "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags")
        return dict(line.split(" ", 1) for line in lines.splitlines())

    def commit(self, name: str) -> str:
        """Return the commit id that a ref or id stands for, or ``""`` when there is none."""
        try:
            return git(self.path, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        except GitFailed:
            return ""

    def branches_with(self, commit: str) -> list[str]:
        """Return the short names of the branches that contain ``commit``, sorted."""
        return git(self.path, "branch", "--format=%(refname:short)", "--contains", commit).splitlines()

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Whether ``newer`` contains ``older``."""
        try:
            git(self.path, "merge-base", "--is-ancestor", older, newer)
        except GitFailed:
            return False
        return True

    def between(self, ref: str, before: str, after: str, limit: int) -> list[Commit]:
        """Return the commits in ``after`` and not in ``before``, oldest first, the newest ``limit`` of them.

        For a new branch ``ref`` (``before`` is :data:`ZERO`) those that no other branch has.
        """
        excluded = [f"^{before}"]
        if before == ZERO:
            refs = self.refs()
            excluded = [f"^{oid}" for name, oid in refs.items() if name.startswith("refs/heads/") and name != ref]
        ids = git(self.path, "rev-list", "--topo-order", f"--max-count={limit}", after, *excluded).splitlines()
        return [self.read(commit) for commit in reversed(ids)]

    def read(self, commit: str) -> Commit:
        """Return one commit with the paths it changed against its first parent."""
        parts = git(
            self.path, "show", "-s", "--format=%H%x00%T%x00%cI%x00%an%x00%ae%x00%cn%x00%ce%x00%B", commit
        ).split("\0", 7)
        listing = git(
            self.path, "show", "--format=", "--name-status", "--no-renames", "--first-parent", "-m", "-z", commit
        )
        tokens = listing.split("\0")
        changed = list(zip(tokens[::2], tokens[1::2], strict=False))
        return Commit(
            id=parts[0],
            tree=parts[1],
            timestamp=parts[2],
            author=(parts[3], parts[4]),
            committer=(parts[5], parts[6]),
            message=parts[7].strip(),
            added=tuple(path for mark, path in changed if mark == "A"),
            modified=tuple(path for mark, path in changed if mark not in ("A", "D")),
            removed=tuple(path for mark, path in changed if mark == "D"),
        )

    def keep(self, source: Repository, commit: str, refs: Sequence[str]) -> None:
        """Keep a commit of this or another repository under some refs that are no branches."""
        if source.path != self.path:
            git(self.path, "fetch", "-q", "--no-tags", str(source.path), commit)
        for ref in refs:
            git(self.path, "update-ref", ref, commit)

    def merge(self, base: str, head: str, message: str, author: tuple[str, str], *, squash: bool) -> str:
        """Merge commit ``head`` into branch ``base`` and return the new commit.

        A merge commit even where a fast-forward would do, as the button makes it; with ``squash`` one new
        commit. Raises :class:`GitFailed` on a conflict, with the branch unchanged.
        """
        place = Path(tempfile.mkdtemp(prefix="merge-", dir=self.path))
        who = {
            f"GIT_{role}_{what}": value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in zip(("NAME", "EMAIL"), author, strict=True)
        }
        tip = self.commit(f"refs/heads/{base}")
        try:
            git(self.path, "worktree", "add", "-q", "--detach", str(place / "tree"), tip)
            if squash:
                git(place / "tree", "merge", "-q", "--squash", head, extra=who)
                git(place / "tree", "commit", "-q", "-m", message, extra=who)
            else:
                git(place / "tree", "merge", "-q", "--no-ff", "-m", message, head, extra=who)
            merged = git(place / "tree", "rev-parse", "HEAD")
            git(self.path, "update-ref", f"refs/heads/{base}", merged, tip)
            return merged
        finally:
            shutil.rmtree(place, ignore_errors=True)
            git(self.path, "worktree", "prune")
