"""What rendering a chart reads and says to helm: looked up in Git's trees before anything runs.

What goes before what is Argo CD's ("Helm Value Precedence" in its guide): the chart's own values, value files in their
order, values in the app, parameters, parameters from files.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from workers.apps import App
from workers.errors import RenderFailed
from workers.git import objects, trees
from workers.git.trees import Tree
from workers.given import Cluster
from workers.policies import Helm
from workers.renderers import charts, valuefiles
from workers.renderers.valuefiles import File

_UNSET: Final = Helm()
_VARIABLE: Final = re.compile(r"\$(?:\{(?P<braced>[^}]*)\}|(?P<name>[A-Za-z0-9_]+)|(?P<escaped>\$))")


Depends = Sequence[tuple[str, Tree]]
"""Charts by their names."""


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a rendering of one chart is made of, looked up and not yet run."""

    chart: str
    tree: str
    release: str
    namespace: str
    values: tuple[File, ...]
    inline: str
    sets: tuple[tuple[str, str], ...]
    """(flag, ``name=value``), in helm's order."""
    files: tuple[tuple[str, File], ...]
    flags: tuple[str, ...]
    version: str
    apis: tuple[str, ...]
    counts: tuple[bool, tuple[str, ...]]
    """Whether the cluster's version is part of the inputs, and which APIs are."""
    bare: bool = False
    """Whether the chart's own values do not count."""
    secret: bool = False
    depends: tuple[tuple[str, Tree], ...] = ()
    """Whether the inline values may hold what only the cluster knows."""


def plan(
    tree: Tree, app: App, refs: Mapping[str, Tree], cluster: Cluster, inside: str = "", depends: Depends = ()
) -> Plan:
    """Look up what rendering ``app`` reads; ``refs`` are the files of its sources by their ``ref``, ``inside`` are the
    app's values with those of the cluster, "" for its own alone, ``depends`` are charts that go into its `charts`.

    Raises :class:`RenderFailed` for what is missing or refused.
    """
    said = app.build.helm or _UNSET
    folder = tree.folder(app.path)
    path = "" if app.path in (".", "") else app.path.strip("/")
    if not any(blob.name == charts.NAME for blob in folder.blobs):
        raise RenderFailed(f"{path or 'the root'} has no {charts.NAME}, so it is no chart: correct spec.source.path")
    objects.complete([folder])
    fill = functools.partial(substituted, variables=environment(tree, app))
    entries = [_entry(entry, fill) for entry in said.value_files]
    values = valuefiles.values(tree, path, entries, refs, ignore_missing=said.ignore_missing)
    files = tuple(
        (_file_name(name), valuefiles.parameter(tree, path, _entry(place, fill), refs))
        for name, place in said.file_parameters
    )
    sets = [*{name: value for name, value, text in said.parameters if not text}.items()]
    texts = [*{name: value for name, value, text in said.parameters if text}.items()]
    apis = said.api_versions or cluster.apis
    read = [*(trees.content(file.blob) for file in values), (inside or said.values).encode()]
    return Plan(
        chart=path,
        tree=str(folder.hexsha),
        release=said.release or app.name,
        namespace=said.namespace or app.namespace,
        values=tuple(values),
        inline=inside or said.values,
        sets=(
            *(("--set", f"{name}={escaped(fill(value))}") for name, value in sets),
            *(("--set-string", f"{name}={escaped(fill(value))}") for name, value in texts),
        ),
        files=files,
        flags=(
            *(() if said.skip_crds else ("--include-crds",)),
            *(("--skip-tests",) if said.skip_tests else ()),
            *(("--skip-schema-validation",) if said.skip_schema else ()),
        ),
        version=said.kube_version or cluster.version,
        apis=apis,
        counts=(True, tuple(apis)) if depends else charts.asked(folder, path, read, apis),
        bare=said.bare,
        secret=bool(inside),
        depends=tuple(depends),
    )


def escaped(value: str) -> str:
    """Return a parameter's value as ``--set`` takes it: a comma begins nothing new, but in a ``{list}``."""
    return value if value.startswith("{") and value.endswith("}") else re.sub(r"(?<!\\),", r"\\,", value)


def environment(tree: Tree, app: App) -> dict[str, str]:
    """Return the build environment (Argo CD's word) that parameters and file names may use as ``$NAME``."""
    return {
        "ARGOCD_APP_NAME": app.name,
        "ARGOCD_APP_NAMESPACE": app.namespace,
        "ARGOCD_APP_PROJECT_NAME": app.project,
        "ARGOCD_APP_REVISION": tree.revision,
        "ARGOCD_APP_REVISION_SHORT": tree.revision[:7],
        "ARGOCD_APP_REVISION_SHORT_8": tree.revision[:8],
        "ARGOCD_APP_SOURCE_PATH": app.path,
        "ARGOCD_APP_SOURCE_REPO_URL": app.url,
        "ARGOCD_APP_SOURCE_TARGET_REVISION": app.revision,
    }


def substituted(text: str, variables: dict[str, str]) -> str:
    """Replace ``$NAME`` and ``${NAME}``; one that nobody knows is nothing, and ``$$`` a dollar (as in Argo CD)."""

    def one(match: re.Match[str]) -> str:
        return "$" if match["escaped"] else variables.get(match["braced"] or match["name"] or "", "")

    return _VARIABLE.sub(one, text) if "$" in text else text


def _entry(text: str, fill: Callable[[str], str]) -> str:
    """Return a file's name with the build environment put in; a ``$ref`` before it stays."""
    head, slash, rest = text.partition("/")
    return f"{head}{slash}{fill(rest)}" if head.startswith("$") and "ARGOCD_" not in head else fill(text)


def _file_name(name: str) -> str:
    """Return a file parameter's name, which may not begin a second one: that would read any file there is."""
    if re.search(r"[,={}]", name):
        raise RenderFailed(f"file parameter {name}: expected a plain name such as config.file, without , = {{ or }}")
    return name
