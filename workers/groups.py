"""Groups of settings that stand for themselves: catalogs, and how a sync behaves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from workers import secretrefs

SecretRef = Annotated[str, AfterValidator(secretrefs.reference)]
Seconds = Annotated[float, Field(gt=0)]


class Group(BaseModel):
    """A themed group of settings: unknown fields are errors, values are frozen."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class GitCatalog(Group):
    """A folder of a Git repository that declares apps; it is synced like one, on every push to it."""

    url: str
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


class Sync(Group):
    """How a sync behaves when things are slow or broken."""

    sweep_every: Seconds = 60.0
    """The loop that makes right what events missed. Git hosts drop deliveries; one minute bounds the harm."""
    sweep_drift: bool = True
    """Whether the sweep compares live objects too (the watch finds drift sooner)."""
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
    concurrency: int = Field(default=2, ge=1)
    """Syncs one worker runs at the same time."""
