"""Carries out what the lifecycle asks for: the one place where its effects meet the server, AWS and the machine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial

import structlog

from pixel.signalling.daemon_thread import in_daemon_thread
from pixel.signalling.deadlines import Instant
from pixel.signalling.host.machine import OwnMachine
from pixel.signalling.lifecycle import Lifecycle, State
from pixel.signalling.lifecycle_effects import (
    AcceptNewcomers,
    Admit,
    CloseAll,
    DeleteRecord,
    Drain,
    Effect,
    Heartbeat,
    Hot,
    Local,
    ReadLease,
    Ready,
    RefuseNewcomers,
    Remote,
    StopInstance,
)
from pixel.signalling.lifecycle_settings import LifecycleSettings
from pixel.signalling.ports import Doorkeeper, Machine, MemberLease

TICK = 1.0
"""Seconds between two looks at the clock."""
PATIENCE = 45.0
"""Seconds after which a call that has not answered counts as failed."""

log = structlog.get_logger(__name__)

Clock = Callable[[], Instant]


def system_clock() -> Instant:
    """Return the present moment on the system's two clocks."""
    return Instant(time.monotonic(), time.time())


class MemberRunner:
    """A member at work. It observes the server's session events and runs until it is cancelled, or its machine stops.

    Everything that blocks runs in threads; the event loop never waits for AWS.

    Args:
        settings: the lifecycle's.
        door: the signalling server.
        machine: the machine to stop.
        lease: gives the member's lease (blocking, called in a thread); None: there is no lease table.
        clock: the present moment.
        tick: seconds between two looks at the clock.
    """

    def __init__(
        self,
        settings: LifecycleSettings,
        door: Doorkeeper,
        machine: Machine,
        lease: Callable[[], MemberLease] | None,
        *,
        clock: Clock = system_clock,
        tick: float = TICK,
    ) -> None:
        self._door = door
        self._machine = machine
        self._lease = lease
        self._clock = clock
        self._tick = tick
        self._tasks: set[asyncio.Task[None]] = set()
        self._lifecycle = Lifecycle(settings, clock(), leased=lease is not None)
        self._logged = self._lifecycle.state

    @classmethod
    def on_this_machine(cls, settings: LifecycleSettings, door: Doorkeeper) -> MemberRunner:
        """Return the runner for the EC2 instance that this process runs on."""
        machine = OwnMachine(settings)
        return cls(settings, door, machine, machine.lease if settings.lease_table else None)

    @property
    def state(self) -> State:
        """The member's state."""
        return self._lifecycle.state

    async def run(self) -> None:
        """Live until cancelled. Nothing that fails outside ends it."""
        if self._lease is not None:
            self._tell_the_door(Admit(None))
        try:
            while True:
                self._do(self._lifecycle.tick(self._clock()))
                await asyncio.sleep(self._tick)
        finally:
            for task in self._tasks:
                task.cancel()

    # What the server reports

    def streamer_connected(self) -> None:
        """The application has come."""
        self._do(self._lifecycle.streamer_connected(self._clock()))

    def streamer_disconnected(self) -> None:
        """The application has gone."""
        self._do(self._lifecycle.streamer_disconnected(self._clock()))

    def player_joined(self, player: str) -> None:
        """A player has connected."""
        self._do(self._lifecycle.player_joined(self._clock(), player))

    def player_left(self, player: str) -> None:
        """A player has gone."""
        self._do(self._lifecycle.player_left(self._clock(), player))

    def activity(self) -> None:
        """A command was delivered."""
        self._do(self._lifecycle.activity(self._clock()))

    # Effects

    def _do(self, effects: Sequence[Effect]) -> None:
        self._log_state()
        for effect in effects:
            if isinstance(effect, Local):
                self._tell_the_door(effect)
            else:
                task = asyncio.get_running_loop().create_task(self._carry_out(effect))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    def _log_state(self) -> None:
        state = self._lifecycle.state
        if state is not self._logged:
            log.info("member state", state=state, before=self._logged, reason=self._lifecycle.reason)
            self._logged = state

    def _tell_the_door(self, effect: Local) -> None:
        try:
            self._call_the_door(effect)
        except Exception:
            # A door that sticks must not keep the machine running.
            log.exception("the server did not take what the lifecycle told it", effect=type(effect).__name__)

    def _call_the_door(self, effect: Local) -> None:
        match effect:
            case Admit(lease):
                digests = (None, None) if lease is None else (lease.player_digest, lease.controller_digest)
                self._door.admit(*digests)
            case RefuseNewcomers(reason):
                self._door.refuse_newcomers(reason)
            case AcceptNewcomers():
                self._door.accept_newcomers()
            case CloseAll(reason):
                self._door.close_all(reason)

    async def _carry_out(self, effect: Remote) -> None:
        """Carry an effect out and hand its answer, or that there was none, to the lifecycle."""
        try:
            answer = await asyncio.wait_for(in_daemon_thread(partial(self._call, effect)), PATIENCE)
        except Exception as error:
            log.warning("member effect failed", effect=type(effect).__name__, error=f"{type(error).__name__}: {error}")
            self._do(self._lifecycle.failed(self._clock(), effect))
        else:
            self._do(answer(self._clock()))

    def _call(self, effect: Remote) -> Callable[[Instant], list[Effect]]:
        """Make the blocking call; return the input that tells the lifecycle of the answer. Runs in a thread."""
        life = self._lifecycle
        match effect:
            case DeleteRecord():
                self._machine.delete_record()
                return life.record_deleted
            case StopInstance():
                self._machine.stop()
                return life.stop_accepted
        return self._call_table(effect)

    def _call_table(self, effect: ReadLease | Hot | Ready | Heartbeat | Drain) -> Callable[[Instant], list[Effect]]:
        from pixel.lease import LeaseLost

        if self._lease is None:
            raise RuntimeError(f"{effect} without a lease table")
        life, table = self._lifecycle, self._lease()
        match effect:
            case ReadLease():
                standing = table.current()
                return partial(life.lease_read, lease=standing.lease, held_until=standing.held_until)
            case Hot():
                return partial(life.hot_written, confirmed=table.hot())
            case Drain(lease):
                return partial(life.drained, lease=lease, confirmed=table.drain(lease))
            case Ready(lease) | Heartbeat(lease):
                try:
                    if isinstance(effect, Ready):
                        return partial(life.ready_written, lease=table.ready(lease))
                    return partial(life.heartbeat_written, lease=table.heartbeat(lease, effect.players))
                except LeaseLost as lost:
                    log.info("lease lost", session=lease.session, why=str(lost))
                    return partial(life.lease_lost, lease=lease)
