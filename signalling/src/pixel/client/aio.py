"""The client for code that awaits: `session = await pixel.aio.wake(pool="drone")`."""

from __future__ import annotations

import os
from functools import cache

from pixel.client.answers import SessionView
from pixel.client.api import open_api
from pixel.client.attachments import ATTACHMENTS
from pixel.client.lifetime import EndAtExit
from pixel.client.pace import Pace
from pixel.client.patience import patiently
from pixel.client.session import START_TIMEOUT, AsyncSession
from pixel.client.settings import Settings, resolve

__all__ = ["AsyncSession", "wake"]


async def wake(
    pool: str,
    *,
    api: str | None = None,
    key: str | None = None,
    timeout: float = START_TIMEOUT,
    ca_file: str | os.PathLike[str] | None = None,
) -> AsyncSession:
    """Wake a machine of `pool` for oneself, or get back the one this process already has.

    See `pixel.client.wake`, its twin for code that does not await.
    """
    return await attach(resolve(api, key, ca_file), pool, timeout)


async def attach(settings: Settings, pool: str, timeout: float, pace: Pace | None = None) -> AsyncSession:
    """Return this process's session of `pool`; when that one is over, a new one."""
    _end_at_exit()
    pace = pace or Pace()
    attachment = ATTACHMENTS.of(settings, pool)
    view = await request_session(settings, pool, attachment.idempotency_key, pace)
    if view.state == "ended":
        ATTACHMENTS.forget(attachment)
        attachment = ATTACHMENTS.of(settings, pool)
        view = await request_session(settings, pool, attachment.idempotency_key, pace)
    session = attachment.session
    if session is None or session.id != view.session:
        session = AsyncSession(settings, pool, view, on_end=lambda: ATTACHMENTS.forget(attachment), pace=pace)
        attachment.session = session
    session.learn(view)
    session.timeout = timeout
    return session


async def request_session(settings: Settings, pool: str, idempotency_key: str, pace: Pace) -> SessionView:
    """Ask the API for the session of this key.

    Raises:
        PoolEmpty, NoCapacity, OverCap, UnknownPool, AuthError: the API's refusal, at once.
        ApiUnreachable, Throttled: still so after the pace's patience.
    """
    async with open_api(settings) as api:
        return await patiently(lambda: api.create(pool, idempotency_key), pace)


@cache
def _end_at_exit() -> EndAtExit:
    return EndAtExit(ATTACHMENTS.live)
