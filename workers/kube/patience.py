"""When the same request may be sent again at once, and how long that may take altogether."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential_jitter,
)

from workers.kube.failures import Unanswered

ATTEMPTS = 4
BUDGET_SECONDS = 8.0
"""No attempt begins later than this after the first; whatever needs longer is the queue's business."""

T = TypeVar("T")

_jitter = wait_exponential_jitter(multiplier=0.1, max=2, jitter=0.2)


def patiently(once: Callable[[], T], *, repeatable: bool) -> T:
    """Return what ``once`` returns, trying a few times where that is safe.

    ``repeatable`` means that a request which may have been carried out can be sent again to the same effect. One that
    never left us is sent again in any case.
    """

    return (_SURELY if repeatable else _UNSENT)(once)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, Unanswered) else None
    return asked if asked is not None else _jitter(state)


def _retrying(may_repeat: Callable[[Unanswered], bool]) -> Retrying:
    return Retrying(
        stop=stop_after_attempt(ATTEMPTS) | stop_before_delay(BUDGET_SECONDS),
        wait=_wait,
        retry=retry_if_exception(lambda error: isinstance(error, Unanswered) and may_repeat(error)),
        reraise=True,
    )


# Made once: threads may share them, and making one takes as long as sending a request.
_SURELY = _retrying(lambda error: not error.sent or error.again)
_UNSENT = _retrying(lambda error: not error.sent)
