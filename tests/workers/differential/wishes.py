"""Sync options, waves and hooks: what kubectl knows nothing of. Where the result differs for that, it says why."""

from __future__ import annotations

from tests.workers.differential.case import Case

ARGO = "argocd.argoproj.io/"

CASES = [
    Case(
        "waves",
        (
            f"""\
=== a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {{name: last, annotations: {{{ARGO}sync-wave: "5"}}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: first, annotations: {{{ARGO}sync-wave: "-5"}}}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: middle}}
""",
            f"""\
=== a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {{name: last, annotations: {{{ARGO}sync-wave: "-1"}}}}
data: {{a: b}}
""",
        ),
    ),
    Case(
        "replaced-as-a-whole",
        (
            f"""\
=== a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {{name: one, annotations: {{{ARGO}sync-options: Replace=true}}, labels: {{a: b}}}}
data: {{a: "1", b: "2"}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {{name: two, annotations: {{{ARGO}sync-options: Replace=true}}}}
spec:
  schedule: "* * * * *"
  suspend: true
  jobTemplate: {{spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: a, image: b}}]}}}}}}}}
""",
            f"""\
=== a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {{name: one, annotations: {{{ARGO}sync-options: Replace=true}}}}
data: {{a: "2"}}
""",
        ),
    ),
    Case(
        "options-of-the-app",
        (
            """\
=== a.yaml
{apiVersion: v1, kind: ConfigMap, metadata: {name: one}, data: {a: "1"}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: two}, data: {a: "1"}}
""",
            "=== a.yaml\n{apiVersion: v1, kind: ConfigMap, metadata: {name: one}, data: {a: '2'}}\n",
        ),
        options=(
            "ServerSideApply=true",
            "ApplyOutOfSyncOnly=true",
            "PruneLast=true",
            "CreateNamespace=true",
            "PrunePropagationPolicy=background",
            "Force=true",
        ),
    ),
    Case(
        "replace-for-all",
        (
            """\
=== a.yaml
{apiVersion: v1, kind: ConfigMap, metadata: {name: one}, data: {a: "1", b: "2"}}
---
{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 80}], selector: {a: b}}}
""",
            """\
=== a.yaml
{apiVersion: v1, kind: ConfigMap, metadata: {name: one}, data: {b: "3"}}
---
{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {ports: [{port: 81}]}}
""",
        ),
        options=("Replace=true",),
    ),
    Case(
        "not-validated",
        (
            """\
=== a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: one}
data: {a: "1"}
""",
        ),
        options=("Validate=false",),
        kubectl=("--validate=false",),
    ),
    Case(
        "kept-although-gone-from-git",
        (
            f"""\
=== a.yaml
{{apiVersion: v1, kind: ConfigMap, metadata: {{name: goes}}}}
---
{{apiVersion: v1, kind: ConfigMap, metadata: {{name: argo, annotations: {{{ARGO}sync-options: Prune=false}}}}}}
---
{{apiVersion: v1, kind: ConfigMap, metadata: {{name: helm, annotations: {{helm.sh/resource-policy: keep}}}}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: flux, annotations: {{kustomize.toolkit.fluxcd.io/prune: disabled}}}}
---
{{apiVersion: v1, kind: ConfigMap, metadata: {{name: asks, annotations: {{{ARGO}sync-options: Prune=confirm}}}}}}
---
{{apiVersion: v1, kind: ConfigMap, metadata: {{name: stays}}}}
""",
            "=== a.yaml\n{apiVersion: v1, kind: ConfigMap, metadata: {name: stays}}\n",
        ),
        ours={
            "ConfigMap/argo": "Prune=false",
            "ConfigMap/helm": "helm.sh/resource-policy: keep",
            "ConfigMap/flux": "prune: disabled",
            "ConfigMap/asks": "Prune=confirm, and nobody did",
        },
    ),
    Case(
        "hooks",
        (
            f"""\
=== a.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: before
  annotations: {{{ARGO}hook: PreSync, {ARGO}hook-delete-policy: HookSucceeded}}
data: {{a: "1"}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: after-failure, annotations: {{{ARGO}hook: SyncFail}}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: skipped, annotations: {{{ARGO}hook: Skip}}}}
---
{{apiVersion: v1, kind: ConfigMap, metadata: {{name: plain}}}}
""",
        ),
        theirs={
            "ConfigMap/before": "a hook that is deleted when it succeeded",
            "ConfigMap/after-failure": "a hook of failed syncs",
            "ConfigMap/skipped": "said to be skipped",
        },
    ),
    Case(
        "left-to-others",
        (
            """\
=== a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: once, annotations: {kustomize.toolkit.fluxcd.io/ssa: IfNotPresent}}
data: {a: "1"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: never, annotations: {kustomize.toolkit.fluxcd.io/reconcile: disabled}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: plain}}
""",
            """\
=== a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: once, annotations: {kustomize.toolkit.fluxcd.io/ssa: IfNotPresent}}
data: {a: "2"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: never, annotations: {kustomize.toolkit.fluxcd.io/reconcile: disabled}}
""",
        ),
        theirs={"ConfigMap/never": "reconcile: disabled"},
        fields={"ConfigMap/once": "data.a: only its creation was asked for"},
    ),
    Case(
        "differences-that-do-not-count",
        (
            """\
=== a.yaml
{apiVersion: v1, kind: ConfigMap, metadata: {name: one}, data: {a: "1", b: "1"}}
""",
            """\
=== a.yaml
{apiVersion: v1, kind: ConfigMap, metadata: {name: one}, data: {a: "2", b: "2"}}
""",
        ),
        options=("RespectIgnoreDifferences=true",),
        sync="""
  ignoreDifferences:
  - kind: ConfigMap
    jsonPointers: [/data/b]
""",
        fields={"ConfigMap/one": "data.b: left as it is by RespectIgnoreDifferences"},
    ),
]
