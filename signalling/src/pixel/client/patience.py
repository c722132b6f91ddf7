"""Asking again what failed in a way that passes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pixel.client.errors import ApiUnreachable, Throttled
from pixel.client.pace import Pace

Answer = TypeVar("Answer")


async def patiently(call: Callable[[], Awaitable[Answer]], pace: Pace) -> Answer:
    """Return what `call` returns; ask again, for `pace.patience` seconds, while the API is out of reach or throttles.

    Every call of the API may be replayed, so asking again never wakes a second machine. Other errors are raised at
    once, and so is a throttle whose `retry_after` is past the patience.
    """
    clock = asyncio.get_running_loop().time
    give_up, attempt = clock() + pace.patience, 0
    while True:
        try:
            return await call()
        except (ApiUnreachable, Throttled) as error:
            delay = pace.delay(attempt, error.retry_after if isinstance(error, Throttled) else None)
            if clock() + delay > give_up:
                raise
        await asyncio.sleep(delay)
        attempt += 1
