"""Which credential is for a source, of all that there are. Pure, and the only place that decides it.

1. An entry of ``repository_credentials``: the one with the longest ``url``. What the configuration says goes first.
2. The Secret that the source names itself (Flux's ``secretRef``), for the URL it was named for and no other.
3. Argo CD's Secrets for apps of any project, or of the app's own: the one of exactly this repository, which takes what
   it does not have from the template with the longest URL; else that template. Of two equals the project's own counts,
   then the one whose name comes first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workers import packaged
from workers.clustersecrets.argo import Held
from workers.credentials import RepositoryCredential, covers, fitting, prefix
from workers.secretrefs import Named


@dataclass(frozen=True, slots=True)
class Wanted:
    """A source: where it is fetched from, its ``kind`` (``git``, ``helm``, ``oci``), the app's project, the Secret that
    the source names, and its own URL where something below that is asked for.
    """

    clone: str
    kind: str = "git"
    project: str = "default"
    named: Named | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """The entry of the configuration, the Secret that was named, or those of Argo CD, the first one first."""

    setting: str = ""
    named: Named | None = None
    held: tuple[Held, ...] = ()

    @property
    def scope(self) -> str:
        """Who alone may read what it fetches: ``""`` for every app that may be deployed from there."""
        if self.named:
            return f"Secret {self.named.namespace}/{self.named.name} for {self.named.url} {self.named.provider}".strip()
        return next((f"project {one.project}" for one in self.held if one.project), "")


NOTHING = Choice()
"""No credential is for it."""


def chosen(configured: Mapping[str, RepositoryCredential], wanted: Wanted, held: Sequence[Held] = ()) -> Choice:
    """Return the credential for a source, :data:`NOTHING` when none is for it.

    Raises ``ValueError`` for a URL that nothing is fetched from.
    """
    if setting := fitting(configured, wanted.clone):
        return Choice(setting)
    start = prefix(wanted.source or wanted.clone)
    if named := wanted.named:
        return Choice(named=named) if prefix(packaged.web(named.url, ""))[:2] == start[:2] else NOTHING
    usable = [one for one in held if one.says and one.kind == wanted.kind and one.project in ("", wanted.project)]
    usable = [one for one in usable if (covers(one.start, start) if one.template else one.start == start)]
    usable.sort(key=lambda one: (-len(one.start.segments), not one.project, one.place))
    repository = next((one for one in usable if not one.template), None)
    template = next((one for one in usable if one.template), None)
    if repository and repository.has_credential:
        return Choice(held=(repository,))
    return Choice(held=tuple(one for one in (repository, template) if one))
