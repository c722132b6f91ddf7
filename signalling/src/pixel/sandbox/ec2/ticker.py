"""Makes changes of state happen when nobody asks, and tells the observers, from a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from pixel.sandbox.ec2.layer import Ec2
from pixel.sandbox.members import InstanceFacts, InstanceObserver

_log = logging.getLogger(__name__)


class Ticker:
    """Settles EC2 whenever a change is due.

    Args:
        now: the clock of the lifecycles, in seconds since the epoch.
    """

    def __init__(self, ec2: Ec2, lock: threading.RLock, now: Callable[[], float] = time.time) -> None:
        self._ec2 = ec2
        self._lock = lock
        self._now = now
        self._observers: list[InstanceObserver] = []
        self._woken = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="ticker", daemon=True)

    def observe(self, observer: InstanceObserver) -> None:
        """Tell the observer of every change from now on."""
        self._observers.append(observer)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Look again: something may have changed, or be due sooner than it was."""
        self._woken.set()

    def stop(self) -> None:
        """End, when the observers have been told what happened until now."""
        self._stopped = True
        self._woken.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped:
            self._woken.clear()
            events, due = self._settle()
            for facts in events:
                self._tell(facts)
            self._woken.wait(None if due is None else max(0.0, due - self._now()))

    def _settle(self) -> tuple[deque[InstanceFacts], float | None]:
        events: deque[InstanceFacts] = deque()
        due: list[float] = []
        with self._lock:
            for region in self._ec2.regions():
                region.lifecycle.settle()
                while region.lifecycle.events:
                    events.append(region.lifecycle.events.popleft())
                following = region.lifecycle.next_due()
                if following is not None:
                    due.append(following)
        return events, min(due, default=None)

    def _tell(self, facts: InstanceFacts) -> None:
        for observer in self._observers:
            try:
                observer.changed(facts)
            except Exception:
                _log.exception("an observer failed over %s becoming %s", facts.instance_id, facts.state)
