"""Ending what this process woke when the process, or the notebook's kernel, ends."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from contextlib import suppress

import httpx

from pixel.client.api import headers, session_path
from pixel.client.attachments import Attachment
from pixel.client.errors import SettingsError

# Jupyter gives a kernel five seconds, and asks less gently after half of them (KernelManager.shutdown_wait_time).
END_TIMEOUT = 2.0


class EndAtExit:
    """Ends live sessions at exit, within `END_TIMEOUT` seconds whatever the network does.

    The calls run on a daemon thread that was started beforehand: at exit no thread can be started any more, and a name
    that does not resolve would block for much longer than one may take then. What is not ended by this is ended by the
    member itself, when nobody connects.
    """

    def __init__(self, live: Callable[[], list[Attachment]], timeout: float = END_TIMEOUT) -> None:
        self._live = live
        self._timeout = timeout
        self._process = os.getpid()
        self._exiting = threading.Event()
        self._done = threading.Event()
        threading.Thread(target=self._wait_and_end, name="pixel-end-at-exit", daemon=True).start()
        atexit.register(self.end)

    def end(self) -> None:
        """End the sessions now; a forked child, whose parent still has them, ends nothing."""
        if os.getpid() == self._process and self._live():
            self._exiting.set()
            self._done.wait(self._timeout)

    def _wait_and_end(self) -> None:
        self._exiting.wait()
        try:
            for attachment in self._live():
                with suppress(httpx.HTTPError, SettingsError):
                    end_now(attachment, self._timeout)
        finally:
            self._done.set()


def end_now(attachment: Attachment, timeout: float) -> None:
    """Send the call that ends a session; what the API answers does not matter any more."""
    settings, session = attachment.settings, attachment.session
    if session is not None:
        address = settings.api + session_path(session.id)
        httpx.delete(address, headers=headers(settings), timeout=timeout, verify=settings.tls())
