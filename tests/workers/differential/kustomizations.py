"""Kustomizations: overlays, components, generators, patches."""

from __future__ import annotations

from tests.workers.differential.case import Case

BASE = """\
=== base/kustomization.yaml
resources: [web.yaml, config.yaml]
=== base/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: main, image: nginx, envFrom: [{configMapRef: {name: config}}]}]
=== base/config.yaml
{apiVersion: v1, kind: ConfigMap, metadata: {name: config}, data: {a: base, b: "1"}}
"""

CASES = [
    Case(
        "kustomize-overlay",
        (
            BASE
            + """\
=== overlays/prod/kustomization.yaml
resources: [../../base, extra.yaml]
namePrefix: prod-
labels: [{pairs: {env: prod}, includeSelectors: true}]
commonAnnotations: {note: "from: the overlay"}
images: [{name: nginx, newName: registry.example.com/nginx, newTag: "1.10"}]
replicas: [{name: web, count: 0}]
patches:
- patch: |
    - {op: replace, path: /data/a, value: "overlay"}
    - {op: remove, path: /data/b}
  target: {kind: ConfigMap}
=== overlays/prod/extra.yaml
{apiVersion: v1, kind: ServiceAccount, metadata: {name: extra}}
""",
            """\
=== overlays/prod/kustomization.yaml
resources: [../../base]
nameSuffix: -v2
replicas: [{name: web, count: 0}]
=== overlays/prod/extra.yaml (removed)
""",
        ),
        path="overlays/prod",
    ),
    Case(
        "kustomize-components",
        (
            BASE
            + """\
=== parts/debug/kustomization.yaml
apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
patches:
- path: replicas.yaml
- target: {kind: ConfigMap}
  patch: '[{"op": "add", "path": "/data/debug", "value": "on"}]'
=== parts/debug/replicas.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {replicas: 0}
=== app/kustomization.yaml
resources: [../base]
components: [../parts/debug]
""",
            """\
=== parts/debug/replicas.yaml
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, labels: {a: b}}, spec: {replicas: 0}}
""",
        ),
        path="app",
    ),
    Case(
        "kustomize-generators",
        (
            """\
=== kustomization.yaml
configMapGenerator:
- name: settings
  literals: [a=1, "b=two words", empty=]
  files: [file.properties, renamed=other.bin]
- {name: plain, literals: [a=1], options: {disableNameSuffixHash: true, labels: {x: "y"}, immutable: true}}
secretGenerator:
- {name: login, type: kubernetes.io/basic-auth, literals: [username=ada, password=pass]}
- {name: env, envs: [values.env]}
generatorOptions: {labels: {generated: "true"}}
=== file.properties
one=1
two = 2
=== other.bin
\x01\x02 not text: \u00e9
=== values.env
A=1
# a comment
B="quoted"
""",
            """\
=== kustomization.yaml
configMapGenerator:
- {name: settings, literals: [a=2]}
secretGenerator:
- {name: env, envs: [values.env]}
=== values.env
A=2
""",
        ),
    ),
    Case(
        "kustomize-namespace-and-replacements",
        (
            """\
=== kustomization.yaml
namespace: "@NS@-built"
resources: [a.yaml]
replacements:
- source: {kind: ConfigMap, name: source, fieldPath: data.port}
  targets: [{select: {kind: Service}, fieldPaths: ["spec.ports.[name=http].port"]}]
=== a.yaml
apiVersion: v1
kind: Namespace
metadata: {name: "@NS@-built"}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: source, namespace: elsewhere}, data: {port: 8080}}
---
{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{name: http, port: 1}, {name: b, port: 2}]}}
""".replace("port: 8080", 'port: "8080"'),
            """\
=== a.yaml
apiVersion: v1
kind: Namespace
metadata: {name: "@NS@-built"}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: source}, data: {port: "9090"}}
""",
        ),
    ),
    Case(
        "kustomize-of-kustomizations",
        (
            """\
=== kustomization.yaml
resources: [one, two]
buildMetadata: [originAnnotations]
=== one/kustomization.yml
namePrefix: one-
resources: [c.yaml]
=== one/c.yaml
{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {y: "1"}}
=== two/Kustomization
namePrefix: two-
resources: [c.yaml]
=== two/c.yaml
apiVersion: v1
kind: ConfigMapList
items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}]
""",
            "=== kustomization.yaml\nresources: [two]\n",
        ),
    ),
]
