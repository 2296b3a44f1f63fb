"""A Secret as it is stored: what ``stringData`` says stands in ``data``. Pure.

By server-side apply, who applies ``stringData`` owns a field that is never stored: nobody owns the ``data`` made from
it. A key that leaves Git would stay, and a value changed by hand would take nothing away from us.
Source: the note on ``stringData`` under "Secret" in the Kubernetes API reference; KEP-555.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workers.model import Manifest


def stored(manifest: Manifest) -> Manifest:
    """Return a Secret without ``stringData``, its texts in ``data`` instead, over keys of the same name.

    Anything else is returned as it is; so is a Secret that the API server will refuse: it says why.
    """
    if (manifest.get("apiVersion"), manifest.get("kind")) != ("v1", "Secret") or "stringData" not in manifest:
        return manifest
    texts, data = manifest["stringData"] or {}, manifest.get("data") or {}
    if not (isinstance(texts, dict) and isinstance(data, dict)):
        return manifest
    if not all(isinstance(text, str) for text in texts.values()):
        return manifest
    try:
        encoded = {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()}
    except UnicodeEncodeError:  # half a surrogate pair: no JSON can carry it either
        return manifest
    kept = {key: value for key, value in manifest.items() if key != "stringData"}
    return {**kept, "data": {**data, **encoded}} if encoded else kept
