"""Folders of our own writing, and what a person would do with ``kustomize edit`` to say what an app says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {key: %s}\n"
WEB = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: 'nginx:1.27', envFrom: [{configMapRef: {name: a}}]}
      - {name: side, image: example.com/side}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""
BASE = {
    "base/kustomization.yaml": "resources: [web.yaml, a.yaml]\n",
    "base/web.yaml": WEB,
    "base/a.yaml": OBJECT % ("a", "a"),
}
ALONE = {"app/kustomization.yaml": "resources: [../base]\n"} | BASE
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
GENERATED = {"app/a.txt": "words", "app/b.env": "ONE=1\nTWO=2\n"}
JSON_PATCH = "- {op: replace, path: /spec/template/spec/containers/0/image, value: 'nginx:9'}\n"


@dataclass(frozen=True)
class Case:
    """Files; the ``kustomize`` block of an Application; the words of ``kustomize edit`` in ``app`` that say the same."""

    files: dict[str, str]
    said: dict[str, Any] = field(default_factory=dict)
    edits: tuple[tuple[str, ...], ...] = ()
    written: str = ""
    """A kustomization to put in place instead of editing, where ``kustomize edit`` has no words."""


def of(text: str, **more: str) -> Case:
    """A kustomization of ``app`` on the base, with more files."""
    return Case(
        BASE | {"app/kustomization.yaml": text} | {name.replace("__", "/"): said for name, said in more.items()}
    )


def told(said: dict[str, Any], *edits: str, written: str = "", **more: str) -> Case:
    """The same folder with what an app says."""
    files = ALONE | {name.replace("__", "/"): text for name, text in more.items()}
    return Case(files, said, tuple(tuple(edit.split(" ")) for edit in edits), written)


CASES: dict[str, Case] = {
    "a base": Case(ALONE),
    "names and a namespace": of("resources: [../base]\nnamePrefix: x-\nnameSuffix: -y\nnamespace: there\n"),
    "a file called Kustomization": Case(BASE | {"app/Kustomization": "resources: [../base]"}),
    "a file called kustomization.yml": Case(BASE | {"app/kustomization.yml": "resources: [../base]"}),
    "bases, the old way": of("bases: [../base]"),
    "two bases": of(
        "resources: [one, two]",
        **{
            "app/one/kustomization.yaml": "resources: [../../base]\nnamePrefix: one-",
            "app/two/kustomization.yaml": "resources: [../../base]\nnamePrefix: two-",
        },
    ),
    "a component": of("resources: [../base]\ncomponents: [../part]", **{"part/kustomization.yaml": COMPONENT + "namePrefix: part-"}),
    "components in their order": of(
        "resources: [../base]\ncomponents: [../one, ../two]",
        **{
            "one/kustomization.yaml": COMPONENT + "patches: [{patch: '- {op: add, path: /data/one, value: x}', target: {kind: ConfigMap}}]",
            "two/kustomization.yaml": COMPONENT + "patches: [{patch: '- {op: replace, path: /data/one, value: z}', target: {kind: ConfigMap}}]",
        },
    ),
    "generators of config maps": of(
        "resources: [../base]\nconfigMapGenerator: [{name: g, literals: [a=b, c=d], files: [a.txt, other=a.txt], envs: [b.env]}]",
        **GENERATED,
    ),
    "a generator that merges": of(
        "resources: [below]\nconfigMapGenerator: [{name: g, behavior: merge, literals: [b=2]}]",
        **{"app/below/kustomization.yaml": "configMapGenerator: [{name: g, literals: [a=1, b=1]}]"},
    ),
    "a generator that replaces": of(
        "resources: [below]\nconfigMapGenerator: [{name: g, behavior: replace, literals: [b=2]}]",
        **{"app/below/kustomization.yaml": "configMapGenerator: [{name: g, literals: [a=1]}]"},
    ),
    "generators of secrets": of(
        "secretGenerator: [{name: s, type: Opaque, literals: [password=x], files: [a.txt]}]\ngeneratorOptions: {labels: {made: by-us}}",
        **GENERATED,
    ),
    "no suffix of a hash": of("configMapGenerator: [{name: g, literals: [a=b]}]\ngeneratorOptions: {disableNameSuffixHash: true, immutable: true}"),
    "a hash in what refers to it": of(
        "resources: [web.yaml]\nconfigMapGenerator: [{name: a, literals: [a=b]}]", **{"app/web.yaml": WEB}
    ),
    "a strategic patch": of(
        "resources: [../base]\npatches: [{path: p.yaml}]",
        **{"app/p.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}"},
    ),
    "a patch that deletes": of(
        "resources: [../base]\npatches: [{path: p.yaml}]",
        **{"app/p.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n$patch: delete"},
    ),
    "a JSON patch in a file": of(
        "resources: [../base]\npatches: [{path: p.yaml, target: {kind: Deployment, name: w.*}}]", **{"app/p.yaml": JSON_PATCH}
    ),
    "patches, the old ways": of(
        "resources: [../base]\npatchesStrategicMerge: [p.yaml]\n"
        "patchesJson6902: [{target: {group: apps, version: v1, kind: Deployment, name: web}, path: j.yaml}]",
        **{"app/p.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {more: x}", "app/j.yaml": JSON_PATCH},
    ),
    "a replacement": of(
        "resources: [../base]\nreplacements: [{source: {kind: ConfigMap, name: a, fieldPath: data.key}, targets:"
        " [{select: {kind: Deployment}, fieldPaths: [spec.template.spec.containers.0.name]}]}]"
    ),
    "a replacement in a file": of(
        "resources: [../base]\nreplacements: [{path: r.yaml}]",
        **{
            "app/r.yaml": "source: {kind: ConfigMap, name: a, fieldPath: metadata.name}\ntargets: [{select: {kind: Service},"
            " fieldPaths: [metadata.annotations.from], options: {create: true}}]"
        },
    ),
    "images": of("resources: [../base]\nimages: [{name: nginx, newTag: '2'}, {name: example.com/side, newName: s, digest: 'sha256:abc'}]"),
    "replicas": of("resources: [../base]\nreplicas: [{name: web, count: 4}]"),
    "labels": of(
        "resources: [../base]\nlabels: [{pairs: {a: b}}, {pairs: {c: d}, includeSelectors: true}, {pairs: {e: f}, includeTemplates: true}]"
    ),
    "labels and annotations, the old way": of("resources: [../base]\ncommonLabels: {team: x}\ncommonAnnotations: {note: z}"),
    "variables, the old way": of(
        "resources: [../base, v.yaml]\nvars: [{name: V, objref: {apiVersion: v1, kind: ConfigMap, name: a}, fieldref: {fieldpath: data.key}}]",
        **{"app/v.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: i, args: [$(V)]}]}"},
    ),
    "a transformer of its own": of(
        "resources: [../base]\ntransformers: [t.yaml]",
        **{"app/t.yaml": "apiVersion: builtin\nkind: PrefixTransformer\nmetadata: {name: t}\nprefix: t-\nfieldSpecs: [{path: metadata/name}]"},
    ),
    "a folder of transformers": of(
        "resources: [../base]\ntransformers: [../shared]",
        **{
            "shared/kustomization.yaml": "resources: [t.yaml]",
            "shared/t.yaml": "apiVersion: builtin\nkind: AnnotationsTransformer\nmetadata: {name: t}\nannotations: {a: b}\nfieldSpecs: [{path: metadata/annotations, create: true}]",
        },
    ),
    "a generator of its own": of(
        "generators: [g.yaml]",
        **{"app/g.yaml": "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: g}\nliterals: [a=b]"},
    ),
    "configurations": of(
        "resources: [../base, k.yaml]\nnamePrefix: x-\nconfigurations: [c.yaml]",
        **{
            "app/k.yaml": "apiVersion: example.com/v1\nkind: Gear\nmetadata: {name: g}\nspec: {map: a}",
            "app/c.yaml": "nameReference: [{kind: ConfigMap, fieldSpecs: [{kind: Gear, path: spec/map}]}]",
        },
    ),
    "an order": of("resources: [../base]\nsortOptions: {order: legacy}"),
    "build metadata": of("resources: [../base]\nbuildMetadata: [managedByLabel]"),
    "text that YAML might take for something else": of(
        "resources: [t.yaml]", **{"app/t.yaml": OBJECT % ("t", '"on"') + '  "y": "1e3"\n'.replace("  ", "# ") + "---\n" + OBJECT % ("u", "'0123'")}
    ),
    "a list of objects": of("resources: [l.yaml]", **{"app/l.yaml": "apiVersion: v1\nkind: List\nitems:\n- " + (OBJECT % ("l", "x")).replace("\n", "\n  ")}),
    "said: images": told({"images": ["nginx:5", "example.com/side=other/side@sha256:abc"]}, "set image nginx:5 example.com/side=other/side@sha256:abc"),
    "said: an image that is set already": Case(
        ALONE | {"app/kustomization.yaml": "resources: [../base]\nimages: [{name: nginx, newTag: '2'}]"}, {"images": ["nginx:5"]}, (("set", "image", "nginx:5"),)
    ),
    "said: names": told({"namePrefix": "x-", "nameSuffix": "-y"}, "set nameprefix x-", "set namesuffix -- -y"),
    "said: a namespace": told({"namespace": "there"}, "set namespace there"),
    "said: replicas": told({"replicas": [{"name": "web", "count": "3"}]}, "set replicas web=3"),
    "said: labels": told({"commonLabels": {"team": "x"}}, "add label team:x"),
    "said: labels without selectors": told({"commonLabels": {"team": "x"}, "labelWithoutSelector": True}, "add label --without-selector team:x"),
    "said: labels in templates": told(
        {"commonLabels": {"team": "x"}, "labelWithoutSelector": True, "labelIncludeTemplates": True},
        "add label --without-selector --include-templates team:x",
    ),
    "said: annotations": told({"commonAnnotations": {"note": "x"}, "forceCommonAnnotations": True}, "add annotation --force note:x"),
    "said: components": told({"components": ["../part"]}, "add component ../part", **{"part/kustomization.yaml": COMPONENT + "nameSuffix: -part"}),
    "said: a component that may be missing": told({"components": ["../none"], "ignoreMissingComponents": True}),
    "said: patches": told(
        {"patches": [{"patch": JSON_PATCH, "target": {"kind": "Deployment"}}]},
        written="resources: [../base]\npatches: [{path: p.yaml, target: {kind: Deployment}}]",
        **{"app/p.yaml": JSON_PATCH},
    ),
}  # fmt: skip
