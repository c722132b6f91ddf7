"""The way to a session's member: a control socket, opened when it is needed and again when it was lost."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from pixel.client.answers import Access
from pixel.client.control import Control, open_control
from pixel.client.errors import AuthError, MemberUnreachable
from pixel.client.pace import Pace
from pixel.client.settings import Settings

REPLIES_KEPT = 1000


class ControlLine:
    """At most one control socket at a time, usable from whichever event loop runs.

    Args:
        check_alive: asks the API, and raises `SessionEnded` if that is why the member refuses.

    Attributes:
        replies: what Unreal said that nobody has taken yet, the newest `REPLIES_KEPT`; outlives the sockets.
    """

    def __init__(self, settings: Settings, pace: Pace, check_alive: Callable[[], Awaitable[object]]) -> None:
        self.replies: deque[str] = deque(maxlen=REPLIES_KEPT)
        self._settings = settings
        self._pace = pace
        self._check_alive = check_alive
        self._control: Control | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opening = asyncio.Lock()

    async def connected(self, access: Access, timeout: float) -> Control:
        """Return an open socket, trying for `timeout` seconds.

        Raises:
            MemberUnreachable, UntrustedMember, AuthError, SessionEnded: why there is none.
        """
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._opening = loop, asyncio.Lock()
        async with self._opening:
            if self._control is None or not self._control.usable:
                self.abandon()
                self._control = await self._open(access, loop.time() + timeout)
            return self._control

    def abandon(self) -> None:
        """Close the socket without waiting."""
        control, self._control = self._control, None
        if control is not None:
            control.abandon()

    async def _open(self, access: Access, deadline: float) -> Control:
        tls, attempt = self._settings.tls(), 0
        failure = MemberUnreachable(f"{access.hostname} does not answer on its control socket")
        try:
            async with asyncio.timeout_at(deadline):
                while True:
                    try:
                        return await open_control(access, tls, self.replies)
                    except MemberUnreachable as error:
                        failure = error
                    await self._check_alive()
                    await asyncio.sleep(self._pace.delay(attempt))
                    attempt += 1
        except AuthError:
            await self._check_alive()
            raise
        except TimeoutError:
            raise failure from None
