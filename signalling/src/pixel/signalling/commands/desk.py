"""Where commands are handed in: the controllers' sockets on one side, the way to Unreal on the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import structlog

from pixel.signalling.attempts import Attempts
from pixel.signalling.commands.carrier import CommandCarrier
from pixel.signalling.commands.frames import Command, Refused, ScratchFrames, acknowledgement, read_control, reply
from pixel.signalling.commands.queue import CommandQueue, Effect, Hand, Status
from pixel.signalling.counts import Counts
from pixel.signalling.settings import CommandSettings, LimitSettings
from pixel.signalling.sockets import Visit, frames, post

log = structlog.get_logger()

OPENING = 30.0
"""Seconds that the carrier may take to reach Unreal, before it is tried anew."""

IDLE = 60.0
"""Seconds that the carrier is kept when nobody gives commands any more: it costs memory, and a start a second."""

POLL = 0.25
"""Seconds between two looks at what waits, while something does."""


class _Ticket(NamedTuple):
    """Who gave a command, and by what id they know it; nobody, when it came from a client that hears no answers."""

    visit: Visit | None
    reference: dict[str, Any]


class CommandDesk:
    """Takes commands, has them carried to Unreal, and passes on what becomes of them and what Unreal replies.

    Args:
        settings: of the commands.
        limits: of every socket.
        carrier: the way to Unreal; it is started when there is an application, and somebody to give it commands.
        counts: what is counted.
        delivered: called for each command that has reached Unreal.
    """

    def __init__(
        self,
        settings: CommandSettings,
        limits: LimitSettings,
        carrier: CommandCarrier,
        counts: Counts,
        delivered: Callable[[], None],
    ) -> None:
        self._compatibility = settings.compatibility
        self._limits = limits
        self._carrier = carrier
        self._counts = counts
        self._delivered = delivered
        self._queue: CommandQueue[_Ticket] = CommandQueue(settings.queue, settings.expiry)
        self._scratch = ScratchFrames()
        self._controllers: dict[Visit, bool] = {}
        self._application = False
        self._started: float | None = None
        self._open = False
        self._wanted_at = 0.0
        self._stale = False
        self._attempts = Attempts()
        self._changed = asyncio.Event()

    @property
    def controllers(self) -> int:
        """How many controllers are connected."""
        return len(self._controllers)

    async def serve(self, visit: Visit, *, answers: bool) -> None:
        """Serve a controller until its connection ends.

        Args:
            visit: its connection.
            answers: whether it is told what becomes of its commands and what Unreal replies; the original clients,
                which come in on the players' path, know nothing of that.
        """
        self._controllers[visit] = answers
        self._changed.set()
        self._counts.connections["controller"] += 1
        log.info("connected", role="controller", address=visit.address, connection=str(visit.id))
        try:
            async for frame in frames(visit, self._limits.messages_per_second):
                self._counts.frames_in["controller"] += 1
                if not self.take(frame, visit if answers else None) and answers:
                    command, reference = read_control(frame)
                    self._give(command, _Ticket(visit, reference))
        finally:
            del self._controllers[visit]
            log.info("disconnected", role="controller", connection=str(visit.id), code=visit.close_code)

    def take(self, frame: str | bytes, visit: Visit | None = None) -> bool:
        """Take a frame if it is one of the original Scratch clients, and these are understood."""
        command = self._scratch.read(frame) if self._compatibility else None
        if command is None:
            return False
        self._give(command, _Ticket(visit, {}))
        return True

    def application(self, *, present: bool) -> None:
        """Unreal has come, or gone."""
        self._application = present
        if not present:
            # A way that is still being looked for leads to the one that is gone, in the protocol that one spoke.
            self._stale = True
        self._changed.set()

    def session_over(self, reason: str) -> None:
        """Forget what the session has left: the next one begins anew."""
        self._scratch = ScratchFrames()
        self._carry_out(self._queue.clear(reason))

    async def run(self) -> None:
        """Keep the way to Unreal open, until cancelled."""
        try:
            while True:
                self._changed.clear()
                await self._tend()
                busy = not self._queue.empty or self._wanted() != self._open
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), POLL if busy else None)
        finally:
            await self._carrier.stop()

    async def _tend(self) -> None:
        now = _now()
        self._carry_out(self._queue.tick(now))
        if self._wanted():
            self._wanted_at = now
        if self._started is not None:
            late = not self._open and now - self._started >= OPENING
            if late or self._queue.stuck(now):
                await self._carrier.stop()
            elif now - self._wanted_at >= IDLE or (self._stale and not self._open):
                await self._carrier.stop()
                self._attempts = Attempts()  # it has not failed
        elif self._wanted() and self._attempts.due(now):
            self._attempts.begin(now)
            self._started = now
            self._stale = False
            self._carrier.start(self)

    def _wanted(self) -> bool:
        return self._application and (bool(self._controllers) or not self._queue.empty)

    def _give(self, command: Command | Refused, ticket: _Ticket) -> None:
        if isinstance(command, Refused):
            self._tell(ticket, "refused", command.reason)
            return
        self._carry_out(self._queue.submit(_now(), command.descriptor, ticket))
        self._changed.set()

    def _carry_out(self, effects: list[Effect[_Ticket]]) -> None:
        for effect in effects:
            if isinstance(effect, Hand):
                self._carrier.hand(effect.number, effect.descriptor)
            else:
                self._tell(effect.ticket, effect.status, effect.reason)

    def _tell(self, ticket: _Ticket, status: Status, reason: str | None) -> None:
        if status != "queued":
            self._counts.commands[status] += 1
            if status != "delivered":
                log.info("command_not_delivered", status=status, reason=reason)
        if ticket.visit is not None:
            self._post(ticket.visit, acknowledgement(ticket.reference, status, reason))

    def _post(self, visit: Visit, frame: str) -> None:
        if not post(visit, frame, self._limits.send_buffer_bytes):
            self._counts.dropped += 1
            log.warning("dropped", connection=str(visit.id), reason="does not read what is sent to it")
            visit.transport.abort()

    # What the carrier reports

    def opened(self) -> None:
        """Unreal can be reached."""
        self._open = True
        self._attempts.succeeded(_now())
        self._carry_out(self._queue.opened(_now()))

    def sent(self, number: int) -> None:
        """A command has been sent."""
        effects = self._queue.sent(number)
        self._carry_out(effects)
        if effects:
            self._delivered()

    def unsent(self, number: int, reason: str) -> None:
        """A command has not been sent, and will not be."""
        self._carry_out(self._queue.unsent(number, reason))

    def replied(self, data: str) -> None:
        """Unreal has answered something."""
        frame = reply(data)
        for visit, answers in list(self._controllers.items()):
            if answers:
                self._post(visit, frame)

    def closed(self, reason: str) -> None:
        """Unreal cannot be reached any more."""
        self._open = False
        self._started = None
        self._attempts.failed(_now())
        self._carry_out(self._queue.closed(reason))
        self._changed.set()


def _now() -> float:
    return asyncio.get_running_loop().time()
