"""When to try something again: one attempt at a time, a steady period while it works, back-off while it does not."""

from __future__ import annotations

import math
import random
from collections.abc import Callable


class Attempts:
    """The attempts at one action. Times are seconds on a monotonic clock.

    Args:
        period: from one success to the next attempt; `math.inf` for an action that is done once.
        longest: the longest back-off. It doubles from one second, each time shortened at random by up to a half, so
            that a class of members that ends together does not ask together.
        limit: an attempt that has not been answered after this long has failed.
        chance: a number in [0, 1).
    """

    def __init__(
        self,
        period: float = math.inf,
        *,
        longest: float = 30.0,
        limit: float = 60.0,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._period = period
        self._longest = longest
        self._limit = limit
        self._chance = chance
        self._begun: float | None = None
        self._next = -math.inf
        self._failures = 0
        self._again = False
        self.answered = False
        """Whether an attempt has ever been answered."""

    def due(self, now: float) -> bool:
        """Whether to attempt it now."""
        if self._begun is not None:
            return now >= self._begun + self._limit
        return now >= self._next

    def begin(self, now: float) -> None:
        """An attempt is made."""
        self._begun = now
        self._again = False

    def succeeded(self, now: float, period: float | None = None) -> None:
        """The attempt was answered; the next one follows after `period`, for this once, if it is given."""
        self.answered = True
        self._begun = None
        self._failures = 0
        self._next = now if self._again else now + (self._period if period is None else period)

    def failed(self, now: float) -> None:
        """The attempt came to nothing."""
        self._begun = None
        pause = min(self._longest, 2.0**self._failures) * (1 - self._chance() / 2)
        self._failures = min(self._failures + 1, 16)
        self._next = now + pause

    def soon(self, now: float) -> None:
        """Make the next attempt at once; when one is under way, right after it."""
        self._again = True
        self._next = min(self._next, now)
