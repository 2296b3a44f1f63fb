"""The errors only the Kubernetes API can cause; all are kinds of those in `workers.errors`."""

from __future__ import annotations

from workers.errors import AccessDenied, AuthorError, ClusterUnreachable, ObjectRefused, TransientError


class UnknownKind(AuthorError):
    """The API server does not serve this group, version and kind; often its CRD is not installed (yet)."""


class Forbidden(AccessDenied):
    """The API server knows who we are, and RBAC does not let us do this one thing."""


class StaleObject(TransientError):
    """The object in the cluster is not the one the caller knew: changed, deleted or created meanwhile."""


class Expired(TransientError):
    """The resourceVersion of a watch or list is too old (410 Gone): list again and start from there."""


class ImmutableField(ObjectRefused):
    """The change needs a field that cannot change once set: only recreating the object would make it so."""


class Unanswered(ClusterUnreachable):
    """No useful answer came.

    ``again`` says that the very same request may be sent again at once; ``retry_after`` is the seconds the API
    server asked for, if it did; ``sent`` is false only when it is certain that no byte of the request left us.
    """

    def __init__(
        self, message: str, *, again: bool = False, retry_after: float | None = None, sent: bool = True
    ) -> None:
        super().__init__(message)
        self.again = again
        self.retry_after = retry_after
        self.sent = sent


class Silent(Unanswered):
    """A watch brought nothing for longer than the API server is ever silent: it may be dead, or of another past."""
