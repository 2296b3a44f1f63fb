"""What no kustomization may ask for, found before anything runs: what is remote, and charts beyond its own. Pure.

Kustomize would fetch a remote base with git, any file by URL over HTTP, and a chart with helm. What it says to helm is
looked at as well: a name that begins with ``-`` would be an option of helm's. Field facts: Kustomize's own reference
of ``resources`` and ``helmCharts``, and its HelmChartInflationGenerator.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from workers import kustomization
from workers.errors import RenderFailed
from workers.renderers import named

_REMOTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/|[^/\s:]+@[^/\s:]+:|git::|gh:|(www\.)?github\.com[/:]")
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_CHART_WORDS: Final = ("name", "version", "releaseName", "namespace", "kubeVersion")
_BY_PLUGIN: Final = ("generators", "transformers", "validators")
FETCHED: Final = "nothing is fetched while rendering: commit it, and name its folder"


def refuse(shown: str, said: Mapping[str, Any], folder: str, has: Callable[[str], bool], *, charts: bool) -> None:
    """Look at one kustomization, the file ``shown`` in ``folder``; ``has`` tells whether the commit has a path.

    ``charts`` is whether kustomizations may hold charts. Raises :class:`RenderFailed` naming file and field.
    """
    for field, entry in named.paths(said):
        here = posixpath.normpath(posixpath.join(folder, entry))
        if _REMOTE.match(entry) and not has(here):
            raise RenderFailed(f"{shown}: {field}: {entry} is remote, and {FETCHED}")
    if said.get("helmChartInflationGenerator"):
        raise RenderFailed(f"{shown}: helmChartInflationGenerator: no longer served by Kustomize: write `helmCharts`")
    if said.get("helmCharts"):
        _charts(shown, said, folder, has, allowed=charts)


def _charts(shown: str, said: Mapping[str, Any], folder: str, has: Callable[[str], bool], *, allowed: bool) -> None:
    if not allowed:
        raise RenderFailed(
            f"{shown}: helmCharts: charts in a kustomization are not allowed here: make the chart an app of its own,"
            " or set `kustomize.helm_charts`"
        )
    if by := next((field for field in _BY_PLUGIN if said.get(field)), ""):
        raise RenderFailed(f"{shown}: {by}: not together with helmCharts, for it could render any chart: split them")
    home = posixpath.normpath(posixpath.join(folder, kustomization.chart_home(said)))
    if home.startswith(("..", "/")):
        raise RenderFailed(f"{shown}: helmGlobals.chartHome leads out of the repository: correct it")
    for at, chart in enumerate(said["helmCharts"] if isinstance(said["helmCharts"], list) else ()):
        _chart(f"{shown}: helmCharts[{at}]", chart, home, has)


def _chart(place: str, chart: Any, home: str, has: Callable[[str], bool]) -> None:
    if not isinstance(chart, dict):
        raise RenderFailed(f"{place}: expected a mapping")
    for field in _CHART_WORDS:
        if chart.get(field) and not _WORD.fullmatch(str(chart[field])):
            raise RenderFailed(f"{place}.{field}: expected a plain word")
    if str(chart.get("nameTemplate", "")).startswith("-"):
        raise RenderFailed(f"{place}.nameTemplate: expected a template of a name")
    if not all(_WORD.match(str(api)) for api in named.listed(chart, "apiVersions")):
        raise RenderFailed(f"{place}.apiVersions: expected versions such as apps/v1")
    version = f"{chart.get('name')}-{chart['version']}/" if chart.get("version") and chart.get("repo") else ""
    path = posixpath.normpath(f"{home}/{version}{chart.get('name')}")
    if not has(path):
        raise RenderFailed(
            f"{place}: there is no folder {path}, and nothing is fetched while rendering: run `helm pull --untar"
            f" --untardir {posixpath.dirname(path)}` and commit it"
        )
