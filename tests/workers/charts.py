"""Charts of our own writing, what an app says of each, and the flags with which a person would render it by hand."""

from __future__ import annotations

import gzip
import io
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import git

from deploy.local.forge.repository import environment
from workers import documents
from workers.apps import App
from workers.declaring import application
from workers.git.trees import Tree

CHART = "apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: '7'\n"
SHOWN = """apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
data: {values: {{ .Values | toJson | quote }}, chart: {{ .Chart.Version | quote }}}
"""
HOOK = """apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-%s
  annotations: {helm.sh/hook: "%s", helm.sh/hook-weight: "%s", helm.sh/hook-delete-policy: "%s"}
spec:
  template:
    spec: {restartPolicy: Never, containers: [{name: main, image: "busybox:1"}]}
"""
DEFINITION = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gears.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Gear, plural: gears}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
"""
WEB = {"web/Chart.yaml": CHART, "web/values.yaml": "a: chart\nb: chart\nc: chart\n", "web/templates/show.yaml": SHOWN}
SCHEMA = '{"type": "object", "properties": {"a": {"type": "integer"}}}'


@dataclass(frozen=True)
class Case:
    """Files, the ``helm`` block of the app (YAML flow style), and the flags of ``helm template`` run in the root."""

    files: dict[str, str]
    said: str = ""
    flags: tuple[str, ...] = ()
    name: str = "myapp"


CASES = {
    "as it is": Case(WEB),
    "value files, one from the root, one of above": Case(
        WEB | {"web/eu.yaml": "a: eu", "b.yaml": "b: root", "envs/prod.yaml": "c: prod\na: prod"},
        "valueFiles: [eu.yaml, /b.yaml, ../envs/prod.yaml]",
        ("-f", "web/eu.yaml", "-f", "b.yaml", "-f", "envs/prod.yaml"),
    ),
    "globs: in order, a folder's own first, without what is named": Case(
        WEB
        | {
            f"envs/{name}.yaml": f"a: {name.replace('/', '-')}\nx{at}: 1"
            for at, name in enumerate(["z", "a", "n/c", "last"])
        },
        "valueFiles: ['../envs/**/*.yaml', ../envs/last.yaml]",
        ("-f", "envs/a.yaml", "-f", "envs/z.yaml", "-f", "envs/n/c.yaml", "-f", "envs/last.yaml"),
    ),
    "missing files that are ignored": Case(
        WEB | {"web/eu.yaml": "a: eu"},
        "valueFiles: [none.yaml, 'no/*.yaml', eu.yaml], ignoreMissingValueFiles: true",
        ("-f", "web/eu.yaml"),
    ),
    "parameters go before the object, the object before files": Case(
        WEB | {"web/eu.yaml": "a: eu\nb: eu\nc: eu", "hand.yaml": "b: object\nc: object"},
        "valueFiles: [eu.yaml], values: 'b: text', valuesObject: {b: object, c: object}, "
        "parameters: [{name: c, value: parameter}]",
        ("-f", "web/eu.yaml", "-f", "hand.yaml", "--set", "c=parameter"),
    ),
    "values as text": Case(WEB | {"hand.yaml": "b: text\n"}, 'values: "b: text\\n"', ("-f", "hand.yaml")),
    "parameters: text where it is forced, lists, commas, dots, the build environment": Case(
        WEB,
        "parameters: [{name: a, value: '007', forceString: true}, {name: b, value: '7'}, {name: l, value: '{x,y}'}, "
        "{name: c, value: 'one,two'}, {name: 'x\\.y', value: $ARGOCD_APP_NAME}, {name: b, value: '8'}]",
        ("--set-string", "a=007", "--set", "b=8,l={x,y}", "--set", "c=one\\,two", "--set", "x\\.y=myapp"),
    ),
    "parameters from files": Case(
        WEB | {"web/some.conf": "k = v, w\n", "root.txt": "root"},
        "fileParameters: [{name: conf, path: some.conf}, {name: deep.root, path: /root.txt}]",
        ("--set-file", "conf=web/some.conf", "--set-file", "deep.root=root.txt"),
    ),
    "release name and namespace": Case(
        WEB, "releaseName: other, namespace: elsewhere", ("--namespace", "elsewhere"), "other"
    ),
    "definitions": Case(WEB | {"web/crds/gear.yaml": DEFINITION}, "", ("--include-crds",)),
    "no definitions, no tests": Case(
        WEB | {"web/crds/gear.yaml": DEFINITION, "web/templates/test.yaml": HOOK % ("test", "test", 0, "")},
        "skipCrds: true, skipTests: true",
        ("--skip-tests",),
    ),
    "hooks": Case(
        WEB
        | {
            "web/templates/pre.yaml": HOOK % ("pre", "pre-install,pre-upgrade", -5, "hook-succeeded"),
            "web/templates/post.yaml": HOOK % ("post", "post-install", 3, "before-hook-creation,hook-failed"),
        }
    ),
    "a schema that is not kept": Case(
        WEB | {"web/values.schema.json": SCHEMA},
        "skipSchemaValidation: true",
        ("--skip-schema-validation",),
    ),
    "subcharts in the tree, with an alias and a condition": Case(
        WEB
        | {
            "web/Chart.yaml": CHART
            + "dependencies: [{name: sub, version: 1.2.3, repository: 'https://charts.example.com', alias: second}, "
            "{name: spare, version: '*', repository: 'https://charts.example.com', condition: spare.enabled}]\n",
            "web/values.yaml": "second: {a: parent}\nspare: {enabled: false}\nglobal: {g: 1}\n",
            "web/charts/sub/Chart.yaml": CHART.replace("web", "sub"),
            "web/charts/sub/values.yaml": "a: child\nb: child\n",
            "web/charts/sub/templates/a.yaml": SHOWN.replace("Release.Name }}", "Release.Name }}-sub"),
            "web/charts/spare/Chart.yaml": CHART.replace("web", "spare"),
            "web/charts/spare/templates/a.yaml": SHOWN,
        }
    ),
    "what it asks of the cluster": Case(
        WEB
        | {
            "web/templates/ask.yaml": SHOWN.replace(
                "toJson | quote }}",
                "toJson | quote }}, k: {{ .Capabilities.KubeVersion.Minor | quote }}, "
                "has: {{ .Capabilities.APIVersions.Has "
                '"example.com/v1/Gear" | quote }}, looked: {{ lookup "v1" "Secret" "default" "" | toJson | quote }}',
            ).replace("Release.Name }}", "Release.Name }}-ask")
        },
        "kubeVersion: v1.30.1, apiVersions: [example.com/v1/Gear, example.com/v1]",
        ("--kube-version", "v1.30.1", "-a", "example.com/v1/Gear"),
    ),
    "files, ignored files and includes": Case(
        WEB
        | {
            "web/.helmignore": "*.bak\n",
            "web/conf/a.txt": "A",
            "web/conf/b.bak": "B",
            "web/templates/_help.tpl": '{{ define "t" }}{{ .Files.Get "conf/a.txt" }}{{ end }}',
            "web/templates/files.yaml": SHOWN.replace("Release.Name }}", "Release.Name }}-files").replace(
                ".Values | toJson", 'printf "%s %s" (include "t" .) (.Files.Get "conf/b.bak")'
            ),
        }
    ),
}


OPENED: list[git.Repo] = []
"""The repositories of a test, to be closed at its end."""


def application_of(said: str, path: str = "web") -> App:
    """Return the app that an Application with this ``helm`` block declares."""
    text = f"""apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: myapp}}
spec:
  destination: {{server: 'https://kubernetes.default.svc', namespace: place}}
  source:
    repoURL: https://git.example.com/team/charts
    path: {path}
    {f"helm: {{{said}}}" if said else ""}
"""
    [document] = documents.read(text.encode(), "app.yaml")
    return application.app(document)


def tree_of(folder: Path, files: Mapping[str, str | bytes]) -> Tree:
    """Commit files to a new repository and return its tree; a name that ends in ``@`` is a link to its content."""
    for name, content in files.items():
        place = folder / name.removesuffix("@")
        place.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("@"):
            place.symlink_to(str(content))
        else:
            place.write_bytes(content if isinstance(content, bytes) else content.encode())
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
    for command in (("init", "-q"), ("add", "-A"), (*who, "commit", "-q", "-m", "charts")):
        subprocess.run(["git", *command], cwd=folder, env=environment(), check=True)
    OPENED.append(git.Repo(folder))
    return Tree(OPENED[-1], "https://git.example.com/team/charts", "HEAD")


def bomb(size: int) -> bytes:
    """Return a packed chart whose one file is ``size`` zeros."""
    made = io.BytesIO()
    with gzip.GzipFile(fileobj=made, mode="wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in (("sub/Chart.yaml", CHART.replace("web", "sub").encode()), ("sub/zeros", b"\0" * size)):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()
