"""Stage ``fetch``: bring the wanted commit here, with one fetch for all who want it, and say which commit it is."""

from __future__ import annotations

import hashlib

from workers import revisions
from workers.apps import App
from workers.errors import SourceMissing
from workers.git.mirror import Mirror
from workers.git.trees import Tree
from workers.model import Request, Why


def needed(here: str | None, looked: bool, fetched_at: float, request: Request) -> bool:
    """Whether the server must be asked. Pure.

    ``here`` is the commit the app's revision names in the mirror now. Not when it is already the wanted one; not
    when drift is to be repaired, which concerns the cluster and not Git. Who wants a commit asks unless the mirror
    ``looked``: it follows that commit already, or was just asked on behalf of the same delivery (a thousand apps that
    wait for a commit which is gone are one fetch). When is no argument then: it is the clock of the edge, which may not
    be this machine's. Who wants what is newest asks unless somebody fetched after the request was made.
    """
    if here is None:
        return True
    if request.why is Why.DRIFT or here == request.revision:
        return False
    return not looked if request.revision else fetched_at <= request.at


def tree(mirror: Mirror, app: App, request: Request) -> tuple[str, Tree]:
    """Return the full ref (``""`` for a commit id) and files of what ``app.revision`` names, as new as ``request``.

    A delivery only says where to look: the answer is Git's. Raises :class:`SourceMissing` when there is no such
    branch, tag or commit, and the transport's errors.
    """
    asker = hashlib.sha256(f"{_asked(request)} {request.revision}".encode()).hexdigest()[:16]

    def ask() -> bool:
        wanted = request.revision
        known = bool(wanted) and mirror.has(wanted)
        here = mirror.resolve(app.revision)  # last: a chart's shelf fetches what it was asked for last
        looked = False
        if here is not None and wanted not in ("", here):
            looked = (known and mirror.is_ancestor(wanted, here)) or mirror.looked_lately(asker)
        return needed(here, looked, mirror.fetched_at(), request)

    if ask():
        mirror.fetch(ask, head=app.revision == revisions.HEAD, asker=asker)
    revision = mirror.resolve(app.revision)
    if revision is None:
        raise SourceMissing(
            f"{app.url} has no branch, tag or commit {app.revision}: "
            f"push it, or correct spec.source.targetRevision ({app.origin})"
        )
    return mirror.ref(app.revision), mirror.tree(revision)


def _asked(request: Request) -> str:
    return request.delivery or f"{request.app}/{request.number}"
