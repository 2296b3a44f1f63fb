"""The variables of an app: its own, on top of those that objects of the cluster hold (Flux's ``substituteFrom``)."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from workers import known, kube
from workers.apps import App
from workers.errors import SourceMissing


def of(client: kube.Client, app: App) -> dict[str, str]:
    """Return name to value; later objects go before earlier ones, the app's own before all. One GET per object.

    Raises :class:`SourceMissing` naming an object that is not there and not optional.
    """
    found: dict[str, str] = {}
    for kind, namespace, name, optional in app.build.variables_from:
        live = client.get(client.resource("", kind, "v1"), namespace, name)
        if live is None and not optional:
            raise SourceMissing(
                f"{app.origin}: spec.postBuild.substituteFrom: there is no {kind} {namespace}/{name}: make it, or say "
                "optional: true"
            )
        new = values(live or {})
        if kind == "Secret":
            known.learn(new.values())
        found |= new
    return found | dict(app.build.variables)


def values(manifest: dict[str, Any]) -> dict[str, str]:
    """Return what a ConfigMap or Secret holds, as text; what is no text is left out. Pure."""
    data = {str(name): str(value) for name, value in (manifest.get("data") or {}).items()}
    if manifest.get("kind") != "Secret":
        return data
    found = {}
    for name, value in data.items():
        try:
            found[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
    return found
