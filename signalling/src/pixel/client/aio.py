"""The client for code that awaits: `session = await pixel.aio.wake(pool="drone")`."""

from __future__ import annotations

import os
from functools import cache, partial

from pixel.client.attachments import ATTACHMENTS
from pixel.client.lifetime import EndAtExit
from pixel.client.pace import Pace
from pixel.client.request import request_session
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
    key, view = await request_session(settings, pool, attachment, pace)
    session = attachment.session
    if session is None or session.id != view.session:
        session = AsyncSession(settings, pool, view, on_end=partial(attachment.renew, key), pace=pace)
        attachment.session = session
    session.learn(view)
    session.timeout = timeout
    return session


@cache
def _end_at_exit() -> EndAtExit:
    return EndAtExit(ATTACHMENTS.live)
