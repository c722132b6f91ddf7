"""Holds one call at an exact point, so that its caller can be killed there."""

from __future__ import annotations

import select
import socket
import threading

from pixel.sandbox.calls import Answer, Call, Handler
from pixel.sandbox.settings import Faults, Hold, Settings

_LOOK = 0.05
"""Seconds between two looks at whether the caller is gone."""
_READING = ("Describe", "Get", "List", "Head", "Scan", "Query", "Batch")


class HoldPoint:
    """The layer that holds a call until the fault is removed (then it goes on) or its caller is gone."""

    def __init__(self, inner: Handler, settings: Settings) -> None:
        self._inner = inner
        self._lock = threading.Lock()
        self._hold: Hold | None = None
        self._seen = 0
        self._released = threading.Event()
        self.held = False
        """Whether a call is held now."""
        settings.watch(self._set)

    def _set(self, faults: Faults) -> None:
        with self._lock:
            if faults.hold == self._hold:
                return
            self._hold, self._seen = faults.hold, 0
            self._released.set()
            self._released = threading.Event()

    def __call__(self, call: Call) -> Answer:
        hold, released = self._struck(call)
        if hold is None:
            return self._inner(call)
        if hold.when == "before":
            self._wait(call, released)
            return self._inner(call)
        answer = self._inner(call)
        self._wait(call, released)
        return answer

    def _struck(self, call: Call) -> tuple[Hold | None, threading.Event]:
        """Return the fault if it is this call's turn, and what tells its end."""
        with self._lock:
            hold = self._hold
            if hold is None or not _concerns(hold, call):
                return None, self._released
            self._seen += 1
            return (hold if self._seen == hold.nth else None), self._released

    def _wait(self, call: Call, released: threading.Event) -> None:
        caller: socket.socket = call.environ["werkzeug.socket"]
        self.held = True
        try:
            while not released.wait(_LOOK):
                if _gone(caller):
                    raise ConnectionAbortedError(f"the caller of {call.name} is gone while it was held")
        finally:
            self.held = False


def _concerns(hold: Hold, call: Call) -> bool:
    if hold.action is not None:
        return hold.action in (call.action, call.name)
    return not call.action.startswith(_READING)


def _gone(caller: socket.socket) -> bool:
    """Whether the other end has closed: then the socket can be read, and gives nothing."""
    readable, _, _ = select.select([caller], [], [], 0)
    try:
        return bool(readable) and caller.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True
