"""One bare mirror per repository under the data folder, shared by every app and worker of this machine."""

from __future__ import annotations

import configparser
import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import git
import structlog

from workers import revisions
from workers.errors import MirrorDamaged
from workers.git import damage, objects, transport
from workers.git.access import Find, nobody
from workers.git.answers import Answers
from workers.git.bringing import Bringing
from workers.git.checked import Checked
from workers.git.lacking import Lacking
from workers.git.objects import Limits, Rules
from workers.git.place import Place
from workers.git.refs import Refs
from workers.git.server import Server
from workers.git.trees import Tree

log = structlog.get_logger()

REFSPECS: Final = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")


class Mirror:
    """The mirror of one repository. ``url`` is what people call it, ``clone`` is where it is fetched from.

    What a credential of only some apps fetched is in a ``scope`` of its own, where no other app reads it.
    """

    def __init__(
        self,
        folder: Path,
        url: str,
        clone: str,
        clock: Callable[[], float] = time.time,
        find: Find = nobody,
        guard: Callable[[Mirror, str], None] | None = None,
        scope: str = "",
        rules: Rules = Rules(),  # noqa: B008
    ) -> None:
        self.url, self.clone, self._clock = url, clone, clock
        self.find, self._guard, self.rules = find, guard, rules
        self.place = Place(folder, url, scope)
        self.path = self.place.path
        self._server = Server(url, clone, find)
        self._repo: git.Repo | None = None
        self._made = ""
        self._answers = Answers(self.fetched_at)

    @property
    def repo(self) -> git.Repo:
        """The mirror, made empty when it is not there yet, and opened anew when another process made it anew."""
        self.place.use()
        if self._repo is None or self.place.made() != self._made:
            # Under a lock of its own: to another process, a repository that is half made is none.
            with self.place.locked(".making"):
                try:
                    self._repo = self._opened()
                except (git.InvalidGitRepositoryError, configparser.Error, ValueError) as error:
                    self._renew(str(error) or type(error).__name__)
                    self._repo = self._opened()
                self._made = self.place.made()
            self._repo.git.update_environment(**transport.environment())
            self._answers.forget()
        return self._repo

    def _opened(self) -> git.Repo:
        if not self.place.is_made():
            git.Repo.init(self.path, bare=True, mkdir=True)
            self.place.note_made()
        limits = Limits(self.url, self.rules.largest)
        return objects.opened(self.path, limits, self.lacking(self.path), Checked)

    def lacking(self, repository: Path) -> Lacking:
        """Return what brings files that were left out here, for a repository that is this or borrows from it."""
        return Lacking(repository, Bringing(self.place, self._server), self.path)

    def fetched_at(self) -> float:
        """When the last complete fetch began, by this machine's clock; 0.0 for none, and when all is to be anew."""
        return 0.0 if damage.marked(self.path) else self.place.fetched_at()

    def looked_lately(self, asker: str) -> bool:
        """Whether there was a fetch for ``asker`` (see :meth:`fetch`), and the last one is still young."""
        return not damage.marked(self.path) and self.place.looked_lately(asker, self._clock())

    def resolve(self, revision: str) -> str | None:
        """Return the commit that ``revision``, as `workers.revisions` reads it, names here, or ``None``."""
        ref = self.ref(revision)
        return self.peeled(ref or revision) if ref or revisions.is_commit(revision) else None

    def tree(self, revision: str) -> Tree:
        """Return the files of a commit that is here. Raises what the guard says of it, at every call."""
        if self._guard:
            self._guard(self, revision)
        self.place.use()
        found = self._answers.once(f"tree {revision}", lambda: Tree(self.repo, self.url, revision))
        made: Tree = self.rules.put_into(self, found)
        return made

    def ref(self, revision: str) -> str:
        """Return the full ref that ``revision`` names here, ``""`` for none and for a commit id.

        A branch goes before a tag of the same name; of a range it is the tag of the highest version.
        """
        return str(self._answers.once(f"ref {revision}", lambda: self._ref(revision)))

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
        found: str | None = self._answers.once(f"peeled {name}", lambda: self._peeled(name))
        return found

    def _peeled(self, name: str) -> str | None:
        with contextlib.suppress(git.GitCommandError):
            return str(self.repo.git.rev_parse("--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"))
        return None

    def has(self, revision: str) -> bool:
        """Whether this commit is here."""
        return self.peeled(revision) is not None

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether the history of commit ``new`` holds commit ``old``; ``False`` when either is not here."""
        with contextlib.suppress(git.GitCommandError):
            self.repo.git.merge_base("--is-ancestor", old, new)
            return True
        return False

    def fetch(self, needed: Callable[[], bool] = lambda: True, *, head: bool = False, asker: str = "") -> bool:
        """Bring all branches and tags here, unless ``needed`` says no once the repository's lock is ours.

        Whoever waited for the lock finds the fetch done: one fetch serves all. ``head`` also points HEAD to where the
        server's points; ``asker`` is a word for whom it is made. Returns whether a fetch was made. What is broken is
        made anew, once. Raises :class:`GitUnreachable`, :class:`AccessDenied` or :class:`SourceMissing`.
        """
        with self.place.locked() as lock:
            if broken := damage.marked(self.path):
                self._renew(broken)
            if not needed():
                return False
            began = self._clock()
            if left := damage.tidy(self.path):
                log.info("mirror tidied", repository=self.url, left=left[:10])
            try:
                self._bring_all(lock, head=head)
            except MirrorDamaged as error:
                self._renew(str(error))
                self._bring_all(lock, head=head)
            self.place.fetched(began, asker)
            return True

    def _bring_all(self, lock: int, *, head: bool) -> None:
        if head:
            self.repo.git.symbolic_ref("HEAD", self._server.head(self.path.parent))
            self._answers.forget()
        fresh = self.rules.partial and not self.place.fetched_at()
        (self._server.clone if fresh else self._server.update)(self.repo, lock, REFSPECS)

    def _renew(self, why: str) -> None:
        """Throw the mirror away; the next fetch is a clone."""
        log.warning("mirror fetched anew", repository=self.url, reason=why)
        self.place.clear()
        damage.mended(self.path)

    def bring(self, revision: str, ref: str) -> None:
        """Bring one commit here that may be part of no branch, under ``ref``. Raises as :meth:`fetch` does."""
        with self.place.locked() as lock:
            self._server.fetch(self.repo, lock, (f"+{revision}:{ref}",))
        self._answers.forget()

    def remote_refs(self) -> Refs:
        """Ask the server for its refs, with one call. That makes no mirror, and does not count as a use of one."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return self._server.refs(self.path.parent)
