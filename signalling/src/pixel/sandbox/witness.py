"""Where calls are carried out in view of witnesses: one at a time, so that before and after are of this call alone."""

from __future__ import annotations

import threading
from collections.abc import Callable

from pixel.sandbox.calls import Answer, Call, Handler

Witness = Callable[[Call], Callable[[], None]]
"""Sees a call that is about to be carried out; what it returns is called when it has been."""
SEEN = frozenset({"dynamodb", "ec2", "route53"})
"""Services whose calls are seen. A call of another may go on for long, as Lambda's Invoke."""


class Scene:
    """The layer of the witnesses. `lock` is the one that is held while a call is carried out."""

    def __init__(self, inner: Handler, lock: threading.RLock) -> None:
        self._inner = inner
        self._lock = lock
        self.witnesses: list[Witness] = []

    def __call__(self, call: Call) -> Answer:
        if not self.witnesses or call.service not in SEEN:
            return self._inner(call)
        with self._lock:
            seen = [witness(call) for witness in self.witnesses]
            try:
                return self._inner(call)
            finally:
                for done in seen:
                    done()
