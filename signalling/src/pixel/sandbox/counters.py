"""Counts every call by name, answered or not."""

from __future__ import annotations

import threading
from collections import Counter

from pixel.sandbox.calls import Answer, Call, Handler


class CallCounter:
    """The layer that counts. A refused, throttled or lost call counts too: it was made."""

    def __init__(self, inner: Handler) -> None:
        self._inner = inner
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def __call__(self, call: Call) -> Answer:
        with self._lock:
            self._counts[call.name] += 1
        return self._inner(call)

    def counts(self) -> dict[str, int]:
        """Return the number of calls by name (`ec2.RunInstances`), most frequent first."""
        with self._lock:
            return dict(self._counts.most_common())

    def reset(self) -> None:
        """Start again from zero."""
        with self._lock:
            self._counts.clear()
