"""Stage ``fetch``: bring the wanted commit here, with one fetch for all who want it, and say which commit it is."""

from __future__ import annotations

from workers import revisions
from workers.apps import App
from workers.errors import SourceMissing
from workers.git.mirror import Mirror
from workers.git.trees import Tree
from workers.model import Request, Why


def needed(here: str | None, has_wanted: bool, fetched_at: float, request: Request) -> bool:
    """Whether the server must be asked. Pure.

    ``here`` is the commit the app's revision names in the mirror now. Not when it is already the wanted one; not
    when drift is to be repaired, which concerns the cluster and not Git; not when somebody fetched after the
    request was made, unless even so the wanted commit is not here (and that fetch is no longer young: a thousand apps
    that wait for a commit which is gone are one fetch).
    """
    if here is None:
        return True
    if request.why is Why.DRIFT or here == request.revision:
        return False
    return fetched_at <= request.at or not has_wanted


def tree(mirror: Mirror, app: App, request: Request) -> tuple[str, Tree]:
    """Return the full ref (``""`` for a commit id) and files of what ``app.revision`` names, as new as ``request``.

    A delivery only says where to look: the answer is Git's. Raises :class:`SourceMissing` when there is no such
    branch, tag or commit, and the transport's errors.
    """

    def ask() -> bool:
        wanted = not request.revision or mirror.has(request.revision) or mirror.looked_lately()
        return needed(mirror.resolve(app.revision), wanted, mirror.fetched_at(), request)

    if ask():
        mirror.fetch(ask, head=app.revision == revisions.HEAD)
    revision = mirror.resolve(app.revision)
    if revision is None:
        raise SourceMissing(
            f"{app.url} has no branch, tag or commit {app.revision}: "
            f"push it, or correct spec.source.targetRevision ({app.origin})"
        )
    return mirror.ref(app.revision), mirror.tree(revision)
