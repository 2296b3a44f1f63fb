"""What a file can hold: documents, lists, JSON, names, texts."""

from __future__ import annotations

import json

from tests.workers.differential.case import Case


def _config(name: str, data: dict[str, str], **annotations: str) -> str:
    metadata = {"name": name, "annotations": annotations}
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}, ensure_ascii=False)


LONGEST = "n" * 253
MANY = "\n---\n".join(_config(f"many-{number:03}", {"number": str(number)}) for number in range(60))
FEWER = "\n---\n".join(_config(f"many-{number:03}", {"number": str(number)}) for number in range(25, 60))
LETTERS = "".join(chr(97 + number % 26) for number in range(200 * 1024))

CASES = [
    Case(
        "config-maps-and-secrets",
        (
            """\
=== a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: text}
data: {a: "1", empty: "", "dotted.key-name_x": b}
binaryData: {bytes: AAECA//+}
immutable: true
---
apiVersion: v1
kind: Secret
metadata: {name: both}
data: {a: YQ==, b: Yg==}
stringData: {b: overridden, c: plain}
---
apiVersion: v1
kind: Secret
metadata: {name: registry}
type: kubernetes.io/dockerconfigjson
stringData: {.dockerconfigjson: '{"auths": {}}'}
---
apiVersion: v1
kind: Secret
metadata: {name: login}
type: kubernetes.io/basic-auth
stringData: {username: ada, password: "no: secret"}
---
apiVersion: v1
kind: Secret
metadata: {name: empty}
""",
            """\
=== a.yaml
apiVersion: v1
kind: Secret
metadata: {name: both}
data: {a: YQ==}
---
apiVersion: v1
kind: Secret
metadata: {name: login}
type: kubernetes.io/basic-auth
data: {username: YWRh, password: Ym9vbGU=}
""",
        ),
        fields={"Secret/both": "data.c: kubectl cannot take back what came by stringData"},
    ),
    Case(
        "several-documents-in-a-file",
        (
            """\
=== a.yaml
# a comment before anything

---
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: one   # a comment
data: {a: b}
...
---
# nothing but a comment
---
{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "two"}, "data": {"flow": "yes"}}
--- # a comment on the separator
apiVersion: v1
kind: ConfigMap
metadata:
  name: three
data:
  looks-like-one: |
    ---
    not a separator
---
=== b.yml
apiVersion: v1
kind: ConfigMap
metadata: {name: four}
=== ignored.txt
apiVersion: v1
kind: ConfigMap
metadata: {name: never}
""",
        ),
    ),
    Case(
        "json-files",
        (
            """\
=== a.json
{
  "apiVersion": "v1", "kind": "ConfigMap",
  "metadata": {"name": "one", "labels": null},
  "data": {"slash": "\\/", "unicode": "\\u00e9\\ud83d\\ude00", "quote": "\\""}
}
=== b.json
{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "two"}, "data": {"a": "b"}},
  {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "three"}}
]}
""",
            "=== b.json (removed)\n",
        ),
    ),
    Case(
        "lists",
        (
            """\
=== list.yaml
apiVersion: v1
kind: List
metadata: {resourceVersion: ""}
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: one}
- {apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: two}}
=== typed.yaml
apiVersion: v1
kind: ConfigMapList
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: typed-one}, data: {a: b}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: typed-two}, data: {a: b}}
=== none.yaml
apiVersion: v1
kind: List
items: []
""",
            """\
=== typed.yaml
apiVersion: v1
kind: ConfigMapList
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: typed-two}, data: {a: c}}
""",
        ),
    ),
    Case(
        "odd-names",
        (
            f"""\
=== a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {{name: a.b-c.d}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: "123"}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: "true"}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: {LONGEST}}}
data: {{{"k" * 253}: v}}
---
apiVersion: v1
kind: Service
metadata: {{name: {"s" * 63}}}
spec: {{ports: [{{port: 80}}]}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: "Odd:Name_with (spaces) & more+"}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: "dépôt:😀?#"}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: "0"}}
""",
            f"""\
=== a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {{name: {LONGEST}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: "dépôt:😀?#"}}
""",
        ),
    ),
    Case(
        "labels-and-annotations-at-their-limits",
        (
            f"""\
=== a.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: one
  labels:
    {"p" * 253}/{"n" * 63}: {"v" * 63}
    empty: ""
    "1": "1"
  annotations:
    {"q" * 253}/{"n" * 63}: any thing
    long: {LETTERS}
""",
            """\
=== a.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: one
  labels: {empty: ""}
  annotations: {short: a}
""",
        ),
    ),
    Case(
        "texts",
        (
            """\
=== a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: styles}
data:
  long: LETTERS
  literal: |
    line one
      indented
    trailing spaces   \n
  keep: |+
    text

  strip: |-
    text
  folded: >
    one
    line

    another
  folded-strip: >-
    a
    b
  indented: |2
      two more
  double: "a\\tb\\n\\
    c \\x41 \\u00e9 \\U0001F600 \\e \\N \\_"
  single: 'it''s'
  plain: a plain # no comment
  plain-lines: one
    two
  tabs: "\ta\t"
  colons: a:b:c
  url: https://example.com/a?b=c#d
""".replace("LETTERS", LETTERS),
        ),
        fields={"ConfigMap/styles": "data.double: kubectl sends U+0085 as it is, and the API server drops it"},
    ),
    Case(
        "not-ascii",
        (
            """\
=== a.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: values
  annotations: {emoji: "👩‍👩‍👧‍👦 🇪🇺", rtl: "שלום RTL-MARK עולם", "x": "e\\u0301 is not é"}
data:
  emoji: 😀 not quoted
  rtl: مرحبا
  combining: "Z\\u0351\\u036b\\u0343"
  nul: "a\\0b"
  controls: "\\x01\\x1f"
  separators: "\\u2028\\u2029\\ufeff"
  astral: "\\U0010FFFF \\U0001D11E"
  private: "\\ue000"
  replacement: "\\ufffd"
""".replace("RTL-MARK", "\u200f"),
        ),
    ),
    Case(
        "anchors-and-merge-keys",
        (
            """\
=== a.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: one
  labels: &labels {app: shop, tier: web}
  annotations: {<<: *labels, tier: "again"}
data:
  a: &text some text
  b: *text
---
apiVersion: v1
kind: List
items:
- &base
  apiVersion: v1
  kind: ConfigMap
  metadata: {name: two, labels: {from: base}}
  data: {a: "1"}
- <<: *base
  metadata: {name: three}
- <<: [{data: {first: wins}}, *base]
  metadata: {name: four}
""",
        ),
    ),
    Case("many-objects-in-one-file", (f"=== many.yaml\n{MANY}\n", f"=== many.yaml\n{FEWER}\n")),
    Case(
        "folders-below",
        (
            """\
=== a.yaml
{apiVersion: v1, kind: ConfigMap, metadata: {name: top}}
=== b/c/d.yaml
{apiVersion: v1, kind: ConfigMap, metadata: {name: deep}}
=== b/with space/e.yml
{apiVersion: v1, kind: ConfigMap, metadata: {name: spaced}}
=== b/x/f.json
{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "json"}}
""".replace("with space", "with-ümlaut"),
            "=== b/c/d.yaml (removed)\n",
        ),
        recurse=True,
    ),
    Case(
        "only-the-folder-itself",
        (
            """\
=== a.yaml
{apiVersion: v1, kind: ConfigMap, metadata: {name: top}}
=== b/c.yaml
{apiVersion: v1, kind: ConfigMap, metadata: {name: below}}
""",
        ),
    ),
]
