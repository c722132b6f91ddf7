"""The sandbox's time: the system's own, or one that whoever embeds the sandbox lets pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, sleep, time


@dataclass(frozen=True)
class Clock:
    """How time is told, and waited for.

    Attributes:
        now: seconds since the epoch.
        monotonic: seconds on a clock that nobody sets.
        sleep: lets so many seconds pass for the caller.
    """

    now: Callable[[], float] = time
    monotonic: Callable[[], float] = monotonic
    sleep: Callable[[float], None] = sleep


SYSTEM = Clock()
