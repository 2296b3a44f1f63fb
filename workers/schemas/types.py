"""Schemas by apiVersion and kind, reduced from OpenAPI to what is checked. Pure.

Sources: "OpenAPI V3" and "OpenAPI V2" in the Kubernetes documentation; "Extend the Kubernetes API with
CustomResourceDefinitions" for the words that begin with ``x-kubernetes-``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from workers.errors import BadDocument

Node = dict[str, Any]
_KEPT: Final[Mapping[str, type | tuple[type, ...]]] = {
    **dict.fromkeys(("type", "format", "pattern", "x-kubernetes-list-type"), str),
    **dict.fromkeys(("minimum", "maximum"), (int, float)),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), int),
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), bool),
    **dict.fromkeys(("required", "enum", "x-kubernetes-list-map-keys"), list),
    **dict.fromkeys(
        (f"x-kubernetes-{word}" for word in ("preserve-unknown-fields", "int-or-string", "embedded-resource")), bool
    ),
}
"""The words of a schema that are checked, and what each must be to count: a stranger may have written it."""
_NAMES: Final = ("required", "x-kubernetes-list-map-keys")
_GVK: Final = "x-kubernetes-group-version-kind"
_DEEPEST: Final = 100
META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


@dataclass(frozen=True, slots=True)
class Schemas:
    """The schema of each (apiVersion, kind), and the types they refer to by name. ``version`` is the cluster's."""

    version: str = ""
    kinds: Mapping[tuple[str, str], Node] = field(default_factory=dict)
    types: Mapping[str, Node] = field(default_factory=dict)

    def of(self, api_version: str, kind: str) -> Node | None:
        """Return the schema of a kind, ``None`` where it is not known."""
        return self.kinds.get((api_version, kind))

    def knows_group(self, api_version: str) -> bool:
        """Whether any kind of an API group and version is known: then another one of it is a mistake."""
        return any(known == api_version for known, _ in self.kinds)

    def with_definitions(self, manifests: Iterable[Mapping[str, Any]]) -> Schemas:
        """Return these and what the CustomResourceDefinitions among ``manifests`` define."""
        defined = {key: node for one in manifests for key, node in definitions(one)}
        return Schemas(self.version, {**self.kinds, **defined}, self.types)


def reduced(documents: Iterable[Mapping[str, Any]], version: str = "") -> Schemas:
    """Return the schemas of dumps of ``/openapi/v3/…`` or ``/openapi/v2``.

    Raises :class:`BadDocument` for one that is neither.
    """
    types: dict[str, Node] = {}
    kinds: dict[tuple[str, str], Node] = {}
    for document in documents:
        components = document.get("components")
        found = components.get("schemas") if isinstance(components, dict) else document.get("definitions")
        if not isinstance(found, dict):
            if "openapi" in document and "paths" in document:
                continue  # a part of the dump that defines no type: /version, say
            raise BadDocument("expected a dump of /openapi/v2 or of a part of /openapi/v3")
        for name, node in found.items():
            types[name] = _node(node, 0)
            for one in node.get(_GVK) or ():
                group = f"{one['group']}/" if one["group"] else ""
                kinds[f"{group}{one['version']}", one["kind"]] = {"$ref": name}
    return Schemas(version, kinds, types)


def definitions(manifest: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Node]]:
    """Yield what a CustomResourceDefinition defines; nothing for any other object, or one that is not as it should."""
    spec = manifest.get("spec")
    if manifest.get("kind") != "CustomResourceDefinition" or not isinstance(spec, dict):
        return
    names, versions = spec.get("names"), spec.get("versions")
    for one in versions if isinstance(versions, list) else ():
        if not isinstance(one, dict) or not isinstance(names, dict):
            continue
        schema = one.get("schema")
        node = schema.get("openAPIV3Schema") if isinstance(schema, dict) else None
        if isinstance(node, dict) and one.get("served"):
            root = _node(node, 0)
            root["structural"] = True
            if root.get("x-kubernetes-preserve-unknown-fields") is not True:
                plain = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"$ref": META}}
                root["properties"] = {**root.get("properties", {}), **plain}
            yield (f"{spec.get('group')}/{one.get('name')}", str(names.get("kind"))), root


def _node(node: Any, depth: int) -> Node:
    """Reduce one schema; what is not a schema, or nested absurdly, allows everything."""
    if not isinstance(node, dict) or depth > _DEEPEST:
        return {}
    if "$ref" in node:
        return {"$ref": str(node["$ref"]).rpartition("/")[2]}
    every = node.get("allOf")
    if isinstance(every, list) and len(every) == 1 and isinstance(every[0], dict) and "$ref" in every[0]:
        found = _node(every[0], depth + 1)
    else:
        found = {key: value for key, value in node.items() if _counts(key, value)}
        for key in ("items", "additionalProperties"):
            if isinstance(node.get(key), dict):
                found[key] = _node(node[key], depth + 1)
        if node.get("additionalProperties") is True:
            found["additionalProperties"] = {}
        properties = node.get("properties")
        if isinstance(properties, dict):
            found["properties"] = {name: _node(item, depth + 1) for name, item in properties.items()}
        if isinstance(node.get("oneOf"), list) and "type" not in node:
            found["type"] = [str(one.get("type")) for one in node["oneOf"] if isinstance(one, dict)]
    default = node.get("default")
    return found if default is None else {**found, "default": default}


def _counts(key: Any, value: Any) -> bool:
    expected = _KEPT.get(key)
    if expected is None or not isinstance(value, expected):
        return False
    return key not in _NAMES or (isinstance(value, list) and all(isinstance(one, str) for one in value))
