"""One look at one environment: which deployment it should show, what the forge shows, and the writes between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog

from workers import deployed, links
from workers.apps import App
from workers.context import Context
from workers.environments import ENDED, Deployment, Environment, Place, Progress, Wanted, revision_of, wanted
from workers.errors import AuthorError
from workers.forges import Account, deployments
from workers.forges.deployments import Links
from workers.forges.refusals import Busy
from workers.records.environments import MOST_OLD, EnvironmentRecord
from workers.stages.lock import Held

log = structlog.get_logger()

GONE: Final = "no longer deployed here"
OVERTAKEN: Final = "a newer one took its place"


@dataclass(slots=True)
class Turn:
    """A look at one place, by whoever holds its lease. ``admit`` is asked before each write."""

    context: Context
    place: Place
    account: Account
    held: Held
    admit: Callable[[], None]

    def step(self, record: EnvironmentRecord) -> bool:
        """Bring the forge to what is said; return whether nothing is left of the environment. Raises what keeps it."""
        apps = self._apps()
        pending = self.context.records.environments.pending([app.name for app in apps], revision_of(record.words))
        said = wanted(record.words, pending)
        if said is None:
            self._leave(record)
            return True
        if said.progress is Progress.INACTIVE and (record.live is None or record.live.revision != said.revision):
            # It was broken off before it was shown: only what it overtook may still be under way.
            if record.live is not None and record.live.progress not in ENDED:
                self._told(record.live, replace(said, text=OVERTAKEN), "")
            return False
        live, old = self._live(record, said)
        page = next((app.environment.page for app in apps if app.environment and app.environment.page), "")
        live = self._told(live, said, page)
        if page != record.page and live.id:
            self._once(lambda: self._kind.show(self.account, self.context.http, self.place, page))
            self._keep(page=page)
        self._close(old, said)
        return False

    @property
    def _kind(self) -> deployments.Kind:
        return deployments.of(self.account)

    def _apps(self) -> list[App]:
        """Return the apps that are deployed to this place."""
        index, named = self.context.catalog.index(), self.place.environment
        mine = [app for app in index.apps.values() if app.environment and app.environment.name == named]
        return [app for app in mine if deployed.place_of(self.context.settings, app)[0] == self.place]

    def _live(self, record: EnvironmentRecord, said: Wanted) -> tuple[Deployment, list[Deployment]]:
        """Return the deployment that counts, meant and on record before anything is asked, and the older ones."""
        live, old = record.live, list(record.old)
        over = live is not None and live.progress is Progress.INACTIVE and said.progress is not Progress.INACTIVE
        if live is not None and live.revision == said.revision and not over:
            return live, old
        if live is not None:
            old = [*old, live][-MOST_OLD:]
        count, after = (live.count, live.id or live.after) if live else (0, "")
        live = Deployment(said.revision, said.ref, count + 1, after)
        self._keep(live=live, old=old, made="1")
        return live, old

    def _told(self, live: Deployment, said: Wanted, page: str) -> Deployment:
        """Have the deployment at the forge, and say what is said."""
        kind, http = self._kind, self.context.http
        if not live.id and live.progress:
            return live  # the forge will never have it
        try:
            if not live.id:
                about = Environment(self.place.environment)
                made = kind.find(self.account, http, self.place, live)
                if made is None:
                    self.admit()
                    made = kind.make(self.account, http, self.place, live, about, said.text)
                live = replace(live, id=made.id, progress=made.progress)
                self._keep(live=live)
            if live.progress is not said.progress:
                link = links.maker(self.context.settings.url, self.context.records)(said.app, said.number)
                live = self._say(live, said.progress, Links(said.text, link, page), lambda one: self._keep(live=one))
        except Busy:
            raise
        except AuthorError as error:
            log.error("deployment refused", revision=live.revision, reason=str(error))
            live = replace(live, progress=said.progress, trying=None)  # as good as told: another try meets the same
            self._keep(live=live)
        return live

    def _say(self, one: Deployment, progress: Progress, said: Links, keep: Callable[[Deployment], None]) -> Deployment:
        """Tell the forge how far a deployment is: first the intent, then the write, then that it is written."""
        http = self.context.http
        if one.trying is not progress or not self._kind.shows(self.account, http, self.place, one, progress):
            keep(replace(one, trying=progress))
            self.admit()
            self._kind.tell(self.account, http, self.place, one, progress, said)
        one = replace(one, progress=progress, trying=None)
        keep(one)
        return one

    def _close(self, old: list[Deployment], said: Wanted) -> None:
        """End what was overtaken: at once if it is under way, else when the newer one is well."""
        is_well, about = said.progress is Progress.SUCCESS, Environment(self.place.environment)
        for one in tuple(old):
            is_shown = one.progress is Progress.SUCCESS and not self._kind.closes_itself(about)
            if is_shown and not is_well:
                continue  # still what is deployed
            if is_shown or one.progress not in ENDED:
                self._end(old, one, OVERTAKEN)
            old.remove(one)
            self._keep(old=old)

    def _leave(self, record: EnvironmentRecord) -> None:
        """End all that the forge shows of a place that no app is deployed to any more."""
        if not record.made:
            return
        old = [*record.old, *filter(None, [record.live])]
        self._keep(old=old, live="")
        for one in tuple(old):
            if one.progress is not Progress.INACTIVE:
                self._end(old, one, GONE)
            old.remove(one)
            self._keep(old=old)
        self._once(lambda: self._kind.stop(self.account, self.context.http, self.place))

    def _end(self, old: Sequence[Deployment], one: Deployment, text: str) -> None:
        """End one of the ``old`` deployments; one that was never made has no end."""
        at, was = old.index(one), tuple(old)
        try:
            if not one.id:
                made = self._kind.find(self.account, self.context.http, self.place, one)
                if made is None:
                    return
                one = replace(one, id=made.id, progress=made.progress)
            keep = lambda changed: self._keep(old=[*was[:at], changed, *was[at + 1 :]])  # noqa: E731
            self._say(one, Progress.INACTIVE, Links(text), keep)
        except Busy:
            raise
        except AuthorError as error:
            log.error("deployment refused", revision=one.revision, reason=str(error))

    def _once(self, write: Callable[[], None]) -> None:
        """Do a write that does nothing where it is done already; one that is refused for good counts as done."""
        try:
            self.admit()
            write()
        except AuthorError as error:
            log.error("environment refused", reason=str(error))

    def _keep(self, **fields: Any) -> None:
        self.held.check()
        self.context.records.environments.keep(self.place.name, self.held.token, **fields)
