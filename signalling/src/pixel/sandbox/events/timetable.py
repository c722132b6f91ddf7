"""Does things later, in the order of their times, from one thread."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections.abc import Callable

_log = logging.getLogger(__name__)


class Timetable:
    """What is to be done, and when. `now`: the time, in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._changed = threading.Condition()
        self._entries: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="timetable", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something in so many seconds; it must be quick. What it raises is logged."""
        with self._changed:
            heapq.heappush(self._entries, (self._now() + seconds, next(self._numbers), action))
            self._changed.notify()

    def stop(self) -> None:
        """Do nothing more."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while (action := self._next()) is not None:
            try:
                action()
            except Exception:
                _log.exception("something on the timetable failed")

    def _next(self) -> Callable[[], None] | None:
        """Wait for the next action's time and return it; None when stopped."""
        with self._changed:
            while not self._stopped:
                if not self._entries:
                    self._changed.wait()
                elif (wait := self._entries[0][0] - self._now()) > 0:
                    self._changed.wait(wait)
                else:
                    return heapq.heappop(self._entries)[2]
        return None
