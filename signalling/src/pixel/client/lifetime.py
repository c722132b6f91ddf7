"""Ending what this process woke when the process, or the notebook's kernel, ends."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from contextlib import suppress

import httpx

from pixel.client.api import headers, session_path
from pixel.client.errors import SettingsError
from pixel.client.settings import Settings

# Jupyter gives a kernel five seconds, and asks less gently after half of them (KernelManager.shutdown_wait_time).
END_TIMEOUT = 2.0


class EndAtExit:
    """Ends live sessions at exit, within `timeout` seconds whatever the network does.

    The calls run on a daemon thread that was started beforehand: at exit no thread can be started any more, and a name
    that does not resolve would block for much longer than one may take then. What is not ended by this is ended by the
    member itself, when nobody connects.

    Args:
        live: returns the sessions to end: settings and session id.
    """

    def __init__(self, live: Callable[[], list[tuple[Settings, str]]], timeout: float = END_TIMEOUT) -> None:
        self._live = live
        self._timeout = timeout
        self._process = os.getpid()
        self._exiting = threading.Event()
        self._done = threading.Event()
        threading.Thread(target=self._wait_and_end, name="pixel-end-at-exit", daemon=True).start()
        atexit.register(self.end)

    def end(self) -> None:
        """End the sessions now; a forked child ends nothing: they are its parent's."""
        if os.getpid() == self._process and self._live():
            self._exiting.set()
            self._done.wait(self._timeout)

    def _wait_and_end(self) -> None:
        self._exiting.wait()
        for settings, session in self._live():
            with suppress(httpx.HTTPError, SettingsError):
                end_now(settings, session, self._timeout)
        self._done.set()


def end_now(settings: Settings, session: str, timeout: float) -> None:
    """Send the call that ends a session; what the API answers does not matter any more."""
    address = settings.api + session_path(session)
    httpx.delete(address, headers=headers(settings), timeout=timeout, verify=settings.tls())
