"""The one gate: whether a request may change the cluster now. Webhook, sweep, watch, emergency and CLI all pass here.

Pure. Projects, windows and holds join as further questions; none may be asked anywhere else.
"""

from __future__ import annotations

from workers.apps import App
from workers.model import Request, Why

ASKED_BY_HAND = frozenset({Why.EMERGENCY, Why.MANUAL})


def closed(app: App, request: Request) -> str:
    """Return why ``request`` may not go on, as one sentence, or ``""`` when it may."""
    if request.why is Why.DRIFT and not app.self_heal:
        return f"{app.name} drifted and selfHeal is off: run `hookline sync {app.name}` to repair it"
    if not app.automated and request.why not in ASKED_BY_HAND:
        return f"waits for a manual sync: run `hookline sync {app.name}`"
    return ""
