"""How much may be called: throttles of stages and usage plans, and quotas.

Sources: "Throttle requests to your REST APIs" and "Usage plans and API keys for REST APIs" in API Gateway's developer
guide. A throttle is a token bucket: its rate comes back in a second, its burst is what it holds.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from pixel.sandbox.buckets import Bucket, Rate

QUOTA, THROTTLED = "Limit Exceeded", "Too Many Requests"
"""API Gateway's words."""


class Throttle(NamedTuple):
    """A limit of so many requests a second, and so many at once; `name` tells whose."""

    name: tuple[str, ...]
    rate: Rate


class Quota(NamedTuple):
    """A limit of so many requests in a `DAY`, `WEEK` or `MONTH`; `name` tells whose."""

    name: tuple[str, ...]
    limit: int
    period: str


class Limits:
    """The buckets and counts of all limits. `now`: the time, in seconds since the epoch."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._buckets: dict[Throttle, Bucket] = {}
        self._used: Counter[tuple[Quota, str]] = Counter()

    def refusal(self, throttles: Iterable[Throttle], quotas: Iterable[Quota]) -> str | None:
        """Take a request into account; return what it is refused with, if it goes beyond a limit."""
        with self._lock:
            now = self._now()
            used = [(quota, _period(quota.period, now)) for quota in quotas]
            if any(self._used[one] >= one[0].limit for one in used):
                return QUOTA
            buckets = [self._buckets.setdefault(one, Bucket(one.rate, now)) for one in throttles]
            if not all(bucket.holds(1, now) for bucket in buckets):
                return THROTTLED
            for bucket in buckets:
                bucket.take(1)
            self._used.update(used)
        return None

    def reset(self) -> None:
        """Begin anew."""
        with self._lock:
            self._buckets.clear()
            self._used.clear()


def _period(period: str, now: float) -> str:
    """Return the name of the day, week or month that it is, in UTC."""
    form = {"DAY": "%Y-%m-%d", "WEEK": "%G-W%V", "MONTH": "%Y-%m"}[period]
    return datetime.fromtimestamp(now, UTC).strftime(form)
