"""A session as its owner holds it: waiting for the machine, commanding it, ending it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from types import TracebackType
from typing import Self

from pixel.client.answers import Access, SessionView, State
from pixel.client.api import open_api
from pixel.client.control import Ack, Command
from pixel.client.errors import NoCapacity, SessionEnded, StartTimeout
from pixel.client.frame import PlayerFrame
from pixel.client.line import ControlLine
from pixel.client.pace import Pace
from pixel.client.patience import patiently
from pixel.client.progress import progress_of
from pixel.client.settings import Settings

STEPS = {
    "queued": "asking AWS to start a machine",
    "booting": "the machine boots",
    "naming": "its name is being published",
    "loading": "Unreal loads",
}
START_TIMEOUT = 300.0
COMMAND_TIMEOUT = 15.0


class AsyncSession:
    """One person's use of one machine.

    Attributes:
        timeout: seconds that waiting for the machine takes at most, where nothing else is said.
    """

    def __init__(
        self,
        settings: Settings,
        pool: str,
        view: SessionView,
        *,
        on_end: Callable[[], None] = lambda: None,
        timeout: float = START_TIMEOUT,
        pace: Pace | None = None,
    ) -> None:
        self.timeout = timeout
        self._settings = settings
        self._pool = pool
        self._view = view
        self._on_end = on_end
        self._pace = pace or Pace()
        self._line = ControlLine(settings, self._pace, self._check_alive)

    def __repr__(self) -> str:
        where = f" at {self.hostname}" if self.hostname else ""
        return f"<{type(self).__name__} {self.id} of pool '{self.pool}': {self.state}{where}>"

    @property
    def id(self) -> str:
        """The session's id."""
        return self._view.session

    @property
    def pool(self) -> str:
        """The pool the machine is of."""
        return self._pool

    @property
    def state(self) -> State:
        """`starting`, `ready` or `ended`, as last heard."""
        return self._view.state

    @property
    def doing(self) -> str:
        """What is being done for the session, in words for a person."""
        return STEPS.get(self._view.step, "starting a machine") if self.state == "starting" else self.state

    @property
    def reason(self) -> str | None:
        """Why the session ended; None while it lives."""
        return self._view.reason

    @property
    def hostname(self) -> str | None:
        """The machine's name; None until it is ready."""
        return self._view.access.hostname if self._view.access else None

    @property
    def url(self) -> str | None:
        """The player page. Whoever has this address has the session: its fragment is the player token."""
        return self._view.access.url if self._view.access else None

    async def refresh(self) -> Self:
        """Ask the API how the session is."""
        async with open_api(self._settings) as api:
            self.learn(await patiently(lambda: api.get(self.id), self._pace))
        return self

    async def wait_ready(self, timeout: float | None = None, *, progress: bool = True) -> Self:
        """Wait until the machine is ready.

        Args:
            timeout: seconds to wait; None for the timeout given to `wake`.
            progress: show how it goes: a bar in notebooks, a line in terminals.

        Raises:
            StartTimeout: not ready in time; waiting may go on.
            SessionEnded: it ended meanwhile.
            ApiUnreachable, AuthError, Throttled: the API cannot be asked.
        """
        timeout = self.timeout if timeout is None else timeout
        with progress_of(self.pool, timeout, shown=progress) as line:
            async for elapsed in self.watch(timeout):
                line.update(self.doing, elapsed)
        return self

    async def watch(self, timeout: float) -> AsyncGenerator[float, None]:
        """Ask until the machine is ready, giving the seconds gone by after each question."""
        clock = asyncio.get_running_loop().time
        started, asked = clock(), 0
        async with open_api(self._settings) as api:
            while True:
                view = await patiently(lambda: api.get(self.id), self._pace)
                self.learn(view)
                elapsed = clock() - started
                yield elapsed
                self._raise_if_ended()
                if view.state == "ready":
                    return
                if elapsed >= timeout:
                    raise StartTimeout(
                        f"the machine is not ready after {elapsed:.0f} s; the session is kept: "
                        "call wait_ready() to go on waiting, or close() to give it back"
                    )
                await asyncio.sleep(min(self._pace.delay(asked, view.retry_after), timeout - elapsed))
                asked += 1

    async def show(self, width: int | str = "100%", height: int | str = 540) -> None:
        """Show the player page: a frame and a link in a notebook, the address in a terminal.

        Args:
            width, height: of the frame, in pixels or as CSS lengths.
        """
        PlayerFrame((await self.ready_access()).url, width, height).display()

    async def send(self, command: Command, *, timeout: float = COMMAND_TIMEOUT) -> Ack:
        """Send a command to Unreal: a text, or an object that becomes JSON.

        Raises:
            CommandRefused: the member would not take it.
            MemberUnreachable: no control socket within `timeout` seconds.
            UntrustedMember, AuthError: no control socket at all.
            SessionEnded: the session is over.
        """
        control = await self._line.connected(await self.ready_access(), timeout)
        return await control.send(command, timeout)

    async def ask(self, command: Command, *, timeout: float = COMMAND_TIMEOUT) -> str:
        """Send a command and return Unreal's next reply.

        Raises:
            ReplyTimeout: none came within `timeout` seconds.
            Everything that `send` raises.
        """
        control = await self._line.connected(await self.ready_access(), timeout)
        return await control.ask(command, timeout)

    async def replies(self, *, timeout: float | None = None) -> AsyncGenerator[str, None]:
        """Iterate over what Unreal says that no `ask` took, the kept ones first.

        It ends with the session, or when nothing came for `timeout` seconds.

        Raises:
            Everything that `send` raises.
        """
        await self.ready_access()
        while True:
            try:
                async with asyncio.timeout(timeout):
                    while not self._line.replies:
                        control = await self._line.connected(await self.ready_access(), COMMAND_TIMEOUT)
                        await control.wait_reply()
            except (TimeoutError, SessionEnded):
                return
            yield self._line.replies.popleft()

    async def close(self) -> None:
        """End the session and give the machine back. Closing twice is no error."""
        self._line.abandon()
        if self.state == "ended":
            return
        async with open_api(self._settings) as api:
            await patiently(lambda: api.delete(self.id), self._pace)
        self.learn(SessionView(self.id, "ended", reason="closed"))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def learn(self, view: SessionView) -> None:
        """Take in what the API said; an end is final, also when an older answer comes after it."""
        if self.state == "ended":
            return
        self._view = view
        if view.state == "ended":
            self._on_end()

    async def ready_access(self, *, progress: bool = True) -> Access:
        """Return how to reach the machine, waiting for it if need be."""
        self._raise_if_ended()
        if self._view.access is None:
            await self.wait_ready(progress=progress)
        if self._view.access is None:
            raise SessionEnded(self._view.reason or "unknown")
        return self._view.access

    async def _check_alive(self) -> None:
        await self.refresh()
        self._raise_if_ended()

    def _raise_if_ended(self) -> None:
        if self.state == "ended" and self.reason == "no_capacity":
            raise NoCapacity("AWS has no machine free in any zone: try again later", self._view.retry_after)
        if self.state == "ended":
            raise SessionEnded(self.reason or "unknown")
