"""What a chart in Git depends on and does not hold: named by its ``Chart.lock``, in one version each. Pure.

The files are Helm's ("Chart Dependencies"): ``dependencies`` of ``Chart.yaml`` say which versions may be, those of
``Chart.lock`` which ones are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import git

from workers import documents, packaged, revisions
from workers.errors import RenderFailed
from workers.git import trees

LOCK: Final = "Chart.lock"
MOST: Final = 50


class Dependency(NamedTuple):
    """A chart that has to be fetched: its URL as `workers.packaged` keeps it, its name and its version."""

    url: str
    name: str
    version: str


def missing(folder: git.Tree, shown: str) -> list[Dependency]:
    """Return what is locked, in a chart repository or a registry, and not in the ``charts`` folder.

    Without a lock that is nothing, and helm says what is missing. Raises :class:`RenderFailed` where the two files say
    different things.
    """
    files = {str(blob.name): blob for blob in folder.blobs}
    if LOCK not in files or "Chart.yaml" not in files:
        return []
    wanted, locked = (_listed(files[name], f"{shown}/{name}") for name in ("Chart.yaml", LOCK))
    versions = {(str(one.get("name")), str(one.get("repository"))): str(one.get("version")) for one in locked}
    held = [str(item.name) for below in folder.trees if below.name == "charts" for item in below]
    found: dict[str, Dependency] = {}
    for one in wanted:
        name, repository = str(one.get("name")), str(one.get("repository") or "")
        if not repository.startswith(("https://", "http://", packaged.OCI)):
            continue  # below the chart, or a name that only one machine knows
        version = versions.get((name, repository))
        if version is None or not _fits(str(one.get("version") or "*"), version):
            words = f"does not lock {name} as Chart.yaml wants it: run `helm dependency update` and commit it"
            raise RenderFailed(f"{shown}/{LOCK} {words}")
        if any(item == name or (item.startswith(f"{name}-") and item.endswith(".tgz")) for item in held):
            continue
        try:
            found[name] = Dependency(packaged.address(repository, name), name, version)
        except ValueError as error:
            raise RenderFailed(f"{shown}/Chart.yaml: dependency {name}: {error}") from None
    if len(found) > MOST:
        raise RenderFailed(f"{shown}/{LOCK} names more than {MOST} charts that are not in its charts folder")
    return list(found.values())


def _listed(blob: git.Blob, shown: str) -> list[Mapping[str, Any]]:
    if blob.mode == trees.LINK:
        raise RenderFailed(f"{shown} is a link, which a chart may not hold: commit the file itself")
    read = documents.read(trees.content(blob), shown)
    said = read[0].value.get("dependencies") if read and isinstance(read[0].value, dict) else None
    return [one for one in said if isinstance(one, dict)] if isinstance(said, list) else []


def _fits(wanted: str, version: str) -> bool:
    tag = f"refs/tags/{version}"
    return revisions.pick(packaged.revision(wanted), [tag]) == tag
