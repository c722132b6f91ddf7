"""Asking for a session under a key that is remembered: asked twice, it is the same session."""

from __future__ import annotations

from typing import Protocol

from pixel.client.answers import SessionView
from pixel.client.api import open_api
from pixel.client.errors import SessionEnded
from pixel.client.pace import Pace
from pixel.client.patience import patiently
from pixel.client.settings import Settings


class KeyMemory(Protocol):
    """Where the idempotency key of a session is kept: the process for a notebook, a file for the command line."""

    @property
    def idempotency_key(self) -> str:
        """The key to ask with; a new one is remembered before it is first returned."""

    def renew(self, ended: str) -> None:
        """Forget the key `ended`, whose session is over, unless another has taken its place."""


async def request_session(settings: Settings, pool: str, memory: KeyMemory, pace: Pace) -> tuple[str, SessionView]:
    """Return the remembered session; a new one when that is over or there is none. Its key comes with it.

    Raises:
        PoolEmpty, NoCapacity, OverCap, UnknownPool, AuthError: the API's refusal, at once.
        ApiUnreachable, Throttled: still so after the pace's patience.
    """
    try:
        return await _request(settings, pool, memory, pace)
    except SessionEnded:
        return await _request(settings, pool, memory, pace)


async def _request(settings: Settings, pool: str, memory: KeyMemory, pace: Pace) -> tuple[str, SessionView]:
    """Ask once, under the remembered key.

    Raises:
        SessionEnded: that key's session is over; the key is forgotten.
    """
    key = memory.idempotency_key
    try:
        async with open_api(settings) as api:
            view = await patiently(lambda: api.create(pool, key), pace)
        if view.state == "ended":
            raise SessionEnded(view.reason or "unknown")
    except SessionEnded:
        memory.renew(key)
        raise
    return key, view
