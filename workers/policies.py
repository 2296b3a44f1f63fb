"""Parts of an app that are values of their own: how it is built, tried again, compared and judged. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Pairs = tuple[tuple[str, str], ...]
"""A mapping as sorted pairs: it can be compared and hashed."""


class DriftMode(StrEnum):
    """What is done about live objects that are no longer as they were applied."""

    OFF = "off"
    """Nothing is looked for."""
    REPORT = "report"
    """It is looked at and told, and nothing is written."""
    REPAIR = "repair"
    """It is put back."""


@dataclass(frozen=True, slots=True)
class Retry:
    """An app's own word on how often a failed sync is tried again, and after how many seconds.

    ``limit`` below 0 means for ever. The wait begins with ``first`` and grows by ``factor`` up to ``most``.
    """

    limit: int = 5
    first: float = 5.0
    factor: float = 2.0
    most: float = 180.0

    def delay(self, tries: int) -> float | None:
        """Return the seconds to wait after try number ``tries`` (from 1) failed, ``None`` when it was the last."""
        if 0 <= self.limit < tries:
            return None
        return float(min(self.first * self.factor ** min(tries - 1, 64), self.most))


@dataclass(frozen=True, slots=True)
class ValuesFrom:
    """Values of a chart in an object of the cluster: all of ``key``, or its text as the one value at ``path``."""

    kind: str
    namespace: str
    name: str
    key: str
    path: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Helm:
    """How a chart is rendered (Argo CD's ``source.helm``).

    ``values`` is YAML on top of ``value_files``; ``parameters`` are (name, value, always text), ``file_parameters``
    (name, path). An empty ``release`` is the app's name, an empty ``namespace`` its destination's; without
    ``kube_version`` and ``api_versions`` the cluster's own count. ``values_from`` are objects of the cluster with
    values below ``values`` (Flux); with ``bare``, the value files stand in place of the chart's own; ``post`` is what
    Kustomize does to what was rendered, as JSON: a list of parts of kustomizations.
    """

    value_files: tuple[str, ...] = ()
    ignore_missing: bool = False
    values: str = ""
    parameters: tuple[tuple[str, str, bool], ...] = ()
    file_parameters: tuple[tuple[str, str], ...] = ()
    release: str = ""
    namespace: str = ""
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()
    skip_crds: bool = False
    skip_tests: bool = False
    skip_schema: bool = False
    values_from: tuple[ValuesFrom, ...] = ()
    bare: bool = False
    post: str = ""


@dataclass(frozen=True, slots=True)
class Build:
    """How the files of a folder become objects.

    ``recurse``, ``include`` and ``exclude`` (globs over paths below the folder, ``{a,b}`` for several) are for plain
    folders; ``gather`` is Flux's way with a folder without a kustomization: every manifest below it, folders with one
    as a whole. ``edits`` is what is put into the kustomization, as JSON, "" for nothing. ``labels`` and
    ``annotations`` are set on every object. ``variables`` replace ``${name}``; ``variables_from`` are (kind,
    namespace, name, optional) of objects that hold more of them; ``always`` does so even when there are none.
    ``jsonnet`` is what is said to Jsonnet files of a plain folder, as JSON; ``ignore`` are the patterns of Flux's
    GitRepository for files that do not count, ``None`` where it has none.
    ``helm`` is for a chart, ``None`` where the app says nothing of it. ``keys_from`` are namespace and name of a Secret
    with keys that open encrypted files.
    """

    recurse: bool = False
    include: str = ""
    exclude: str = ""
    gather: bool = False
    edits: str = ""
    labels: Pairs = ()
    annotations: Pairs = ()
    variables: Pairs = ()
    variables_from: tuple[tuple[str, str, str, bool], ...] = ()
    always: bool = False
    helm: Helm | None = None
    jsonnet: str = ""
    ignore: str | None = None
    keys_from: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One more source of an app. One without a ``path`` only lends its files to the others, by its ``ref``."""

    url: str
    revision: str
    path: str
    build: Build
    ref: str = ""
    chart: str = ""


@dataclass(frozen=True, slots=True)
class Selector:
    """Which objects Flux means: regular expressions (RE2) over whole names, and label selectors; "" stands for any."""

    group: str = ""
    version: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    labels: str = ""
    annotations: str = ""


@dataclass(frozen=True, slots=True)
class Ignored:
    """Fields of some objects that somebody else writes.

    The objects: ``group`` and ``kind`` are globs, "" for any ``name`` and ``namespace``; and by ``selector``. The
    fields: JSON ``pointers`` (RFC 6901), jq path ``expressions``, and all that field ``managers`` own. ``by`` is the
    app that says so, "" for the configuration.
    """

    group: str
    kind: str
    name: str = ""
    namespace: str = ""
    pointers: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()
    managers: tuple[str, ...] = ()
    selector: Selector | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """An object whose health counts, whoever owns it."""

    group: str
    version: str
    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Expressions:
    """CEL expressions that judge the objects of a kind (Flux's ``healthCheckExprs``); "" for one that is not said."""

    group: str
    kind: str
    current: str
    in_progress: str = ""
    failed: str = ""


NOTHING_BUILT = Build()
"""A folder as it is."""


def pairs(mapping: dict[str, str]) -> Pairs:
    """Return a mapping as sorted pairs."""
    return tuple(sorted(mapping.items()))
