"""The source of an Argo CD ``Application``: a folder, and how its tool is to render it. Every field of it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from workers.declarations.common import Fields, Path


class Env(Fields):
    """A name and a value."""

    name: str
    value: str = ""


class Parameter(Fields):
    """A Helm parameter."""

    name: str
    value: str = ""
    force_string: bool = False


class FileParameter(Fields):
    """A Helm parameter from a file."""

    name: str
    path: str = ""


class Helm(Fields):
    """Options of a Helm chart."""

    value_files: list[str] = []
    ignore_missing_value_files: bool = False
    values: str = ""
    values_object: dict[str, Any] | None = None
    parameters: list[Parameter] = []
    file_parameters: list[FileParameter] = []
    release_name: str = ""
    namespace: str = ""
    version: str = ""
    kube_version: str = ""
    api_versions: list[str] = []
    pass_credentials: bool = False
    skip_crds: bool = False
    skip_tests: bool = False
    skip_schema_validation: bool = False


class Replica(Fields):
    """How many replicas a workload is given."""

    name: str
    count: int | Annotated[str, Field(pattern=r"^[0-9]{1,9}$")]


class Target(Fields):
    """Which objects a patch is for."""

    group: str = ""
    version: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    label_selector: str = ""
    annotation_selector: str = ""


class Patch(Fields):
    """A patch of Kustomize, inline or in a file."""

    path: str = ""
    patch: str = ""
    target: Target | None = None
    options: dict[str, bool] = {}


class Kustomize(Fields):
    """Options of a Kustomize folder."""

    version: str = ""
    name_prefix: str = ""
    name_suffix: str = ""
    namespace: str = ""
    images: list[str] = []
    replicas: list[Replica] = []
    patches: list[Patch] = []
    components: list[str] = []
    ignore_missing_components: bool = False
    common_labels: dict[str, str] = {}
    label_without_selector: bool = False
    label_include_templates: bool = False
    force_common_labels: bool = False
    common_annotations: dict[str, str] = {}
    common_annotations_envsubst: bool = False
    force_common_annotations: bool = False
    kube_version: str = ""
    api_versions: list[str] = []


class JsonnetVariable(Fields):
    """What is handed to Jsonnet: a text, or code."""

    name: str = Field(min_length=1)
    value: str = ""
    code: bool = False


class Jsonnet(Fields):
    """Options of Jsonnet files."""

    ext_vars: list[JsonnetVariable] = []
    tlas: list[JsonnetVariable] = []
    libs: list[str] = []


class Directory(Fields):
    """Options of a folder of plain manifests."""

    recurse: bool = False
    include: str = ""
    exclude: str = ""
    jsonnet: Jsonnet = Jsonnet()


class Plugin(Fields):
    """A config management plugin."""

    name: str = ""
    env: list[Env] = []
    parameters: list[dict[str, Any]] = []


class Source(Fields):
    """Where the manifests come from: a folder of a Git repository at a revision."""

    repo_url: str = Field(alias="repoURL", min_length=1)
    path: str = "."
    target_revision: str = "HEAD"
    name: str = ""
    chart: str = ""
    ref: str = ""
    helm: Helm | None = None
    kustomize: Kustomize | None = None
    directory: Directory | None = None
    plugin: Plugin | None = None

    @model_validator(mode="after")
    def _one_tool(self) -> Source:
        tools = [name for name in ("helm", "kustomize", "directory", "plugin") if getattr(self, name) is not None]
        if len(tools) > 1:
            raise ValueError(f"expected one tool, found {' and '.join(tools)}: keep the one the folder is for")
        return self


OF_A_SOURCE: dict[Path, str] = {
    ("plugin",): "config management plugins are not served: commit the rendered manifests",
}
"""Fields of a source that would change what is deployed, and what to do instead."""

NAMED_OF_A_SOURCE: dict[Path, str] = {
    ("helm", "passCredentials"): "a credential is sent to the host it was given for and to no other",
    ("helm", "version"): "charts are rendered by the one helm that is installed",
}
"""Fields of a source that are accepted, have no effect and are named in a warning on the app."""
