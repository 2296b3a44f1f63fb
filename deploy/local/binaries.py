"""Which binaries we need, where they are, and where they come from. Pure but for looking at files.

Nobody ships kube-apiserver, etcd, Gitea and Vault as a package, so Go builds them from the folders in ``binaries/``,
once, into a cache folder whose name holds a digest of all that goes into them: a version bump is a new folder, never a
stale binary. ``$KUBEBUILDER_ASSETS``, the convention of envtest, goes before.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from workers.errors import BadConfiguration, OperatorError

SOURCES = Path(__file__).parent / "binaries"
STAGES = "stages.yaml"
"""Beside kwok's binary: how its simulated nodes, pods and volumes behave."""
_STAGE_FOLDERS = ("kustomize/stage/node/fast", "kustomize/stage/pod/fast", "kustomize/stage/volume/fast")
_REQUIRED = ("etcd", "kube-apiserver")


class BinariesMissing(OperatorError):
    """Something is not built yet and the caller did not want to build."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One Go module and what to build of it.

    ``name`` is its folder in ``root``; ``commands`` maps a binary's name to its Go package; ``stamped`` names modules
    whose versions are stamped into the binaries, each with the Go variable that takes it, or "" for the way Kubernetes'
    own build does it; ``tags`` are build tags. Beside the binaries come ``folders`` of module ``copied``, or its
    ``Stage`` documents when no folder is named.
    """

    name: str
    commands: tuple[tuple[str, str], ...]
    stamped: tuple[tuple[str, str], ...] = ()
    copied: str = ""
    folders: tuple[str, ...] = ()
    tags: str = ""
    root: Path = SOURCES

    @property
    def source(self) -> Path:
        """The folder with go.mod and go.sum."""
        return self.root / self.name

    def only(self, names: frozenset[str]) -> Recipe:
        """Return the recipe for some of the binaries."""
        return replace(self, commands=tuple(command for command in self.commands if command[0] in names))


_HELM, _KUSTOMIZE, _KUBERNETES = "helm.sh/helm/v4", "sigs.k8s.io/kustomize", "k8s.io/kubernetes"
_SERVERS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
CLUSTER = Recipe(
    "cluster",
    (
        ("etcd", "go.etcd.io/etcd/server/v3"), ("helm", f"{_HELM}/cmd/helm"),
        *((name, f"{_KUBERNETES}/cmd/{name}") for name in _SERVERS),
        ("kustomize", f"{_KUSTOMIZE}/kustomize/v5"), ("kwok", "sigs.k8s.io/kwok/cmd/kwok"),
        ("registry", "github.com/google/go-containerregistry/cmd/registry"),
    ),
    stamped=(
        (_KUBERNETES, ""), (_HELM, f"{_HELM}/internal/version.version"),
        (f"{_KUSTOMIZE}/kustomize/v5", f"{_KUSTOMIZE}/api/provenance.version"),
    ),
    copied="sigs.k8s.io/kwok",
)  # fmt: skip
"""One module for all: what several of them are made of has one version, and is compiled once."""
RECIPES = (CLUSTER,)
GITEA = Recipe(
    "gitea", (("gitea", "code.gitea.io/gitea"),), copied="code.gitea.io/gitea",
    folders=("options", "public", "templates"), tags="sqlite")  # fmt: skip
"""A forge, for who asks for one: a cluster does without."""
VAULT = Recipe("vault", (("vault", "./server"),))
"""What holds keys of encrypted files: its core and one engine, put together in ``server``."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """Where everything is: binary name to path, and kwok's stages."""

    paths: Mapping[str, Path]
    stages: Path

    def __getitem__(self, name: str) -> Path:
        return self.paths[name]


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return ``$HOOKLINE_CACHE``, else ``hookline`` in ``$XDG_CACHE_HOME`` or ``~/.cache``; it need not exist."""
    if chosen := environ.get("HOOKLINE_CACHE"):
        return Path(chosen).expanduser().absolute()
    base = environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / "hookline"


def assets(environ: Mapping[str, str] = os.environ) -> dict[str, Path]:
    """Return name to path of the binaries in ``$KUBEBUILDER_ASSETS``; empty when it is not set.

    kwok is never taken from there, because its stages must be those of its own version. Raises
    :class:`BadConfiguration` when the folder has no etcd or no kube-apiserver.
    """
    chosen = environ.get("KUBEBUILDER_ASSETS")
    if not chosen:
        return {}
    folder = Path(chosen).expanduser().absolute()
    for name in _REQUIRED:
        if not os.access(folder / name, os.X_OK):
            raise BadConfiguration(
                f"KUBEBUILDER_ASSETS is {folder}, which has no executable {name}: "
                "unset it to build everything here, or point it at a folder with etcd and kube-apiserver"
            )
    names = (name for recipe in RECIPES for name, _ in recipe.commands if name != "kwok")
    return {name: folder / name for name in names if os.access(folder / name, os.X_OK)}


def wanted(environ: Mapping[str, str] = os.environ) -> list[Recipe]:
    """Return what has to come from the cache: every recipe, without the binaries that :func:`assets` has."""
    have = assets(environ)
    rest = (recipe.only(frozenset(name for name, _ in recipe.commands if name not in have)) for recipe in RECIPES)
    return [recipe for recipe in rest if recipe.commands]


def flags(recipe: Recipe) -> list[str]:
    """Return the flags of ``go build``: stripped, without machine paths, with the version stamp where one is needed.

    The stamp is what ``hack/lib/version.sh`` of Kubernetes sets. Without it the server calls itself v0.0.0 and
    clients refuse it. The version is read from go.mod. Raises :class:`BadConfiguration` when it is not in there.
    What a debugger reads is not even made: the linker would drop it, and it takes a seventh of the time.
    """
    ldflags = "-s -w"
    for module, variable in recipe.stamped:
        file = recipe.source / "go.mod"
        match = re.search(rf"^\s*{re.escape(module)}\s+v(\d+)\.(\d+)\.\S+", file.read_text("utf-8"), re.M)
        if match is None:
            raise BadConfiguration(f"no version of {module} is required", str(file))
        base, version = "k8s.io/component-base/version", match[0].split()[-1]
        stamp = {f"{base}.gitVersion": version, f"{base}.gitMajor": match[1], f"{base}.gitMinor": match[2]}
        stamp = {variable: version} if variable else stamp
        ldflags += "".join(f" -X {name}={value}" for name, value in stamp.items())
    return ["-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false", *tagged(recipe), f"-ldflags={ldflags}"]


def tagged(recipe: Recipe) -> list[str]:
    """Return the flags that choose which files of a package count."""
    return [f"-tags={recipe.tags}"] if recipe.tags else []


def key(recipe: Recipe) -> str:
    """Return 16 hexadecimal digits that change with anything that goes into the binaries but the Go version."""
    digest = hashlib.sha256()
    parts = [
        (recipe.source / "go.mod").read_bytes(),
        (recipe.source / "go.sum").read_bytes(),
        "\n".join([platform.system(), platform.machine(), *flags(recipe), *sum(recipe.commands, ())]).encode(),
        "\n".join(recipe.folders or _STAGE_FOLDERS if recipe.copied else ()).encode(),
        *(file.read_bytes() for file in sorted(recipe.source.rglob("*/*")) if file.is_file()),  # modules of our own
    ]
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:16]


def folder_of(recipe: Recipe, cache: Path) -> Path:
    """Return the folder of a recipe's binaries; it exists only when all of them are in it."""
    return cache / "binaries" / f"{recipe.name}-{key(recipe)}"


def stages_of(module: Path) -> str:
    """Return kwok's own fast ``Stage`` documents from its module's folder, as one YAML stream."""
    folders = (module / folder for folder in _STAGE_FOLDERS)
    texts = [file.read_text("utf-8") for folder in folders for file in sorted(folder.glob("*.yaml"))]
    return "---\n".join(text for text in texts if re.search(r"^kind: Stage$", text, re.M))


def built(recipe: Recipe, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of what is no part of a control plane, without building. Raises :class:`BinariesMissing`."""
    cache = cache_folder(environ)
    if not (folder := folder_of(recipe, cache)).is_dir():
        raise BinariesMissing(f"{recipe.name}: not in {cache} yet; build it with `make {recipe.name}`")
    return folder


def locate(environ: Mapping[str, str] = os.environ) -> Binaries:
    """Return where all binaries are, without building. Raises :class:`BinariesMissing` if one is not there."""
    cache, paths = cache_folder(environ), dict(assets(environ))
    for recipe in wanted(environ):
        folder = folder_of(recipe, cache)
        if not folder.is_dir():
            names = ", ".join(name for name, _ in recipe.commands)
            raise BinariesMissing(f"{names}: not in {cache} yet; build them with `make binaries`")
        paths.update({name: folder / name for name, _ in recipe.commands})
    return Binaries(paths, paths["kwok"].with_name(STAGES))
