"""An event loop on a thread of its own, for callers that cannot await (a notebook's kernel runs a loop already)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

Result = TypeVar("Result")


class LoopThread:
    """One loop, one daemon thread; they live as long as the process."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="pixel-client", daemon=True).start()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run `work` to its end and return its result; an interrupt of the caller cancels it."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise


@cache
def loop_thread() -> LoopThread:
    """Return the process's loop thread."""
    return LoopThread()
