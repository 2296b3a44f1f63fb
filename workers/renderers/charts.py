"""Charts in a commit: which folder is one, what of the cluster it asks, and a copy of it without links."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

import git

from workers import kustomization
from workers.apps import App
from workers.errors import RenderFailed
from workers.git import objects, trees
from workers.git.trees import MOST_BYTES, MOST_FILES, Tree
from workers.policies import NOTHING_BUILT
from workers.renderers import schemas
from workers.renderers.lately import Lately

NAME: Final = "Chart.yaml"
PACKED: Final = (".tgz", ".tar.gz")
_ASKS: Final = re.compile(rb"Capabilities|kubeVersion")
_GROUP: Final = re.compile(rb"[a-z0-9][a-z0-9.-]*(?=/)")


def is_chart(tree: Tree, app: App) -> bool:
    """Whether ``app`` is rendered by helm: it says so, or its folder holds a chart and it says nothing of a tool.

    A folder that has a kustomization as well is Kustomize's (as in Argo CD). Flux's Kustomizations know no charts.
    """
    if app.build.helm is not None:
        return True
    if app.kind != "Application" or app.build != NOTHING_BUILT:
        return False
    folder = tree.folder(app.path)
    return tree.file(posixpath.join(app.path, NAME)) is not None and kustomization.file_of(folder) is None


def asked(folder: git.Tree, path: str, texts: Iterable[bytes], apis: Sequence[str]) -> tuple[bool, tuple[str, ...]]:
    """Return whether the cluster's version counts for the chart at ``path``, and which of the cluster's APIs do.

    A chart whose files and ``texts`` (its values) never say "Capabilities" or "kubeVersion" cannot tell one cluster
    from another. Of the APIs those count whose group it names; a packed dependency may name any. Without this, every
    new kind in a cluster would render every chart anew. A group that a template puts together from parts is missed
    until something else changes; whatever is rendered sees all APIs.
    """
    asks, packed, groups = _said(folder, path)
    for text in texts:
        asks = asks or bool(_ASKS.search(text))
        groups |= frozenset(_GROUP.findall(text))
    if not (asks or packed):
        return False, ()
    return True, tuple(api for api in apis if packed or api.partition("/")[0].encode() in groups)


_lately: Final = Lately[tuple[bool, bool, frozenset[bytes]]](256)
"""What was found in a chart, by its tree's id: the same id is the same content in every repository."""


def _said(folder: git.Tree, path: str) -> tuple[bool, bool, frozenset[bytes]]:
    """Return of a chart: whether it asks of the cluster, whether it has packed dependencies, the groups it names."""
    tree = str(folder.hexsha)
    if (known := _lately.get(tree)) is not None:
        return known
    asks, packed, groups = False, False, set[bytes]()
    for name, blob in _files(folder, path):
        if name.endswith(PACKED):
            packed = True
        else:
            text = trees.content(blob)
            asks = asks or bool(_ASKS.search(text))
            groups.update(_GROUP.findall(text))
    return _lately.put(tree, (asks, packed, frozenset(groups)))


def write(folder: git.Tree, path: str, target: Path) -> None:
    """Write the chart ``folder``, which is at ``path`` of its repository, below ``target``.

    Raises :class:`RenderFailed` for what no chart may hold: a link, a submodule, a name that is none, too much.
    """
    for name, blob in _files(folder, path):
        place = target / name
        try:
            content = trees.content(blob)
            if place.name == schemas.NAME:
                schemas.refuse(content, f"{path}/{name}" if path else name)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        except (OSError, ValueError) as error:
            raise RenderFailed(f"{path}/{name!r} cannot be written out ({type(error).__name__}): rename it") from None


def _files(folder: git.Tree, path: str) -> Iterator[tuple[str, git.Blob]]:
    """Yield the files below a folder by their path from there."""
    shown = f"{path}/" if path else ""
    stack, files, size = [(folder, "")], 0, 0
    objects.complete([folder])
    while stack:
        here, above = stack.pop()
        for item in here:
            own = posixpath.basename(str(item.path))  # a submodule has no name of its own here
            name = f"{above}{own}"
            if own in ("", ".", ".."):
                raise RenderFailed(f"{shown}{name!r} is no name of a file: rename it")
            if isinstance(item, git.Tree):
                stack.append((item, f"{name}/"))
                continue
            if item.mode == trees.LINK:
                raise RenderFailed(f"{shown}{name} is a link, which a chart may not hold: commit the file itself")
            if not isinstance(item, git.Blob):
                raise RenderFailed(f"{shown}{name} is a submodule, which a chart may not hold: commit its files")
            files, size = files + 1, size + item.size
            if files > MOST_FILES or size > MOST_BYTES:
                raise RenderFailed(
                    f"the chart {path} has more than {MOST_FILES} files or {MOST_BYTES >> 20} MiB: make it smaller"
                )
            yield name, item
