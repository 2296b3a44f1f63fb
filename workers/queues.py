"""The names of queues and tasks, and which queue is for what. Pure."""

from __future__ import annotations

from typing import Final

from kombu import Exchange

from workers.model import Why

EMERGENCY: Final = "emergency"
REPORT: Final = "report"
MERGE: Final = "merge"
SWEEP: Final = "sweep"
ALERTS: Final = "alerts"
PLANS: Final = "plans"
QUEUES: Final = (EMERGENCY, REPORT, MERGE, SWEEP, ALERTS, PLANS)
"""Taken in this order: a worker looks into the next queue only when those before it are empty."""

EXCHANGE: Final = Exchange("hookline", type="direct")

TURNS: Final = 6
"""Parts that a pass of the sweep is done in."""

MOST_BETWEEN: Final = 30.0
"""Seconds between two times that somebody asks whether a cluster has to be swept for drift."""

LOOK: Final = "hookline.look"
PUBLISH: Final = "hookline.publish"
TICK: Final = "hookline.tick"
SWEEP_ALL: Final = "hookline.sweep"
SWEEP_DRIFT: Final = "hookline.drift"
UPKEEP: Final = "hookline.upkeep"
ALERT: Final = "hookline.alert"
COMMENT: Final = "hookline.comment"
PLAN: Final = "hookline.plan"
INQUIRE: Final = "hookline.inquire"
DEPLOY: Final = "hookline.deploy"
LAND: Final = "hookline.land"

QUEUE_OF: Final = {
    Why.EMERGENCY: EMERGENCY,
    Why.MANUAL: EMERGENCY,
    Why.APPROVAL: EMERGENCY,
    Why.ROLLBACK: EMERGENCY,
    Why.RERUN: EMERGENCY,
    Why.SWEEP: SWEEP,
}
"""The queue by reason; every other reason goes to ``merge``."""
