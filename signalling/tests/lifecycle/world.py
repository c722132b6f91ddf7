"""A member's world on a clock that the test turns: the lifecycle, and a table and a machine that answer at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from pixel.lease.model import Lease
from pixel.signalling.deadlines import Instant
from pixel.signalling.lifecycle import Lifecycle, State
from pixel.signalling.lifecycle_effects import (
    DeleteRecord,
    Drain,
    Effect,
    Heartbeat,
    Hot,
    Local,
    ReadLease,
    Ready,
    Remote,
    StopInstance,
)
from pixel.signalling.lifecycle_settings import LifecycleSettings

BOOT = 1_000_000.0
"""The wall clock's time at boot; the monotonic clock begins at 0."""
CONNECT, GRACE, HEARTBEAT = 300.0, 120.0, 60.0


def a_lease(generation: int = 1, state: Any = "claimed", **changes: Any) -> Lease:
    """A lease that was claimed at boot."""
    lease = Lease(
        instance_id="i-1",
        pool="drone",
        state=state,
        session=f"session-{generation}",
        generation=generation,
        player_digest=f"player-{generation}",
        controller_digest=f"controller-{generation}",
        lease_until=BOOT + 600,
        cap_until=BOOT + 4 * 3600,
    )
    return replace(lease, **changes)


class LeaseTable:
    """One member's item, by the rules of `pixel.lease`. Unreachable while `down`."""

    def __init__(self, lease: Lease | None) -> None:
        self.lease = lease
        self.held_until = 0.0
        self.down = False

    def live(self, wall: float) -> Lease | None:
        return self.lease if self.lease is not None and self.lease.lease_until > wall else None

    def waits(self, wall: float) -> bool:
        """Whether the member is held, and nobody has claimed it."""
        return wall < self.held_until and self.lease is None

    def holds(self, lease: Lease | None) -> bool:
        return lease is not None and self.lease is not None and lease.generation == self.lease.generation

    def write(self, **changes: Any) -> Lease:
        assert self.lease is not None
        self.lease = replace(self.lease, **changes)
        return self.lease

    def end(self) -> None:
        """What the wake function writes when a caller ends the session."""
        self.write(state="draining", lease_until=0.0)


class World:
    """Drives a lifecycle second by second and answers its effects; `asked` keeps every effect with its time."""

    def __init__(self, table: LeaseTable | None = None, **settings: Any) -> None:
        self.table = table
        self.monotonic = 0.0
        self.step = 0.0
        self.asked: list[tuple[float, Effect]] = []
        self.dns_down = False
        self.ec2_down = False
        self.drains_confirmed = 0
        self.just_before_a_drain: Callable[[], None] = lambda: None
        self.settings = LifecycleSettings(enabled=True, **settings)
        self.life = Lifecycle(self.settings, self.now, leased=table is not None, chance=lambda: 0.0)

    @property
    def now(self) -> Instant:
        """The present moment; `step` is how far somebody has set the wall clock off."""
        return Instant(self.monotonic, BOOT + self.monotonic + self.step)

    @property
    def state(self) -> State:
        return self.life.state

    @property
    def stop_requested(self) -> bool:
        return bool(self.effects(StopInstance))

    def effects(self, *kinds: type) -> list[Effect]:
        return [effect for _, effect in self.asked if not kinds or isinstance(effect, kinds)]

    def pass_time(self, seconds: float) -> None:
        for _ in range(round(seconds)):
            self.monotonic += 1
            self.do(self.life.tick(self.now))

    def until(self, condition: Callable[[], bool], within: float) -> float:
        """Pass time until a condition holds; return how long it took."""
        began = self.monotonic
        while not condition():
            assert self.monotonic - began < within, f"still {self.state} after {within} s"
            self.pass_time(1)
        return self.monotonic - began

    def streamer_comes(self) -> None:
        self.do(self.life.streamer_connected(self.now))

    def streamer_goes(self) -> None:
        self.do(self.life.streamer_disconnected(self.now))

    def joins(self, player: str = "Player0") -> None:
        self.do(self.life.player_joined(self.now, player))

    def leaves(self, player: str = "Player0") -> None:
        self.do(self.life.player_left(self.now, player))

    def in_use(self) -> World:
        """A member with its application and one player."""
        self.pass_time(1)
        self.streamer_comes()
        self.joins()
        return self

    def do(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            self.asked.append((self.monotonic, effect))
            if not isinstance(effect, Local):
                self.do(self.answer(effect))

    def answer(self, effect: Remote) -> list[Effect]:
        life, now, table = self.life, self.now, self.table
        if isinstance(effect, DeleteRecord):
            return life.failed(now, effect) if self.dns_down else life.record_deleted(now)
        if isinstance(effect, StopInstance):
            return life.failed(now, effect) if self.ec2_down else life.stop_accepted(now)
        assert table is not None, f"{effect} without a lease table"
        if table.down:
            return life.failed(now, effect)
        match effect:
            case ReadLease():
                draining = table.lease is not None and table.lease.state == "draining"
                lease = table.lease if draining else table.live(now.wall)
                return life.lease_read(now, lease, table.held_until)
            case Hot():
                return life.hot_written(now, confirmed=table.waits(now.wall))
            case Drain(lease):
                self.just_before_a_drain()
                unused = table.live(now.wall) is None and now.wall >= table.held_until
                confirmed = table.holds(lease) or unused
                if confirmed:
                    self.drains_confirmed += 1
                    if table.lease is not None:
                        table.end()
                return life.drained(now, lease, confirmed=confirmed)
            case Ready(lease):
                if not table.holds(lease) or table.live(now.wall) is None:
                    return life.lease_lost(now, lease)
                until = now.wall + CONNECT
                return life.ready_written(now, table.write(state="ready", connect_until=until, lease_until=until))
            case Heartbeat(lease, players):
                if not table.holds(lease) or table.lease is None or table.lease.state == "draining":
                    return life.lease_lost(now, lease)
                if players == 0:
                    return life.heartbeat_written(now, table.lease)
                until = min(now.wall + HEARTBEAT + GRACE, table.lease.cap_until)
                return life.heartbeat_written(now, table.write(state="in_use", lease_until=until))
