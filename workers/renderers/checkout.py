"""Writes folders of a commit where a renderer may read them: plain files only, bounded, and nothing beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import git

from workers.errors import RenderFailed
from workers.git import objects, trees
from workers.git.trees import MOST_BYTES, MOST_FILES, Tree
from workers.renderers.sourceignore import Counts, everything


def write(
    tree: Tree, places: Iterable[str], target: Path, clear: Mapping[str, bytes], counts: Counts = everything
) -> None:
    """Write the files in and below some folders of a commit below ``target``; a place may be a file as well.

    Links and submodules are left out, so no path leads outside, and what does not count. ``clear`` has other contents
    by path. Raises :class:`RenderFailed` for a name that is none, and for more than we take.
    """
    files, size = 0, 0
    for path, blob in chosen(tree, places, counts):
        files, size = files + 1, size + blob.size
        if files > MOST_FILES or size > MOST_BYTES:
            raise RenderFailed(
                f"{path}: what is rendered together has more than {MOST_FILES} files or {MOST_BYTES >> 20} MiB: name"
                " smaller folders"
            )
        place = target / path
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(clear[path] if path in clear else trees.content(blob))
        except (OSError, ValueError) as error:
            raise RenderFailed(f"{path!r} cannot be written out ({type(error).__name__}): rename it") from None


def chosen(tree: Tree, places: Iterable[str], counts: Counts = everything) -> Iterator[tuple[str, git.Blob]]:
    """Yield the plain files that :func:`write` writes, each once, however the places lie in each other.

    What a clone without files lacks of the folders is brought here first, at once. Raises as `Tree.refuse_links` does.
    """
    whole: list[str] = []
    places = list(places)
    folders = [tree.folder(one) for one in places if tree.object_id(one)]
    objects.complete(folders)
    tree.refuse_links(folders, counts)
    for place in sorted(places, key=lambda path: (path.count("/"), path)):
        if any(above == "." or place.startswith(f"{above}/") for above in whole):
            continue
        if (blob := tree.file(place)) is not None:
            found: Iterable[tuple[str, git.Blob]] = [(place, blob)]
        elif tree.object_id(place):
            whole.append(place)
            found = files(tree.folder(place), "" if place == "." else f"{place}/")
        else:
            continue
        yield from ((path, blob) for path, blob in found if counts(path, False))


def files(folder: git.Tree, above: str = "") -> Iterator[tuple[str, git.Blob]]:
    """Yield the plain files in and below a folder, by ``above`` and their path from there.

    Raises :class:`RenderFailed` for a name that Git's own tools would refuse, for it could lead elsewhere.
    """
    stack = [(folder, above)]
    while stack:
        here, begin = stack.pop()
        for item in here:
            if not isinstance(item, git.Tree | git.Blob) or item.mode == trees.LINK:
                continue
            name = str(item.name)
            if name in ("", ".", "..") or "/" in name or "\0" in name:
                raise RenderFailed(f"{begin}{name!r} is no name of a file: rename it")
            if isinstance(item, git.Tree):
                stack.append((item, f"{begin}{name}/"))
            else:
                yield f"{begin}{name}", item
