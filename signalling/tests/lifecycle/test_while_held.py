"""A member that is held for a class: it waits without a lease, and is somebody's a moment after they claim it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pixel.signalling.lifecycle import HELD_POLL, Lifecycle, State
from pixel.signalling.lifecycle_effects import AcceptNewcomers, Admit, Hot, ReadLease, Ready

from .world import BOOT, LeaseTable, World, a_lease

UNLEASED = 300.0
HOLD = 900.0


def held(**settings: float) -> World:
    """A member that was held before it booted; its application has come."""
    table = LeaseTable(None)
    table.held_until = BOOT + HOLD
    world = World(table, unleased=UNLEASED, **settings)
    world.pass_time(1)
    world.streamer_comes()
    return world


def test_it_does_not_stop_before_the_hold_has_passed() -> None:
    world = held(first_connection=60.0, start=60.0)
    world.pass_time(HOLD - 2)
    assert world.state is State.WAITING
    assert not world.effects(Admit)


def test_it_stops_soon_after_the_hold_when_nobody_has_claimed_it() -> None:
    world = held()
    world.until(lambda: world.stop_requested, within=HOLD + 10)
    assert world.monotonic >= HOLD
    assert world.drains_confirmed == 1
    assert world.life.reason == "no session has claimed this machine"


def test_it_says_once_that_it_waits_and_again_when_its_application_comes_back() -> None:
    world = held()
    world.pass_time(120)
    assert world.effects(Hot) == [Hot()]
    world.streamer_goes()
    world.pass_time(30)
    world.streamer_comes()
    world.pass_time(30)
    assert world.effects(Hot) == [Hot(), Hot()]


def test_it_does_not_say_that_it_waits_before_its_application_has_come() -> None:
    table = LeaseTable(None)
    table.held_until = BOOT + HOLD
    world = World(table)
    world.pass_time(60)
    assert world.effects(Hot) == []


def test_whoever_claims_it_has_it_within_two_seconds() -> None:
    world = held()
    world.pass_time(400)
    assert world.table is not None
    world.table.lease = a_lease(lease_until=BOOT + 1000)
    world.pass_time(2 * HELD_POLL)
    assert [effect.lease.session for effect in world.effects(Ready)] == ["session-1"]  # type: ignore[attr-defined]
    assert [effect.lease.session for effect in world.effects(Admit)] == ["session-1"]  # type: ignore[attr-defined]


def test_it_looks_as_seldom_as_always_once_somebody_has_it() -> None:
    world = held()
    assert world.table is not None
    world.table.lease = a_lease()
    world.pass_time(5)
    looked = len(world.effects(ReadLease))
    world.pass_time(100)
    assert len(world.effects(ReadLease)) - looked <= 11


def test_after_its_session_it_stops_although_it_is_held() -> None:
    world = held()
    assert world.table is not None
    world.table.lease = a_lease()
    world.pass_time(5)
    world.joins()
    world.leaves()
    world.until(lambda: world.stop_requested, within=300)
    assert world.monotonic < HOLD


def test_a_member_that_began_to_stop_goes_on_when_it_is_held_in_the_last_moment() -> None:
    table = LeaseTable(None)
    world = World(table, unleased=UNLEASED)
    world.streamer_comes()

    def hold() -> None:
        table.held_until = BOOT + HOLD

    world.just_before_a_drain = hold
    world.pass_time(UNLEASED + 30)
    assert not world.stop_requested
    assert world.state is State.WAITING
    assert world.effects(AcceptNewcomers) == [AcceptNewcomers()]


def test_a_table_that_cannot_be_reached_does_not_stop_it_before_the_hold_has_passed() -> None:
    world = held(isolation=100.0)
    world.pass_time(10)
    assert world.table is not None
    world.table.down = True
    world.pass_time(HOLD - 20)
    assert not world.stop_requested
    world.until(lambda: world.stop_requested, within=60)


events = st.sampled_from(("streamer comes", "streamer goes", "table fails", "table recovers", "restart", "prolonged"))


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(events, st.integers(15, 250)), max_size=6))
def test_whatever_happens_it_waits_until_the_hold_has_passed_and_stops_then(happenings: list[tuple[str, int]]) -> None:
    """But for what it cannot know: a hold is read, and a service is restarted, while the table answers."""
    world = held(isolation=200.0)
    table = world.table
    assert table is not None
    for event, seconds in happenings:
        match event:
            case "streamer comes":
                world.streamer_comes()
            case "streamer goes":
                world.streamer_goes()
            case "table fails":
                table.down = True
            case "table recovers":
                table.down = False
            case "restart" if not table.down:
                world.life = Lifecycle(world.settings, world.now, leased=True, chance=lambda: 0.0)
            case "prolonged" if not table.down:
                table.held_until += 100
        for _ in range(seconds):
            world.pass_time(1)
            assert not world.stop_requested or world.now.wall >= table.held_until
    table.down = False
    left = max(0.0, table.held_until - world.now.wall)
    world.until(lambda: world.stop_requested, within=left + UNLEASED + 60)
