"""Groups of settings that stand for themselves: catalogs, and how a sync behaves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from workers import jq, secretrefs
from workers.alert import Kind
from workers.policies import Ignored

SecretRef = Annotated[str, AfterValidator(secretrefs.reference)]
Seconds = Annotated[float, Field(gt=0)]


def _pointer(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError(f"expected a JSON pointer such as /spec/replicas, not {text!r}")
    return text


def _expression(text: str) -> str:
    if problem := jq.check(text):
        raise ValueError(f"{text!r} is no jq path expression: it {problem}")
    return text


class Group(BaseModel):
    """A themed group of settings: unknown fields are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class GitCatalog(Group):
    """A folder of a Git repository that declares apps; it is synced like one, on every push to it."""

    url: str
    """The repository, https or ssh."""
    revision: str = "HEAD"
    """A branch, tag, full ref or commit."""
    path: str = "."
    """The folder; every manifest below it counts."""


class Catalog(Group):
    """Where apps are declared."""

    folders: tuple[Path, ...] = (Path("catalog"),)
    """Folders on this machine. With ``git`` alone, say ``folders: []``."""
    git: dict[str, GitCatalog] = {}
    """Folders of repositories, by a name of yours; each shows up as the app ``catalog-<name>``."""


class IgnoredDifferences(Group):
    """Fields of some objects that somebody else writes, in every app. The names are those of an `ignoreDifferences`
    entry of Argo CD's Application; there it is `resource.customizations.ignoreDifferences.<group>_<Kind>`, or `all`.
    """

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, validate_by_alias=True)

    group: str = "*"
    """A glob over API groups; `""` is the core group."""
    kind: str = "*"
    """A glob over kinds."""
    name: str = ""
    """One object's name."""
    namespace: str = ""
    """One namespace."""
    json_pointers: tuple[Annotated[str, AfterValidator(_pointer)], ...] = ()
    """Fields as JSON pointers, such as `/spec/replicas`."""
    jq_path_expressions: tuple[Annotated[str, AfterValidator(_expression)], ...] = ()
    """Fields as jq path expressions."""
    managed_fields_managers: tuple[str, ...] = ()
    """All fields that these field managers own."""

    def rule(self) -> Ignored:
        """Return the rule."""
        return Ignored(
            self.group,
            self.kind,
            self.name,
            self.namespace,
            self.json_pointers,
            self.jq_path_expressions,
            self.managed_fields_managers,
        )


class Health(Group):
    """Checks in Lua, in Argo CD's format, that judge objects before Hookline's own rules do (`docs/health.md`)."""

    folders: tuple[Path, ...] = ()
    """Folders of ``<group>/<Kind>/health.lua``; ``_`` in a name stands for any text."""
    configmaps: tuple[Path, ...] = ()
    """Files with Argo CD's ConfigMap ``argocd-cm``, read as it is: only its health checks count."""


class Target(Group):
    """One place that alerts are sent to: a chat, a mailbox, a pager, a webhook … Its name is a key of yours."""

    url: SecretRef
    """A reference to the URL of the service as [apprise](https://github.com/caronc/apprise/wiki) writes it."""
    apps: tuple[str, ...] = ("*",)
    """Globs over the names of apps; empty for only those that name the target in `hookline.dev/alerts`."""
    projects: tuple[str, ...] = ("*",)
    """Globs over the names of projects; also an app that names the target has to be in one of them."""
    kinds: tuple[Kind, ...] = ()
    """Only these kinds of alerts; without any, all of them."""
    group_seconds: float = Field(default=5.0, ge=0)
    """Seconds that an alert waits for others to join its message; 0 for the next tick."""
    most_per_minute: int = Field(default=6, ge=1)
    """Messages in a minute. What exceeds that is joined into the next one."""


class Alerts(Group):
    """Who is told of failures, drift and recoveries."""

    targets: dict[Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")], Target] = {}
    """Where alerts are sent, by a name of yours."""
    events: bool = True
    """Whether alerts become Kubernetes Events too."""
    again_after: Seconds = 86400.0
    """How long the same trouble of an app at the same commit is not told again; its end forgets that."""
    timeout: Seconds = 10.0
    """How long one message may take; a service that hangs is left then, and tried again later."""


class Sync(Group):
    """How a sync behaves when things are slow or broken."""

    sweep_every: Seconds = 60.0
    """The loop that makes right what events missed. Git hosts drop deliveries; one minute bounds the harm."""
    sweep_drift: bool = True
    """Whether the sweep compares live objects too (the watch finds drift sooner)."""
    drift_rounds: int = Field(default=5, ge=1)
    """How often an object is repaired within 10 minutes before it counts as fought over and is left alone."""
    drift_backoff: Seconds = 1.0
    """The wait between the first repair of an object and its second; doubled after each."""
    tick_every: Seconds = 2.0
    """How often unsent requests, due waits and unwritten statuses are looked for (reads of Redis only)."""
    lease: Seconds = 15.0
    """A worker that died is noticed after this long; renewed every third of it."""
    health_timeout: Seconds = 300.0
    """How long an app may take to become healthy before its commit is reported as failed."""
    hook_timeout: Seconds = 3600.0
    """How long a hook (a migration Job, say) may take before its sync is reported as failed."""
    retry_limit: int = Field(default=5, ge=0)
    """Attempts after a transient failure before the commit is reported as failed (Argo CD's default)."""
    retry_first: Seconds = 1.0
    retry_most: Seconds = 60.0
    parallel: int = Field(default=8, ge=1, le=64)
    """Objects of one apply group written at the same time."""
    prune_most: int = Field(default=100, ge=0)
    """More deletions than this in one sync wait for a person: `hookline approve`, or the Application's annotation
    argocd.argoproj.io/deletion-approved."""
    prune_percent: int = Field(default=75, ge=0, le=100)
    """So do deletions of more than this share of an app's objects, where it has ten at least."""
    remove_most: int = Field(default=10, ge=0)
    """Of more apps than this that leave the catalog at once, nothing is deleted until a person says so:
    `hookline approve`."""
    remove_percent: int = Field(default=50, ge=0, le=100)
    """So it is when more than this share of a catalog of ten or more apps leaves."""
    concurrency: int = Field(default=2, ge=1)
    """Syncs one worker runs at the same time."""
    plans: int = Field(default=1, ge=1)
    """Plans of pull requests that all workers together make at the same time: with fewer than they have places for
    syncs, no sync ever waits for a plan."""


class Holds(Group):
    """How long people may keep Hookline from doing what Git says."""

    longest: Seconds = 24 * 3600.0
    """The longest a hold or an exception may last."""
