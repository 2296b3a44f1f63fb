"""Sources that are no Git repositories: a chart of a chart repository, and an artifact of a registry. Pure.

A chart repository has an https URL and its chart's name beside it; an artifact has a URL that begins with ``oci://``.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

OCI: Final = "oci://"
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_PART: Final = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
"""A segment of a repository's name (OCI distribution specification, "Pulling manifests")."""
_PARTIAL: Final = re.compile(r"[vV]?[0-9]+(\.[0-9]+)?")
_HUB: Final = frozenset({"docker.io", "index.docker.io"})


def is_packaged(url: str, chart: str) -> bool:
    """Whether a source is a chart or an artifact and no Git repository."""
    return bool(chart) or url.startswith(OCI)


def address(url: str, chart: str) -> str:
    """Return the URL of a source as it is kept: a registry without a scheme (as Argo CD writes it) gets ``oci://``.

    Raises ``ValueError``, one sentence without the URL (it may hold a password), for one that nothing is fetched from.
    """
    full = url if "://" in url else f"{OCI}{url}"
    try:
        parts = urlsplit(full)
        host, _ = parts.hostname or "", parts.port
    except ValueError:  # half an IPv6 address, or a port that is none
        raise ValueError("this is no URL: expected https://host/path, or oci://host/path for a registry") from None
    if not full.isascii() or not full.isprintable() or set(full) & set(" \\%?#@\"'<>"):
        raise ValueError("expected a URL without user, query, fragment, spaces and percent signs")
    if parts.scheme not in ("https", "http", "oci") or not host:
        raise ValueError("expected a URL that begins with https://, or oci:// for a registry")
    segments = [one for one in parts.path.strip("/").split("/") if one]
    if set(segments) & {".", ".."}:
        raise ValueError("expected a URL without `.` and `..`")
    if parts.scheme != "oci":
        if not NAME.fullmatch(chart):
            raise ValueError("expected the name of one chart in `chart`")
        return f"{parts.scheme}://{parts.netloc.lower()}{''.join(f'/{one}' for one in segments)}"
    names = [*segments, *(chart.split("/") if chart else ())]
    if not names or not all(_PART.fullmatch(one) for one in names):
        raise ValueError("expected a repository of a registry: segments of lower-case letters, digits, `.`, `_`, `-`")
    return f"{OCI}{parts.netloc.lower()}{''.join(f'/{one}' for one in segments)}"


def revision(said: str) -> str:
    """Return which versions of a chart are meant: any without a word, and of part of a number all that begin so."""
    said = said.strip()
    return f"{said}.x" if _PARTIAL.fullmatch(said) else said or "*"


def repository(url: str, chart: str) -> tuple[str, str]:
    """Return the host (with its port) and the repository of an artifact. An artifact of Docker Hub has its own host."""
    host, _, path = url.removeprefix(OCI).partition("/")
    return "registry-1.docker.io" if host in _HUB else host, "/".join(filter(None, (path, chart)))


def web(url: str, chart: str) -> str:
    """Return the https URL of a source, by which its credential is found."""
    return f"https://{'/'.join(repository(url, chart))}" if url.startswith(OCI) else url


def shown(url: str, chart: str) -> str:
    """Return what people call a source."""
    return "/".join(filter(None, (url, chart))) if url.startswith(OCI) else f"chart {chart} of {url}"
