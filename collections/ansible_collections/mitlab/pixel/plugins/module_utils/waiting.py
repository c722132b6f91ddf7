# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waiting for AWS: short polls at first, longer ones later, and an end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 15.0


class Deadline:
    """The end of a module's patience: all waits of one run share it.

    Args:
        timeout: seconds from now.
        clock, sleep: replaced in tests.
    """

    def __init__(
        self,
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.timeout = timeout
        self._clock = clock
        self._sleep = sleep
        self._end = clock() + timeout

    def polls(self) -> Iterator[None]:
        """Yield each time it is time to look, until the deadline: after 1 s, 2 s, 4 s … 15 s, and once at the end."""
        pause = FIRST_PAUSE
        while (left := self._end - self._clock()) > 0:
            self._sleep(min(pause, left))
            yield
            pause = min(pause * 2, LONGEST_PAUSE)
