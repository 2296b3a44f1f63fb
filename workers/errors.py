"""Every error Hookline raises on purpose, split by what the caller does next.

::

    HooklineError
    ├── TransientError        try again: nobody has to change anything
    │   ├── LeaseLost             another worker has the app now; stop writing at once
    │   ├── ClusterUnreachable    the API server did not answer, or answered 429/5xx
    │   ├── GitUnreachable        the Git server did not answer
    │   ├── SourceUnreachable     a chart repository or a registry did not answer
    │   ├── MirrorDamaged         this machine's copy of a repository is broken; the next fetch makes it anew
    │   ├── ForgeUnreachable      the forge's API did not answer, or asked us to slow down
    │   ├── RecordsUnavailable    Redis did not answer
    │   └── KeysUnavailable       a token issuer's published keys cannot be had
    ├── AuthorError           tell the author of the commit; a retry gives the same answer
    │   ├── BadDocument           a YAML file cannot be read as Kubernetes reads it
    │   ├── BadDeclaration        an app document says something we cannot do
    │   ├── RenderFailed          Kustomize (or another renderer) refused
    │   ├── SourceMissing         the repository has no such branch, commit or path
    │   │   ├── CommitGone        the Git server gives no such commit
    │   │   └── SubmoduleRefused  a folder is a submodule that is not allowed, or cannot be had
    │   ├── SignatureMissing      a commit or tag is not signed by a key that counts
    │   ├── ObjectRefused         the API server or an admission webhook refused an object
    │   ├── ObjectConflict        another field manager owns fields we would set
    │   ├── ObjectClaimed         another app owns the object
    │   ├── IgnoredUnknown        which fields to ignore cannot be found out: a jq expression took too long
    │   ├── PolicyRefused         the app's project does not allow it
    │   ├── TooMuch               what a pull request brings would cost more than a plan may
    │   └── HealthFailed          applied, but the workload says it failed or ran out of time
    └── OperatorError         call the operator: configuration, rights or credentials
        ├── BadConfiguration      the configuration file or environment
        ├── AccessDenied          RBAC, Git credentials or a forge token said no
        ├── UnknownName           a hook, app or cluster nobody configured
        └── BadOrder              a person asked for what cannot be done, or left out what it takes

The message is one sentence for a person: what is wrong, where (file, object, field), and what to do.
A message never contains a credential: see `workers.redaction`.
"""

from __future__ import annotations

from workers.redaction import redact as redact


class HooklineError(Exception):
    """Any failure Hookline foresaw; ``str(error)`` is one sentence for a person, already redacted."""

    def __init__(self, message: str) -> None:
        super().__init__(redact(message))


class TransientError(HooklineError):
    """Nobody has to change anything: the same request may succeed a moment later."""


class LeaseLost(TransientError):
    """Another worker holds the app's lease now; the loser must not write again."""


class ClusterUnreachable(TransientError):
    """The API server did not answer, or answered 429 or 5xx."""


class GitUnreachable(TransientError):
    """The Git server did not answer."""


class SourceUnreachable(TransientError):
    """A chart repository or a registry did not answer, or not in time."""


class MirrorDamaged(TransientError):
    """This machine's copy of a repository is broken; whoever fetches next makes it anew."""


class ForgeUnreachable(TransientError):
    """The forge's API did not answer or asked us to slow down; ``retry_after`` is in seconds, if it said."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RecordsUnavailable(TransientError):
    """Redis did not answer."""


class KeysUnavailable(TransientError):
    """A token issuer's published keys cannot be had, or were fetched too long ago."""


class AuthorError(HooklineError):
    """The commit or a document in it must change; trying again gives the same answer."""


class BadDocument(AuthorError):
    """A file is not what Kubernetes would read; ``line`` counts from 1, 0 when the whole file is meant."""

    def __init__(self, message: str, file: str = "", line: int = 0) -> None:
        where = f"{file}:{line}: " if file and line else f"{file}: " if file else ""
        super().__init__(where + message)
        self.file = file
        self.line = line


class BadDeclaration(BadDocument):
    """An app document says something Hookline cannot do; ``field`` is its dotted path."""

    def __init__(self, message: str, file: str = "", line: int = 0, field: str = "") -> None:
        super().__init__(f"{field}: {message}" if field else message, file, line)
        self.field = field


class RenderFailed(AuthorError):
    """A renderer refused the folder; the message carries its own words."""


class SourceMissing(AuthorError):
    """The repository has no such branch, tag, commit or path."""


class CommitGone(SourceMissing):
    """The Git server was asked for a commit by its id and does not have it, or gives none so."""


class SubmoduleRefused(SourceMissing):
    """A folder that is read is a submodule that the operator did not allow, or that cannot be had."""


class SignatureMissing(AuthorError):
    """A commit or tag is not signed by a key that counts for its repository."""


class ObjectRefused(AuthorError):
    """The API server or an admission webhook refused an object; ``field`` is its path in the object, if known."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class ObjectConflict(AuthorError):
    """Another field manager owns fields we would set; ``managers`` maps each manager to its fields."""

    def __init__(self, message: str, managers: dict[str, tuple[str, ...]]) -> None:
        super().__init__(message)
        self.managers = managers


class ObjectAwaited(TransientError):
    """Another app owns the object and may let go of it any moment."""


class ObjectClaimed(AuthorError):
    """Another app owns the object; neither app may fight over it."""


class IgnoredUnknown(AuthorError):
    """Which fields of an object are to be ignored cannot be found out, so nobody can say whether it differs."""


class PolicyRefused(AuthorError):
    """The app's project does not allow what it reads, where it writes or what."""


class TooMuch(AuthorError):
    """What a pull request brings would take more time or memory than a plan may."""


class HealthFailed(AuthorError):
    """Applied, but an object reports failure or did not become healthy in time."""


class OperatorError(HooklineError):
    """Configuration, rights or credentials must change."""


class BadConfiguration(OperatorError):
    """The configuration is wrong; ``line`` counts from 1, 0 when no line can be named."""

    def __init__(self, message: str, file: str = "", line: int = 0, field: str = "") -> None:
        where = f"{file}:{line}: " if file and line else f"{file}: " if file else ""
        super().__init__(where + (f"{field}: {message}" if field else message))
        self.file = file
        self.line = line
        self.field = field


class AccessDenied(OperatorError):
    """RBAC, a Git server or a forge refused our credentials."""


class UnknownName(OperatorError):
    """A hook, app or cluster of that name is not configured."""


class BadOrder(OperatorError):
    """What a person asked for cannot be done as things are, or something is missing in it, such as a reason."""
