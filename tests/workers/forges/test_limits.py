"""How long a forge asks us to wait."""

from __future__ import annotations

import pytest

from workers.forges import limits

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0"}, 1),
        ({"retry-after": "999999"}, limits.SECONDS_MOST),
        ({"retry-after": "Fri, 15 Jan 2027 08:01:30 GMT"}, 90),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "-5"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000030"}, 30),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1799999000"}, 1),
        ({"x-ratelimit-remaining": "0"}, limits.SECONDS_UNSAID),
        ({"x-ratelimit-remaining": "17", "x-ratelimit-reset": "1800000030"}, None),
        ({"ratelimit-remaining": "0", "ratelimit-reset": "1800000012"}, 12),
        ({"retry-after": "5", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1800000900"}, 5),
    ],
)
def test_wait(headers: dict[str, str], seconds: float | None) -> None:
    """``retry-after`` goes first, then the time the quota renews, within bounds that are believed."""
    assert limits.wait(headers, NOW) == seconds
