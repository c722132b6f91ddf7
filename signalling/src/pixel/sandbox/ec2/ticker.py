"""Makes changes of state happen when nobody asks, and tells the observers, from a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from pixel.sandbox.ec2.layer import Ec2
from pixel.sandbox.members.facts import InstanceFacts, InstanceObserver

_log = logging.getLogger(__name__)


class Ticker:
    """Settles EC2 whenever a change is due.

    Args:
        lock: held while EC2 is settled.
        now: the clock of the lifecycles, in seconds since the epoch.
    """

    def __init__(self, ec2: Ec2, lock: threading.RLock, now: Callable[[], float] = time.time) -> None:
        self._ec2 = ec2
        self._lock = lock
        self._now = now
        self._events: deque[InstanceFacts] = deque()
        self._observers: list[InstanceObserver] = []
        self._woken = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="ticker", daemon=True)

    def observe(self, observer: InstanceObserver) -> None:
        """Tell the observer of every change from now on."""
        self._observers.append(observer)

    def unobserve(self, observer: InstanceObserver) -> None:
        """Tell the observer no more."""
        self._observers.remove(observer)

    def happened(self, facts: InstanceFacts) -> None:
        """Take note of a change of state: observers are told by the thread, in order."""
        self._events.append(facts)

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
        if self._thread.is_alive():
            self._thread.join()

    def step(self) -> float | None:
        """Make the changes whose time has come, and tell of them; return when the next is due, None when none is."""
        due = self._settle()
        self._tell()
        return due

    def _run(self) -> None:
        while not self._stopped:
            self._woken.clear()
            due = self.step()
            self._woken.wait(None if due is None else max(0.0, due - self._now()))
        self._tell()

    def _settle(self) -> float | None:
        """Settle all regions, and return when the next change is due; None when none is."""
        with self._lock:
            due = []
            for region in self._ec2.regions():
                region.settle()
                following = region.lifecycle.next_due()
                if following is not None:
                    due.append(following)
        return min(due, default=None)

    def _tell(self) -> None:
        while self._events:
            facts = self._events.popleft()
            for observer in list(self._observers):
                try:
                    observer.changed(facts)
                except Exception:
                    _log.exception("an observer failed over %s becoming %s", facts.instance_id, facts.state)
