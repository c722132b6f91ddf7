"""The client for code that does not await: the same sessions, on a loop of their own."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Iterator
from types import TracebackType
from typing import Self, TypeVar

from pixel.client import aio
from pixel.client.answers import State
from pixel.client.control import Ack, Command
from pixel.client.frame import PlayerFrame
from pixel.client.loop import loop_thread
from pixel.client.progress import progress_of
from pixel.client.session import COMMAND_TIMEOUT, START_TIMEOUT, AsyncSession

Item = TypeVar("Item")


def wake(
    pool: str,
    *,
    api: str | None = None,
    key: str | None = None,
    timeout: float = START_TIMEOUT,
    ca_file: str | os.PathLike[str] | None = None,
) -> Session:
    """Wake a machine of `pool` for oneself, or get back the one this process already has.

    Running the same cell again gives the same machine, until its session has ended. The session ends with `close()`,
    with the process or the notebook's kernel, or by itself when nobody is connected.

    Args:
        pool: the pool's name.
        api: address of the wake API; else `PIXEL_API`.
        key: the API key; else `PIXEL_API_KEY`.
        timeout: seconds `wait_ready` waits by default.
        ca_file: PEM file of an authority to trust beside the public ones; else `PIXEL_CA_FILE`.

    Raises:
        SettingsError: the address or the key is missing or unusable.
        PoolEmpty, NoCapacity, Throttled: not now; `retry_after` says when.
        OverCap, UnknownPool, AuthError: not with this key or pool.
        ApiUnreachable: the API does not answer.
    """
    return Session(loop_thread().run(aio.wake(pool, api=api, key=key, timeout=timeout, ca_file=ca_file)))


class Session:
    """One person's use of one machine."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def __repr__(self) -> str:
        return repr(self._session).replace(type(self._session).__name__, type(self).__name__, 1)

    @property
    def id(self) -> str:
        """The session's id."""
        return self._session.id

    @property
    def pool(self) -> str:
        """The pool the machine is of."""
        return self._session.pool

    @property
    def state(self) -> State:
        """`starting`, `ready` or `ended`, as last heard."""
        return self._session.state

    @property
    def reason(self) -> str | None:
        """Why the session ended; None while it lives."""
        return self._session.reason

    @property
    def hostname(self) -> str | None:
        """The machine's name; None until it is ready."""
        return self._session.hostname

    @property
    def url(self) -> str | None:
        """The player page. Whoever has this address has the session: its fragment is the player token."""
        return self._session.url

    def refresh(self) -> Self:
        """Ask the API how the session is."""
        loop_thread().run(self._session.refresh())
        return self

    def wait_ready(self, timeout: float | None = None, *, progress: bool = True) -> Self:
        """Wait until the machine is ready; see `AsyncSession.wait_ready`."""
        timeout = self._session.timeout if timeout is None else timeout
        with progress_of(self.pool, timeout, shown=progress) as line:
            for elapsed in _iterate(self._session.watch(timeout)):
                line.update(self._session.doing, elapsed)
        return self

    def show(self, width: int | str = "100%", height: int | str = 540) -> None:
        """Show the player page: a frame and a link in a notebook, the address in a terminal."""
        self._wait_if_starting()
        PlayerFrame(loop_thread().run(self._session.ready_access()).url, width, height).display()

    def send(self, command: Command, *, timeout: float = COMMAND_TIMEOUT) -> Ack:
        """Send a command to Unreal: a text, or an object that becomes JSON; see `AsyncSession.send`."""
        self._wait_if_starting()
        return loop_thread().run(self._session.send(command, timeout=timeout))

    def ask(self, command: Command, *, timeout: float = COMMAND_TIMEOUT) -> str:
        """Send a command and return Unreal's next reply; see `AsyncSession.ask`."""
        self._wait_if_starting()
        return loop_thread().run(self._session.ask(command, timeout=timeout))

    def replies(self, *, timeout: float | None = None) -> Iterator[str]:
        """Iterate over what Unreal says; see `AsyncSession.replies`."""
        self._wait_if_starting()
        return _iterate(self._session.replies(timeout=timeout))

    def close(self) -> None:
        """End the session and give the machine back. Closing twice is no error."""
        loop_thread().run(self._session.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _wait_if_starting(self) -> None:
        """Wait here, so that progress is shown by the caller's thread: a notebook takes output from no other."""
        if self.state == "starting":
            self.wait_ready()


def _iterate(items: AsyncGenerator[Item, None]) -> Iterator[Item]:
    """Iterate over what an asynchronous generator gives, which runs on the loop thread."""
    loop = loop_thread()
    try:
        while True:
            try:
                yield loop.run(_next(items))
            except StopAsyncIteration:
                return
    finally:
        loop.run(items.aclose())


async def _next(items: AsyncGenerator[Item, None]) -> Item:
    return await anext(items)
