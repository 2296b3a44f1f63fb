"""What a chart repository or a registry offers, kept as commits: a mirror of something that is no Git repository.

A version is a tag, and its commit holds what is in the archive, with nobody as its author and no time: the same archive
gives the same commit everywhere. What is asked for last (a revision, a commit) is what the next fetch brings.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import orjson
import structlog

from workers import packaged, revisions
from workers.errors import CommitGone, SourceMissing, TransientError
from workers.git import damage
from workers.git.mirror import Mirror
from workers.git.refs import Refs
from workers.packages import archive, budget, keeping, offers
from workers.packages.offers import Offer, Source
from workers.packages.repository import written
from workers.rendering import Charts

log = structlog.get_logger()

LISTED: Final = 5  # versions that a message names


class Shelf(Mirror):
    """The versions of one chart or artifact that are here."""

    def __init__(
        self,
        folder: Path,
        source: Source,
        rules: Charts,
        url: str,
        chart: str,
        clock: Callable[[], float] = time.time,
        scope: str = "",
    ) -> None:
        said = "\n".join(filter(None, (packaged.shown(url, chart), scope)))
        name = hashlib.sha256(said.encode()).hexdigest()[:24]
        super().__init__(folder, f"https://packages.invalid/{name}", "", clock, scope=scope)
        self.url, self._folder = packaged.shown(url, chart), folder
        self._chart = (chart or url).rpartition("/")[2]
        self._source, self._rules = source, rules
        self._state = self.path.with_suffix(".versions")
        self._wanted = ""
        self._follows: set[str] = set()

    def follow(self, revision: str) -> None:
        """Note what an app follows: :meth:`remote_refs` tells of it."""
        self._follows.add(revision)

    def _read(self) -> dict[str, Any]:
        """Return what is known: versions to (digest, commit), and revisions to (version, when it was looked for)."""
        with contextlib.suppress(OSError, orjson.JSONDecodeError):
            return dict(orjson.loads(self._state.read_bytes()))
        return {"versions": {}, "picked": {}}

    def fetched_at(self) -> float:
        """When it was last looked for what is wanted."""
        return float(self._read()["picked"].get(self._wanted, ("", 0.0))[1])

    def resolve(self, revision: str) -> str | None:
        """Return the commit of the version that ``revision`` meant when it was last looked for."""
        self._wanted = revision
        name = revision if revisions.is_commit(revision) else self.ref(revision)
        return self._peeled(name) if name else None

    def ref(self, revision: str) -> str:
        """Return the tag of that version."""
        picked = self._read()["picked"].get(revision)
        return offers.tag(picked[0]) if picked and picked[0] else ""

    def has(self, revision: str) -> bool:
        """Whether this commit is here."""
        self._wanted = revision
        return self._has(revision)

    def _has(self, revision: str) -> bool:
        return self._peeled(revision) is not None

    def fetch(self, needed: Callable[[], bool] = lambda: True, *, head: bool = False, asker: str = "") -> bool:
        """Bring what was asked for last, unless ``needed`` says no once the lock is ours; one fetch serves all.

        A version that is here already is kept where its server cannot be reached. Raises as `workers.packages.web.get`.
        """
        del head  # there is no default branch
        with self.place.locked():
            if broken := damage.marked(self.path):
                self._renew(broken)
            if not needed():
                return False
            if left := damage.tidy(self.path):
                log.info("shelf tidied", source=self.url, left=left[:10])
            began, wanted = self._clock(), self._wanted or "*"
            if revisions.is_commit(wanted):
                self._bring(wanted)
            else:
                self._look_or_keep(wanted, began)
            self.place.fetched(began, asker)
            return True

    def _look_or_keep(self, wanted: str, began: float) -> None:
        try:
            self._look(wanted, began)
        except TransientError as error:
            if self.resolve(wanted) is None or revisions.span(wanted) is not None:
                raise
            log.warning("kept what is here", source=self.url, version=wanted, reason=str(error))
            self._note(wanted, wanted, began)

    def _look(self, wanted: str, began: float) -> None:
        """Find what ``wanted`` means now, and bring it."""
        exact = revisions.span(wanted) is None
        versions = [] if exact and not self._lists() else self._source.versions()
        version = wanted if exact and not versions else offers.chosen(wanted, versions)
        offer = self._source.offer(version) if version else None
        if offer is None:
            self._note(wanted, "", began)
            some = ", ".join(sorted(versions, key=_rank, reverse=True)[:LISTED])
            raise SourceMissing(
                f"{self.url} has no version {wanted}{f' (it has {some})' if some else ''}: "
                "publish it, or correct the version"
            )
        known = self._read()["versions"].get(version)
        if not (known and offer.digest and known[0] == offer.digest and self._has(known[1])):
            self._stored(offer)
        self._note(wanted, version, began)

    def _lists(self) -> bool:
        """Whether what one version is comes from a list: a registry answers for one alone."""
        return not self.url.startswith(packaged.OCI)

    def _stored(self, offer: Offer) -> None:
        shown, bounds = f"{self.url} {offer.version}", archive.Bounds(self._rules.files, self._rules.unpacked_size)
        with tempfile.TemporaryFile(dir=self._folder) as target:
            self._source.download(offer, target)
            digest = offers.checked(target, offer.digest if self._lists() else offer.url, shown)
            target.seek(0)
            found = archive.files(target, shown, bounds, wrapped=offer.wrapped)
            said = f"{self._chart} {offer.version} ({offer.digest or digest})\n"
            commit = keeping.imported(self.repo, offers.tag(offer.version), found, said)
        self._answers.forget()
        state = self._read()
        state["versions"][offer.version] = (offer.digest or digest, commit)
        written(self._state, orjson.dumps(state))
        budget.trim(self._folder, self._rules.disk, self.path)

    def _note(self, wanted: str, version: str, at: float) -> None:
        state = self._read()
        state["picked"][wanted] = (version, at)
        written(self._state, orjson.dumps(state))
        budget.use(self.path)

    def bring(self, revision: str, ref: str) -> None:
        """Bring the archive that once gave this commit, where it is still offered."""
        with self.place.locked():
            self._bring(revision)
            self.repo.git.update_ref(ref, revision)

    def _bring(self, revision: str) -> None:
        version = next((name for name, (_, commit) in self._read()["versions"].items() if commit == revision), "")
        if version and not self._has(revision):
            self._look(version, self._clock())
        if not self._has(revision):
            raise CommitGone(f"{self.url} no longer gives what {revision[:7]} was made of")

    def remote_refs(self) -> Refs:
        """Ask for what is offered now: tags to commits; one that was never here has an id of its own."""
        state, ranges = self._read(), {one for one in self._follows if revisions.span(one) is not None}
        versions = self._source.versions() if self._lists() or ranges else ()
        names = set(versions)
        if not self._lists():  # a digest costs a call, so only what is followed is asked for
            names = {offers.chosen(one, versions) if one in ranges else one for one in self._follows}
        found = {}
        for version in filter(offers.is_name, names):
            offer, known = self._source.offer(version), state["versions"].get(version)
            if offer is None:
                continue
            is_known = known and (not offer.digest or known[0] == offer.digest)
            found[offers.tag(version)] = known[1] if is_known else _unseen(offer)
        return Refs(found, "")


def _unseen(offer: Offer) -> str:
    return hashlib.sha256(f"{offer.version} {offer.digest}".encode()).hexdigest()[:40]


def _rank(version: str) -> Any:
    return revisions.version(version) or revisions.version("0")
