"""Custom resources, and what a second commit can do to a set: change, remove, rename, move, convert."""

from __future__ import annotations

from tests.workers.differential.case import Case

_SCHEMA = """\
      openAPIV3Schema:
        type: object
        x-kubernetes-preserve-unknown-fields: true
"""


def definition(kind: str, versions: str = "v1", schema: str = _SCHEMA, scope: str = "Namespaced") -> str:
    """A CustomResourceDefinition of the side's own group; its last version is stored."""
    names = versions.split()
    text = f"""\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {kind.lower()}s.@NS@.example.com}}
spec:
  group: "@NS@.example.com"
  names: {{kind: {kind}, plural: {kind.lower()}s}}
  scope: {scope}
  versions:
"""
    for name in names:
        text += (
            f"  - name: {name}\n    served: true\n    storage: {str(name == names[-1]).lower()}\n    schema:\n{schema}"
        )
    return text


SETS = """\
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              set: {type: array, x-kubernetes-list-type: set, items: {type: string}}
              atomic: {type: array, x-kubernetes-list-type: atomic, items: {type: integer}}
              map:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [key, number]
                items:
                  type: object
                  required: [key, number]
                  properties: {key: {type: string}, number: {type: integer}, value: {type: string}}
              granular: {type: object, additionalProperties: {type: string}}
              whole: {type: object, x-kubernetes-map-type: atomic, additionalProperties: {type: string}}
              defaulted: {type: string, default: from the schema}
              nothing: {type: string, nullable: true}
              either: {x-kubernetes-int-or-string: true}
"""

CASES = [
    Case(
        "definitions-with-their-resources",
        (
            f"""\
=== a-resources.yaml
apiVersion: "@NS@.example.com/v1"
kind: Widget
metadata: {{name: one}}
spec: {{size: 3, nested: {{a: [1, two, {{three: 3.5}}], empty: {{}}, none: []}}}}
status: {{said: by git}}
---
apiVersion: "@NS@.example.com/v1"
kind: Planet
metadata: {{name: "mars-@NS@"}}
spec: {{moons: [phobos, deimos]}}
=== z-definitions.yaml
{definition("Widget")}---
{definition("Planet", scope="Cluster")}""",
            f"""\
=== a-resources.yaml
apiVersion: "@NS@.example.com/v1"
kind: Widget
metadata: {{name: two}}
spec: {{size: 4}}
=== z-definitions.yaml
{definition("Widget")}""",
        ),
    ),
    Case(
        "scalars-as-yaml-1-1-has-them",
        (
            f"""\
=== a.yaml
{definition("Scalar")}---
apiVersion: "@NS@.example.com/v1"
kind: Scalar
metadata: {{name: all}}
spec:
  words: [y, Y, yes, Yes, on, ON, n, no, off, "true", true, True, "null", ~, null, Null, "", =, <<x]
  numbers: [0, -0, +1, 014, 0o14, 0x1F, 0b101, 1_000, 1e3, 1E+2, .5, 5., 1.0, -0.0, 1e21, 22:22, 190:20:30, 1.5e300]
  large: [9223372036854775807, -9223372036854775808, 1234567890123]
  dates: [2001-12-14, 2001-12-14t21:59:43.10-05:00, "2001-12-14"]
  versions: [1.10, 1.2.3, v1, 08, 09.1]
  keys: {{1: int, true: bool, y: word, "on": quoted, 1.5: float}}
  tags: [!!str 1, !!int "2", !!float 3, !!bool "yes", !!null "", !!binary aGk=]
  multi: {{? a : b}}
""",
        ),
    ),
    Case(
        "nothing-and-empty",
        (
            f"""\
=== crd.yaml
{definition("Thing", schema=SETS)}
=== a.yaml
apiVersion: "@NS@.example.com/v1"
kind: Thing
metadata: {{name: one, labels: {{}}, annotations: null}}
spec: {{set: [], map: [], granular: {{}}, whole: {{}}, nothing: null, either: 5}}
---
apiVersion: "@NS@.example.com/v1"
kind: Thing
metadata: {{name: two, labels: , annotations: {{}}}}
spec: {{}}
---
apiVersion: "@NS@.example.com/v1"
kind: Thing
metadata: {{name: three}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: no-data}}
data:
---
apiVersion: v1
kind: Service
metadata: {{name: nulls}}
spec: {{selector: null, type: null, ports: [{{port: 80, name: null, targetPort: null}}]}}
""",
            """\
=== a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: no-data}
data: {}
binaryData: null
""",
        ),
    ),
    Case(
        "items-of-sets-and-maps-go",
        (
            f"""\
=== crd.yaml
{definition("Thing", schema=SETS)}
=== a.yaml
apiVersion: "@NS@.example.com/v1"
kind: Thing
metadata: {{name: one}}
spec:
  set: [a, b, c]
  atomic: [1, 2, 3]
  map: [{{key: a, number: 1, value: x}}, {{key: a, number: 2, value: v}}, {{key: b, number: 1}}]
  granular: {{a: "1", b: "2"}}
  whole: {{a: "1", b: "2"}}
  defaulted: mine
  either: 50%
""",
            """\
=== a.yaml
apiVersion: "@NS@.example.com/v1"
kind: Thing
metadata: {name: one}
spec:
  set: [d, b]
  atomic: [3, 1]
  map: [{key: b, number: 1, value: z}, {key: a, number: 2}]
  granular: {b: "3"}
  whole: {b: "2"}
""",
            """\
=== a.yaml
apiVersion: "@NS@.example.com/v1"
kind: Thing
metadata: {name: one}
""",
        ),
    ),
    Case(
        "another-version-of-the-same-object",
        (
            f"""\
=== crd.yaml
{definition("Gadget", "v1alpha1 v1")}
=== a.yaml
apiVersion: "@NS@.example.com/v1alpha1"
kind: Gadget
metadata: {{name: one}}
spec: {{a: 1, old: true}}
---
apiVersion: "@NS@.example.com/v1alpha1"
kind: Gadget
metadata: {{name: two}}
spec: {{a: 1}}
---
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata: {{name: web}}
spec: {{scaleTargetRef: {{apiVersion: apps/v1, kind: Deployment, name: none}}, minReplicas: 2, maxReplicas: 3}}
""",
            """\
=== a.yaml
apiVersion: "@NS@.example.com/v1"
kind: Gadget
metadata: {name: one}
spec: {a: 2}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: none}, maxReplicas: 3}
""",
        ),
    ),
    Case(
        "objects-move-between-files",
        (
            """\
=== a.yaml
{apiVersion: v1, kind: ConfigMap, metadata: {name: one}, data: {a: "1"}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: two}, data: {a: "1"}}
=== b.yaml
{apiVersion: v1, kind: ConfigMap, metadata: {name: three}, data: {a: "1"}}
""",
            """\
=== a.yaml (removed)
=== b.yaml
{apiVersion: v1, kind: ConfigMap, metadata: {name: two}, data: {a: "2"}}
=== c.json
{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}, "data": {"a": "1"}}
=== d.yaml
{apiVersion: v1, kind: ConfigMap, metadata: {name: three}, data: {b: "1"}}
""",
        ),
    ),
    Case(
        "renamed-and-of-another-kind",
        (
            """\
=== a.yaml
{apiVersion: v1, kind: ConfigMap, metadata: {name: old, labels: {a: b}}, data: {a: "1"}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: same}, data: {a: "1"}}
""",
            """\
=== a.yaml
{apiVersion: v1, kind: ConfigMap, metadata: {name: new, labels: {a: b}}, data: {a: "1"}}
---
{apiVersion: v1, kind: Secret, metadata: {name: same}, stringData: {a: "1"}}
""",
            """\
=== a.yaml
{apiVersion: v1, kind: ConfigMap, metadata: {name: old}, data: {a: "1"}}
""",
        ),
    ),
    Case(
        "fields-go-back-to-their-defaults",
        (
            """\
=== a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: one, labels: {a: "1", b: "2"}, annotations: {c: "3", d: "4"}}
data: {e: "5", f: "6"}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: c}
spec:
  schedule: "* * * * *"
  suspend: true
  concurrencyPolicy: Forbid
  successfulJobsHistoryLimit: 0
  startingDeadlineSeconds: 10
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: m, image: i, tty: true}]}}}}
""",
            """\
=== a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: one, labels: {b: "2"}, annotations: {d: "4"}}
binaryData: {e: AAE=}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: c}
spec:
  schedule: "* * * * *"
  suspend: true
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: m, image: i}]}}}}
""",
            "=== a.yaml\n{apiVersion: v1, kind: ConfigMap, metadata: {name: one}}\n",
        ),
    ),
    Case(
        "namespaces-of-the-same-set",
        (
            """\
=== 00.yaml
apiVersion: v1
kind: Namespace
metadata: {name: "@NS@-other", labels: {team: a}, annotations: {b: c}}
=== a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: one, namespace: "@NS@-other"}
data: {in: other}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: one}
data: {in: the app's}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: two, namespace: "@NS@"}
data: {in: the app's}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: moves}
""",
            """\
=== 00.yaml
apiVersion: v1
kind: Namespace
metadata: {name: "@NS@-other"}
=== a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: one}
data: {in: the app's}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: moves, namespace: "@NS@-other"}
""",
        ),
    ),
    Case(
        "owners-and-finalizers",
        (
            """\
=== a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: kept, finalizers: [example.com/hold, example.com/other]}
""",
            """\
=== a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: kept, finalizers: [example.com/other]}
""",
            "=== a.yaml\n{apiVersion: v1, kind: ConfigMap, metadata: {name: kept}}\n",
        ),
    ),
]
