"""One bare mirror per repository under the data folder, shared by every app and worker of this machine."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import git

from workers import repositories, revisions
from workers.errors import SourceMissing
from workers.git import transport
from workers.git.trees import Tree

FETCH_SECONDS: Final = 120
MOST_KNOWN: Final = 64
"""Answers a mirror remembers until the next fetch."""
REFSPECS: Final = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")


@dataclass(frozen=True, slots=True)
class Refs:
    """The refs of a server: full ref to commit, annotated tags peeled; ``head`` is the ref that HEAD points to."""

    commits: dict[str, str]
    head: str


def advertised(text: str) -> Refs:
    """Read what ``git ls-remote --symref`` prints. Pure."""
    pairs = [(name, what) for what, _, name in (line.partition("\t") for line in text.splitlines()) if name]
    found = {name: what for name, what in pairs if not what.startswith("ref: ")}
    head = next((what.removeprefix("ref: ") for name, what in pairs if name == "HEAD" and what.startswith("ref: ")), "")
    peeled = {name: found.get(f"{name}^{{}}", sha) for name, sha in found.items() if not name.endswith("^{}")}
    return Refs({name: sha for name, sha in peeled.items() if name != "HEAD"}, head)


class Mirror:
    """The mirror of one repository. ``url`` is what people call it, ``clone`` is where it is fetched from."""

    def __init__(self, folder: Path, url: str, clone: str, clock: Callable[[], float] = time.time) -> None:
        self.url = url
        self._clone = clone
        self._clock = clock
        name = hashlib.sha256(repositories.canonical(url).encode()).hexdigest()[:24]
        self.path = folder / f"{name}.git"
        self._stamp = folder / f"{name}.fetched"
        self._repo: git.Repo | None = None
        self._known: dict[str, Any] = {}
        self._known_at = 0.0

    @property
    def repo(self) -> git.Repo:
        """The mirror, made empty when it is not there yet."""
        if self._repo is None:
            # Under a lock of its own: to another process, a repository that is half made is none.
            with self._locked(".making"):
                if not (self.path / "HEAD").exists():
                    git.Repo.init(self.path, bare=True, mkdir=True)
            self._repo = git.Repo(self.path)
            self._repo.git.update_environment(**transport.environment())
        return self._repo

    def fetched_at(self) -> float:
        """When the last complete fetch began, by this machine's clock; 0.0 when there was none."""
        try:
            return float(self._stamp.read_text())
        except (OSError, ValueError):
            return 0.0

    def resolve(self, revision: str) -> str | None:
        """Return the commit that ``revision``, as `workers.revisions` reads it, names here, or ``None``."""
        ref = self.ref(revision)
        return self.peeled(ref or revision) if ref or revisions.is_commit(revision) else None

    def tree(self, revision: str) -> Tree:
        """Return the files of a commit that is here."""
        found: Tree = self._once(f"tree {revision}", lambda: Tree(self.repo, self.url, revision))
        return found

    def _once(self, what: str, ask: Callable[[], Any]) -> Any:
        """Return what ``ask`` says, asked once until the next fetch by anybody: nothing else changes a mirror."""
        now = self.fetched_at()
        if not now or now != self._known_at or len(self._known) > MOST_KNOWN:
            self._known, self._known_at = {}, now
        if not now:
            return ask()
        if what not in self._known:
            self._known[what] = ask()
        return self._known[what]

    def ref(self, revision: str) -> str:
        """Return the full ref that ``revision`` names here, ``""`` for none and for a commit id.

        A branch goes before a tag of the same name; of a range it is the tag of the highest version.
        """
        return str(self._once(f"ref {revision}", lambda: self._ref(revision)))

    def _ref(self, revision: str) -> str:
        if revision == revisions.HEAD:
            with contextlib.suppress(git.GitCommandError):
                return str(self.repo.git.symbolic_ref("--quiet", "HEAD"))
            return ""
        for name in revisions.names(revision):
            if self.peeled(name):
                return name
        if revisions.span(revision) is None:
            return ""
        return revisions.pick(revision, str(self.repo.git.for_each_ref("--format=%(refname)", "refs/tags")).split())

    def peeled(self, name: str) -> str | None:
        """Return the commit that a ref or an object id leads to (an annotated tag is peeled), ``None`` for none."""
        found: str | None = self._once(f"peeled {name}", lambda: self._peeled(name))
        return found

    def _peeled(self, name: str) -> str | None:
        with contextlib.suppress(git.GitCommandError):
            return str(self.repo.git.rev_parse("--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"))
        return None

    def has(self, revision: str) -> bool:
        """Whether this commit is here."""
        return bool(self._once(f"has {revision}", lambda: self._has(revision)))

    def _has(self, revision: str) -> bool:
        with contextlib.suppress(git.GitCommandError):
            self.repo.git.cat_file("-e", f"{revision}^{{commit}}")
            return True
        return False

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether the history of commit ``new`` holds commit ``old``; ``False`` when either is not here."""
        with contextlib.suppress(git.GitCommandError):
            self.repo.git.merge_base("--is-ancestor", old, new)
            return True
        return False

    def subject(self, revision: str) -> str:
        """Return the first line of a commit's message."""
        return str(self.repo.commit(revision).summary)

    def fetch(self, needed: Callable[[], bool] = lambda: True) -> bool:
        """Bring all branches and tags here, unless ``needed`` says no once the repository's lock is ours.

        Whoever waited for the lock finds the fetch done: one fetch serves all. Returns whether one was made.
        Raises :class:`GitUnreachable`, :class:`AccessDenied` or :class:`SourceMissing`, with the repository named.
        """
        with self._locked():
            if not needed():
                return False
            began = self._clock()
            with transport.errors(self.url):
                self.repo.git.fetch(
                    "--prune", "--no-tags", "--force", "--no-recurse-submodules", "--no-write-fetch-head", "--quiet",
                    "--end-of-options", self._clone, *REFSPECS,
                    kill_after_timeout=FETCH_SECONDS,
                )  # fmt: skip
            self._stamp.write_text(repr(began))
            return True

    def remote_refs(self) -> Refs:
        """Ask the server for its refs, with one call."""
        with transport.errors(self.url):
            text = str(
                self.repo.git.ls_remote("--symref", "--end-of-options", self._clone, kill_after_timeout=FETCH_SECONDS)
            )
        return advertised(text)

    def point_head(self) -> None:
        """Point the mirror's HEAD where the server's HEAD points."""
        with transport.errors(self.url):
            text = str(self.repo.git.ls_remote("--symref", "--end-of-options", self._clone, "HEAD"))
        for line in text.splitlines():
            if line.startswith("ref: ") and line.endswith("\tHEAD"):
                self.repo.git.symbolic_ref("HEAD", line.removeprefix("ref: ").removesuffix("\tHEAD"))
                self._known = {}
                return
        raise SourceMissing(f"{self.url} has no default branch: name a branch in targetRevision")

    @contextlib.contextmanager
    def _locked(self, suffix: str = ".lock") -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(suffix).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
