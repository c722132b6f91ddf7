"""The runner: effects reach the door, the table and the machine; nothing that fails or hangs outside disturbs it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from pixel.lease.model import Lease, LeaseLost, Standing
from pixel.signalling.deadlines import Instant
from pixel.signalling.lifecycle import State
from pixel.signalling.lifecycle_settings import LifecycleSettings
from pixel.signalling.member import MemberRunner

from .world import BOOT, LeaseTable, a_lease

DEADLINE = 30.0


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> Instant:
        return Instant(self.seconds, BOOT + self.seconds)


class Door:
    """Keeps what the lifecycle told the server."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    def admit(self, player_digest: str | None, controller_digest: str | None) -> None:
        self.heard.append(("admit", player_digest, controller_digest))

    def refuse_newcomers(self, reason: str) -> None:
        self.heard.append(("refuse", reason))

    def accept_newcomers(self) -> None:
        self.heard.append(("accept",))

    def close_all(self, reason: str) -> None:
        self.heard.append(("close", reason))


class Box:
    """A machine that counts what it is asked for; `trouble` is raised, or waited for, by the call it names."""

    def __init__(self) -> None:
        self.deletions = 0
        self.stops = 0
        self.trouble: dict[str, Exception | threading.Event] = {}

    def delete_record(self) -> None:
        self.deletions += 1
        self._meet("delete_record")

    def stop(self) -> None:
        self.stops += 1
        self._meet("stop")

    def _meet(self, call: str) -> None:
        trouble = self.trouble.get(call)
        if isinstance(trouble, threading.Event):
            trouble.wait(DEADLINE)
        elif trouble is not None:
            raise trouble


class TableLease:
    """The member's lease over the test's table."""

    def __init__(self, table: LeaseTable, clock: Clock) -> None:
        self.table, self.clock = table, clock

    def current(self) -> Standing:
        return Standing(self.table.live(self.clock().wall), self.table.held_until)

    def hot(self) -> bool:
        return self.table.waits(self.clock().wall)

    def ready(self, lease: Lease) -> Lease:
        return self.table.write(state="ready", connect_until=self.clock().wall + 300)

    def heartbeat(self, lease: Lease, players: int) -> Lease:
        if not self.table.holds(lease):
            raise LeaseLost("it is somebody else's")
        return self.table.write(state="in_use")

    def drain(self, lease: Lease | None) -> bool:
        self.table.end()
        return True


class Member:
    """A runner with everything around it in the test's hands."""

    def __init__(self, table: LeaseTable | None = None, **settings: float) -> None:
        self.clock, self.door, self.box, self.table = Clock(), Door(), Box(), table
        lease = TableLease(table, self.clock) if table is not None else None
        self.runner = MemberRunner(
            LifecycleSettings(enabled=True, **settings),
            self.door,
            self.box,
            (lambda: lease) if lease is not None else None,
            clock=self.clock,
            tick=0.001,
        )

    async def until(self, condition: Callable[[], bool], *, faster: float = 0.0) -> None:
        """Let the runner run until a condition holds; the clock goes on by `faster` seconds at every look."""
        async with asyncio.timeout(DEADLINE):
            while not condition():
                self.clock.seconds += faster
                await asyncio.sleep(0.002)


@asynccontextmanager
async def running(member: Member) -> AsyncIterator[Member]:
    task = asyncio.create_task(member.runner.run())
    try:
        yield member
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def leave_after_a_session(member: Member) -> None:
    member.runner.streamer_connected()
    member.runner.player_joined("Player0")
    member.runner.player_left("Player0")
    await member.until(lambda: member.runner.state is State.STOPPING, faster=5)


async def test_a_session_without_a_table_ends_in_a_deleted_record_and_a_stop():
    async with running(Member(grace=60)) as member:
        await leave_after_a_session(member)
        await member.until(lambda: member.box.stops == 1)
    assert member.box.deletions == 1
    assert member.door.heard == [("refuse", "everybody has left"), ("close", "everybody has left")]


async def test_nobody_comes_in_before_the_lease_is_read_and_then_the_lease_s_tokens_do():
    async with running(Member(LeaseTable(a_lease()))) as member:
        await member.until(lambda: len(member.door.heard) == 2)
    assert member.door.heard == [("admit", None, None), ("admit", "player-1", "controller-1")]


async def test_the_streamer_s_coming_makes_the_lease_ready():
    table = LeaseTable(a_lease())
    async with running(Member(table)) as member:
        member.runner.streamer_connected()
        await member.until(lambda: table.lease.state == "ready")


async def test_a_player_s_coming_puts_the_lease_in_use():
    table = LeaseTable(a_lease())
    async with running(Member(table)) as member:
        await member.until(lambda: len(member.door.heard) == 2)
        member.runner.streamer_connected()
        member.runner.player_joined("Player0")
        await member.until(lambda: table.lease.state == "in_use")


async def test_a_lease_that_was_lost_shuts_its_players_out():
    table = LeaseTable(a_lease())
    async with running(Member(table)) as member:
        await member.until(lambda: len(member.door.heard) == 2)
        member.runner.streamer_connected()
        member.runner.player_joined("Player0")
        await member.until(lambda: table.lease.state == "in_use")
        table.lease = a_lease(generation=2, lease_until=BOOT + 5000)
        await member.until(lambda: ("admit", "player-2", "controller-2") in member.door.heard, faster=1)


async def test_a_session_under_a_lease_drains_before_it_stops():
    table = LeaseTable(a_lease(lease_until=BOOT + 5000))
    async with running(Member(table, grace=60)) as member:
        await member.until(lambda: len(member.door.heard) == 2)
        await leave_after_a_session(member)
        await member.until(lambda: member.box.stops == 1)
    assert table.lease.state == "draining"


async def test_a_refused_stop_is_tried_again():
    member = Member(grace=60)
    member.box.trouble["stop"] = OSError("no")
    async with running(member):
        await leave_after_a_session(member)
        await member.until(lambda: member.box.stops >= 3, faster=5)


async def test_a_dns_call_that_hangs_neither_blocks_the_server_nor_prevents_the_stop():
    member = Member(grace=60)
    member.box.trouble["delete_record"] = hanging = threading.Event()
    async with running(member):
        await leave_after_a_session(member)
        await member.until(lambda: member.box.stops == 1, faster=5)
    hanging.set()


async def test_a_door_that_fails_does_not_end_the_runner():
    member = Member(grace=60)

    def broken(reason: str) -> None:
        raise RuntimeError(reason)

    member.door.refuse_newcomers = broken
    async with running(member):
        await leave_after_a_session(member)
        await member.until(lambda: member.box.stops == 1)
