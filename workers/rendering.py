"""Groups of settings: what renders, and what is fetched to be rendered."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from workers.groups import Group, Seconds


class Charts(Group):
    """What is fetched from chart repositories and registries, and how much of it (`docs/helm.md`)."""

    index_size: int = Field(default=64 * 1024 * 1024, ge=1024)
    """Bytes of a chart repository's index."""
    archive_size: int = Field(default=32 * 1024 * 1024, ge=1024)
    """Bytes of one archive."""
    unpacked_size: int = Field(default=64 * 1024 * 1024, ge=1024)
    """Bytes of what is in an archive."""
    files: int = Field(default=10_000, ge=1)
    """Files in an archive."""
    seconds: Seconds = 60.0
    """Seconds for one answer to arrive."""
    plain_http: bool = False
    """Whether http is fetched from, too: whoever is on the way may then read and change what comes."""
    internal: tuple[str, ...] = ()
    """Globs over the hosts that may have internal addresses, such as `*.svc.cluster.local`. Without a glob that fits,
    a chart is fetched from public addresses only: else whoever writes a URL could ask what is inside."""
    disk: int = Field(default=2 * 1024**3, ge=1024 * 1024)
    """Bytes that unpacked archives may take on disk; what was not used for longest goes first."""


class Kustomize(Group):
    """What builds kustomizations."""

    binary: Path | None = None
    """The `kustomize` binary; without it `$KUSTOMIZE`, else the Kustomize inside the `kubectl` that comes along, which
    takes three times as long to start."""
    versions: dict[str, Path] = {}  # noqa: RUF012 -- pydantic copies it
    """Other binaries by version (v5.4.3), for apps that say one in `spec.source.kustomize.version`."""
    helm_charts: bool = False
    """Whether a kustomization may hold `helmCharts`; the charts are those in the repository, nothing is fetched."""
