"""How often to ask. Pure: no clock of its own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """Delays between questions, in seconds: growing while nothing changes, never shorter than the API asked for.

    Attributes:
        first: the first delay.
        growth: each further delay is this many times the last.
        longest: no delay is longer, unless the API asked for it.
        patience: how long an API that fails is asked again before the failure is told.
    """

    first: float = 0.5
    growth: float = 1.5
    longest: float = 5.0
    patience: float = 15.0

    def delay(self, attempt: int, retry_after: float | None = None) -> float:
        """Return the delay after the `attempt`-th question (from 0)."""
        grown = self.longest if attempt >= 32 else min(self.longest, self.first * self.growth**attempt)
        return max(grown, retry_after or 0.0)
