"""Repositories of people who mean harm: files, what is done with them, and the sentence in which that ends.

``CANARY`` stands for the path of a file outside, ``SERVER`` for the address of a server that nobody may call. A name
that ends in ``@`` is a link. ``None`` for the sentence: it renders, and nothing comes of it.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass

from tests.workers.charts import CHART, WEB, bomb
from tests.workers.rendering.folders import OBJECT

UP = "../" * 40
LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
KUSTOMIZED = {"web/kustomization.yaml": "resources: [a.yaml]\n"}
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
FUNCTION = (
    "apiVersion: example.com/v1\nkind: Gear\nmetadata: {name: g, annotations: {config.kubernetes.io/function: '%s'}}\n"
)
REMOTE = "remote, and nothing is fetched while rendering"
OUTSIDE = "not in or below|no such file|absolute|doesn't exist|must be|security|not a valid|file"


@dataclass(frozen=True)
class Case:
    """``how``: plain, flux, charts or the ``helm`` block of an app."""

    files: Mapping[str, str | bytes]
    sentence: str | None
    how: str = "plain"
    helm: str = ""
    seconds: int = 20
    """What a render may take here."""


def kustomization(text: str, sentence: str | None = OUTSIDE, how: str = "plain", **more: str) -> Case:
    """A kustomization in ``web``, with an innocent object beside it."""
    files: dict[str, str | bytes] = {"web/kustomization.yaml": text, "web/a.yaml": OBJECT % ("a", "a")}
    return Case(files | more, sentence, how)


def plain(text: str | bytes, sentence: str | None) -> Case:
    """One manifest."""
    return Case({"web/a.yaml": text}, sentence)


def chart(helm: str = "", sentence: str | None = "", **more: str | bytes) -> Case:
    """A chart with more files."""
    return Case(WEB | more, sentence, "charts", helm)


def packed(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """A packed chart whose last entries are these."""
    made = io.BytesIO()
    with gzip.GzipFile(fileobj=made, mode="wb") as zipped, tarfile.open(fileobj=zipped, mode="w") as archive:
        first = tarfile.TarInfo("sub/Chart.yaml")
        for entry, content in ((first, CHART.replace("web", "sub").encode()), *entries):
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def linking(name: str, target: str) -> tarfile.TarInfo:
    """An entry of an archive that is a link."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    return entry


def doubled(levels: int) -> dict[str, str | bytes]:
    """Bases that each take the next one twice: 2 to the power of ``levels`` objects."""
    files: dict[str, str | bytes] = {}
    for at in range(levels):
        here = "web" if at == 0 else f"web/{at}"
        for side in "ab":
            files[f"web/{at}{side}/kustomization.yaml"] = f"resources: [../{at + 1}]\nnamePrefix: {side}-\n"
        files[f"{here}/kustomization.yaml"] = "resources: [{}]\n".format(
            ", ".join(f"{'' if at == 0 else '../'}{at}{side}" for side in "ab")
        )
    return files | {
        f"web/{levels}/kustomization.yaml": "resources: [a.yaml]",
        f"web/{levels}/a.yaml": OBJECT % ("a", "a"),
    }


CASES: dict[str, Case] = {
    # What is remote.
    "a base over https": kustomization("resources: ['SERVER/base?ref=main']", REMOTE),
    "a base over https in another case": kustomization("Re\u017fourceS: ['SERVER/base?ref=main']", REMOTE),
    "a generator's file by URL in another case": kustomization("configMapGenerator: [{name: g, Files: ['k=SERVER/f']}]", REMOTE),
    "a base over ssh": kustomization("resources: ['git@git.example.com:team/base.git']", REMOTE),
    "a base at github.com": kustomization("resources: [github.com/team/base]", REMOTE),
    "a base with git::": kustomization("resources: ['git::SERVER/base']", REMOTE),
    "a base by file://": kustomization("resources: ['file://CANARY']", REMOTE),
    "a component that is remote": kustomization("components: ['SERVER/c']", REMOTE),
    "a generator that is remote": kustomization("generators: ['SERVER/g.yaml']", REMOTE),
    "a patch that is remote": kustomization("resources: [a.yaml]\npatches: [{path: 'SERVER/p.yaml'}]", REMOTE),
    "an old patch that is remote": kustomization("patchesStrategicMerge: ['SERVER/p.yaml']", REMOTE),
    "a generator's file by URL": kustomization("configMapGenerator: [{name: g, files: ['k=SERVER/f']}]", REMOTE),
    "a secret's file by URL": kustomization("secretGenerator: [{name: g, envs: ['SERVER/f']}]", REMOTE),
    "a schema by URL": kustomization("openapi: {path: 'SERVER/s'}", REMOTE),
    "a remote base below a base": kustomization("resources: [below]", REMOTE, **{"web/below/kustomization.yaml": "resources: ['SERVER/x']"}),
    "a remote base that Flux gathers": Case({"web/x/kustomization.yaml": "resources: ['SERVER/x']"}, REMOTE, "flux"),
    # What is outside.
    "an absolute resource": kustomization("resources: ['CANARY']"),
    "a resource far above": kustomization(f"resources: ['{UP}CANARY']"),
    "an absolute file of a generator": kustomization("configMapGenerator: [{name: g, files: ['CANARY']}]"),
    "a generator's file far above": kustomization(f"configMapGenerator: [{{name: g, files: ['{UP}CANARY']}}]"),
    "a generator's variables outside": kustomization("secretGenerator: [{name: g, envs: ['CANARY']}]"),
    "a patch outside": kustomization("resources: [a.yaml]\npatches: [{path: 'CANARY'}]"),
    "a replacement outside": kustomization("resources: [a.yaml]\nreplacements: [{path: 'CANARY'}]"),
    "a schema outside": kustomization("resources: [a.yaml]\nopenapi: {path: 'CANARY'}"),
    "definitions outside": kustomization("resources: [a.yaml]\ncrds: ['CANARY']"),
    "configurations outside": kustomization("resources: [a.yaml]\nconfigurations: ['CANARY']"),
    "a transformer outside": kustomization("resources: [a.yaml]\ntransformers: ['CANARY']"),
    "a generator outside": kustomization("generators: ['CANARY']"),
    "a file of a neighbour": kustomization("resources: [../other/a.yaml]", **{"other/a.yaml": OBJECT % ("o", "o")}),
    # Links.
    "a link to a file": kustomization("resources: [l.yaml]", **{"web/l.yaml@": "CANARY"}),
    "a link to a folder": kustomization("resources: [l]", **{"web/l@": "/etc"}),
    "a link in a generator": kustomization("configMapGenerator: [{name: g, files: [l]}]", **{"web/l@": "CANARY"}),
    "a link to itself": kustomization("resources: [l.yaml]", **{"web/l.yaml@": "l.yaml"}),
    "a kustomization that is a link": Case({"web/kustomization.yaml@": "CANARY", "web/a.yaml": OBJECT % ("a", "a")}, None),
    "a manifest that is a link": Case({"web/l.yaml@": "CANARY", "web/a.yaml": OBJECT % ("a", "a")}, None),
    "a folder that is a link": Case({"web/l@": "/etc", "web/a.yaml": OBJECT % ("a", "a")}, None),
    # Cycles and bombs.
    "a base that is itself": kustomization("resources: [../web]", "cycle"),
    "two bases in a circle": kustomization("resources: [../b]", "cycle", **{"b/kustomization.yaml": "resources: [../web]"}),
    "components in a circle": kustomization(
        "components: [../b]", "cycle", **{"b/kustomization.yaml": COMPONENT + "components: [../c]", "c/kustomization.yaml": COMPONENT + "components: [../b]"}
    ),
    "bases that double": Case(doubled(24), "took longer|needed more|wrote more|too many", seconds=4),
    "aliases in a kustomization": kustomization(LAUGHS, "alias|expand|too many|invalid|nodes|excessive"),
    "aliases in a resource": kustomization("resources: [b.yaml]", "alias|excessive|needed more|took longer", **{"web/b.yaml": OBJECT % ("b", "b") + LAUGHS}),
    "aliases in a manifest": plain(OBJECT % ("a", "a") + LAUGHS, "alias|expand|nodes|values"),
    "an alias of itself": plain("a: &a [*a]", "alias|itself|anchor"),
    "brackets without end": plain("[" * 20_000, "nest|deep"),
    "braces in JSON without end": Case({"web/a.json": '{"a":' * 20_000}, "nest|deep"),
    "brackets in a kustomization": kustomization("resources: " + "[" * 20_000, "nest|deep|exceed|yaml|kustomization"),
    "folders without end": Case({"web/" + "d/" * 150 + "a.yaml": OBJECT % ("a", "a")}, "nested deeper than", "flux"),
    "too many files": Case({f"web/{at}.yaml": OBJECT % (at, "a") for at in range(30)} | {"web/kustomization.yaml": str({"resources": [f"{at}.yaml" for at in range(30)]})}, "more than 20 files"),
    # Programs.
    "a plugin": kustomization("generators: [g.yaml]", "plugin", **{"web/g.yaml": "apiVersion: example.com/v1\nkind: Gear\nmetadata: {name: g}"}),
    "a function that is a program": kustomization("generators: [g.yaml]", "plugin|function|exec", **{"web/g.yaml": FUNCTION % "exec: {path: /bin/cp}"}),
    "a function that is a container": kustomization("transformers: [g.yaml]\nresources: [a.yaml]", "plugin|function", **{"web/g.yaml": FUNCTION % "container: {image: x}"}),
    "a function in Starlark": kustomization("generators: [g.yaml]", "plugin|function|starlark", **{"web/g.yaml": FUNCTION % "starlark: {path: x.star}"}),
    "a chart in a kustomization": kustomization("helmCharts: [{name: x, repo: 'SERVER'}]", "not allowed here"),
    "an object of Python": plain("!!python/object/apply:os.system ['cp CANARY /tmp/x']", "tag|object|python|mapping"),
    # Names and texts.
    "a name with an escape sequence": Case({"web/\x1b[31m.yaml": "a: b: c"}, "yaml"),
    "a name with a line break": Case({"web/a\nb.yaml": "a: b: c"}, "yaml"),
    "names that differ in case": Case({"web/A.yaml": OBJECT % ("a", "a"), "web/a.yaml": "a: b: c"}, "web/a.yaml"),
    "a file that is no text": plain(b"\xff\xfe\x00a", "web/a.yaml"),
    "a control character": plain("a: \x07", "web/a.yaml"),
    "two kustomizations": kustomization("resources: [a.yaml]", "multiple kustomization|Found multiple", **{"web/Kustomization": "resources: []"}),
    # Charts.
    "a template that is a link": chart("", "is a link", **{"web/templates/l.yaml@": "CANARY"}),
    "value files outside": chart("valueFiles: ['/CANARY']", "there is no file"),
    "value files far above": chart(f"valueFiles: ['{UP}CANARY']", "leads out of the repository"),
    "value files by file://": chart("valueFiles: ['file://CANARY']", "nothing is fetched"),
    "a file parameter outside": chart("fileParameters: [{name: a, path: 'CANARY'}]", "there is no file"),
    "a second file parameter": chart("fileParameters: [{name: 'a=CANARY,b', path: values.yaml}]", "expected a plain name"),
    "a parameter that is an option": chart("releaseName: '--post-renderer=/bin/sh'", "release name"),
    "files of a chart far above": chart("", None, **{"web/templates/x.yaml": OBJECT % ("x", "{{ .Files.Get \"CANARY\" | quote }}")}),
    "a chart that asks the cluster": chart("", None, **{"web/templates/x.yaml": OBJECT % ("x", "{{ lookup \"v1\" \"Secret\" \"\" \"\" | toJson | quote }}")}),
    "a chart without end": Case(
        WEB | {"web/templates/x.yaml": "{{ range $i, $e := until 1000000 }}{{ range $j, $f := until 1000000 }}{{ end }}{{ end }}"},
        "took longer|needed more", "charts", seconds=3,
    ),
    "a template that calls itself": chart("", "helm refused|took longer|needed more|deep|recursion", **{"web/templates/x.yaml": "{{ define \"x\" }}{{ include \"x\" . }}{{ end }}{{ include \"x\" . }}"}),
    "a packed chart that is a bomb": Case(WEB | {"web/charts/sub-1.2.3.tgz": bomb(300 << 20)}, "helm refused|needed more|larger|took longer", "charts"),
    "a packed chart that leads above": chart("", "helm refused", **{"web/charts/sub.tgz": packed((tarfile.TarInfo("sub/../../../x"), b"x"))}),
    "a packed chart with a link": chart("", None, **{"web/charts/sub.tgz": packed((linking("sub/templates/l.yaml", "CANARY"), b""))}),
    "a schema that refers to a file": chart("", "values.schema.json: .ref: .* is not in this file", **{"web/values.schema.json": '{"$ref": "file://CANARY"}'}),
    "a schema that refers to a server": chart("", "values.schema.json: .ref: .* is not in this file", **{"web/values.schema.json": '{"$ref": "SERVER/schema.json"}'}),
    "a dependency in a folder outside": chart("", "not in its charts folder", **{"web/Chart.yaml": CHART + "dependencies: [{name: lib, version: '1', repository: 'file://CANARY'}]"}),
    # Jsonnet.
    "an import outside": Case({"web/a.jsonnet": "importstr 'CANARY'"}, "there is no file"),
    "an import far above": Case({"web/a.jsonnet": f"importstr '{UP}CANARY'"}, "there is no file"),
    "an import that is a link": Case({"web/a.jsonnet": "importstr 'l'", "web/l@": "CANARY"}, "there is no file"),
    "an evaluation without end": Case({"web/a.jsonnet": "local f(x) = f(x + 1) tailstrict; f(0)"}, "took longer|without end", seconds=2),
}  # fmt: skip
