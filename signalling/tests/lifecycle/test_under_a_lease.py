"""A member with a lease table: it serves the lease's session, and stops only when the table agrees."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pixel.signalling.lifecycle import State
from pixel.signalling.lifecycle_effects import (
    AcceptNewcomers,
    Admit,
    CloseAll,
    Drain,
    Heartbeat,
    ReadLease,
    Ready,
    RefuseNewcomers,
    StopInstance,
)
from pixel.signalling.remote_attempts import POLL

from .world import BOOT, CONNECT, GRACE, LeaseTable, World, a_lease

SOON = 30.0
"""More than a look at the table and the confirmation take."""


@pytest.fixture
def table() -> LeaseTable:
    return LeaseTable(a_lease())


@pytest.fixture
def world(table: LeaseTable) -> World:
    return World(table, grace=GRACE)


def test_the_lease_s_tokens_open_the_door(world, table):
    world.pass_time(1)
    assert world.effects(Admit) == [Admit(a_lease())]


def test_ready_is_said_when_the_streamer_has_come_and_only_once(world):
    world.pass_time(20)
    assert not world.effects(Ready)
    world.streamer_comes()
    world.pass_time(100)
    assert world.effects(Ready) == [Ready(a_lease())]
    assert world.state is State.WAITING


def test_ready_is_said_again_until_it_is_answered(world, table):
    world.pass_time(1)
    table.down = True
    world.streamer_comes()
    world.pass_time(20)
    table.down = False
    world.pass_time(60)
    assert len(world.effects(Ready)) > 2
    assert table.lease.state == "ready"


def test_a_caller_who_never_connects_costs_the_connect_deadline(world):
    world.pass_time(1)
    world.streamer_comes()
    assert world.until(lambda: world.stop_requested, within=CONNECT + SOON) >= CONNECT
    assert world.life.reason == "nobody has connected"


def test_a_member_that_is_never_ready_stops_when_its_start_deadline_has_passed(world):
    assert world.until(lambda: world.stop_requested, within=600 + SOON) >= 600


def test_heartbeats_keep_the_lease_while_somebody_is_here(world, table):
    world.in_use()
    world.pass_time(3600)
    assert table.live(world.now.wall)
    assert {effect.players for effect in world.effects(Heartbeat)} == {1}


def test_the_first_heartbeat_goes_out_the_moment_the_first_player_comes(world, table):
    world.in_use()
    assert table.lease.state == "in_use"


def test_the_lease_outlives_the_grace(world, table):
    world.in_use()
    world.pass_time(100)
    world.leaves()
    world.pass_time(GRACE)
    assert table.live(world.now.wall)


def test_everybody_gone_for_the_grace_drains_and_then_stops(world):
    world.in_use()
    world.leaves()
    assert world.until(lambda: world.stop_requested, within=GRACE + SOON) >= GRACE
    kinds = [type(effect) for effect in world.effects(RefuseNewcomers, CloseAll, Drain, StopInstance)]
    assert kinds == [RefuseNewcomers, CloseAll, Drain, StopInstance]


def test_a_session_ended_by_its_caller_sends_everybody_away_and_stops(world, table):
    world.in_use()
    table.end()
    world.until(lambda: world.stop_requested, within=SOON)
    assert CloseAll("the session has ended") in world.effects()


def test_a_session_ended_before_the_application_came_stops_the_member(world, table):
    world.pass_time(1)
    table.end()
    assert world.until(lambda: world.stop_requested, within=SOON) <= POLL + 1


def test_the_cap_of_the_lease_ends_a_session_in_use(table):
    table.lease = a_lease(cap_until=BOOT + 900)
    world = World(table).in_use()
    assert world.until(lambda: world.stop_requested, within=900 + SOON) >= 890
    assert CloseAll("the session has reached its longest duration") in world.effects()


def test_a_drain_refused_leaves_the_member_to_its_new_owner(world, table):
    world.in_use()
    world.leaves()
    world.until(lambda: world.life.state is State.GRACE and world.monotonic > GRACE, within=200)
    table.lease = a_lease(generation=2, lease_until=BOOT + 10_000)
    world.pass_time(10)
    assert not world.stop_requested
    assert world.effects(Admit)[-1] == Admit(a_lease(generation=2, lease_until=BOOT + 10_000))
    assert world.state is State.WAITING
    assert table.lease.state == "ready"


def test_a_lease_that_ended_opens_to_nobody(world, table):
    world.in_use()
    table.end()
    world.do(world.life.lease_lost(world.now, table.lease))
    assert world.effects(Admit)[-1] == Admit(None)


def test_a_lost_lease_is_looked_up_at_once(world, table):
    world.in_use()
    reads = len(world.effects(ReadLease))
    world.do(world.life.lease_lost(world.now, table.lease))
    assert len(world.effects(ReadLease)) == reads + 1


def test_an_answer_that_comes_late_does_not_open_a_draining_member_again(world, table):
    world.in_use()
    lease = table.lease
    world.leaves()
    table.down = True
    world.until(lambda: world.state is State.DRAINING, within=GRACE + SOON)
    world.do(world.life.heartbeat_written(world.now, lease))
    assert world.state is State.DRAINING
    assert not world.effects(AcceptNewcomers)


def test_a_member_that_refused_newcomers_accepts_them_again_for_a_new_owner(world, table):
    world.in_use()
    world.leaves()
    table.down = True
    world.until(lambda: world.state is State.DRAINING, within=GRACE + SOON)
    table.down = False
    table.lease = a_lease(generation=2, lease_until=BOOT + 10_000)
    world.pass_time(SOON + 10)
    assert world.effects(AcceptNewcomers) == [AcceptNewcomers()]
    world.joins("Player7")
    world.pass_time(600)
    assert world.state is State.IN_USE


def test_the_players_of_the_session_before_do_not_count_for_the_next(world, table):
    world.in_use()
    table.lease = a_lease(generation=2, lease_until=BOOT + 10_000)
    world.pass_time(SOON)
    assert world.state is State.WAITING
    world.leaves("Player0")
    assert world.state is State.WAITING


def test_a_restarted_service_gives_the_players_of_a_session_in_use_the_grace_to_return(table):
    table.lease = a_lease(state="in_use", connect_until=BOOT - 1000, lease_until=BOOT + 180)
    world = World(table, grace=GRACE)
    world.pass_time(1)
    world.streamer_comes()
    assert world.state is State.GRACE
    world.pass_time(60)
    world.joins()
    world.pass_time(600)
    assert world.state is State.IN_USE


def test_a_service_restarted_while_it_stopped_goes_on_stopping(table):
    table.end()
    world = World(table)
    world.pass_time(2)
    assert world.stop_requested
    assert not world.effects(Drain)


def test_a_member_that_nobody_has_claimed_stops_after_the_unleased_bound(table):
    table.lease = None
    world = World(table, unleased=60)
    world.streamer_comes()
    assert world.until(lambda: world.stop_requested, within=60 + SOON) >= 60
    assert world.drains_confirmed == 1


def test_an_unclaimed_member_that_is_claimed_serves(table):
    table.lease = None
    world = World(table, unleased=60)
    world.streamer_comes()
    world.pass_time(50)
    table.lease = a_lease(lease_until=BOOT + 1000)
    world.pass_time(60)
    assert world.state is State.WAITING
    assert table.lease.state == "ready"


def test_players_are_served_while_the_table_is_out_of_reach(world, table):
    world.in_use()
    table.down = True
    world.pass_time(3 * 3600)
    assert world.state is State.IN_USE


def test_a_lease_that_expired_while_the_table_was_out_of_reach_lives_again(world, table):
    world.in_use()
    table.down = True
    world.pass_time(1000)
    assert table.live(world.now.wall) is None
    table.down = False
    world.pass_time(SOON + 30)
    assert table.live(world.now.wall)
    assert world.state is State.IN_USE


def test_without_players_and_without_the_table_the_member_stops_after_the_isolation_bound(table):
    world = World(table, grace=GRACE, isolation=600).in_use()
    table.down = True
    world.leaves()
    assert world.until(lambda: world.stop_requested, within=600 + SOON) >= 600
    assert world.drains_confirmed == 0


def test_an_unreachable_table_stops_no_member_before_the_isolation_bound(table):
    world = World(table, grace=GRACE, isolation=600).in_use()
    table.down = True
    world.leaves()
    world.pass_time(590)
    assert not world.stop_requested


def test_the_isolation_bound_counts_from_the_last_player_s_leaving(table):
    world = World(table, grace=GRACE, isolation=600).in_use()
    table.down = True
    world.pass_time(2000)
    world.leaves()
    world.pass_time(590)
    assert not world.stop_requested


def test_a_lost_answer_to_the_drain_is_asked_for_again(world, table):
    world.in_use()
    world.leaves()
    answer, lost = world.answer, []

    def lose_the_first_drain(effect):
        result = answer(effect) if not isinstance(effect, Drain) or lost else None
        if result is None:
            lost.append(effect)
            table.end()  # it was done
            return world.life.failed(world.now, effect)
        return result

    world.answer = lose_the_first_drain
    world.until(lambda: world.stop_requested, within=GRACE + SOON)
    assert len(world.effects(Drain)) == 2


@pytest.mark.parametrize("answer", ["lease_read", "heartbeat_written", "lease_lost"])
def test_a_late_answer_for_an_earlier_lease_changes_nothing(world, table, answer):
    world.in_use()
    table.lease = a_lease(generation=2, lease_until=BOOT + 10_000)
    world.pass_time(SOON)
    assert not [effect for effect in getattr(world.life, answer)(world.now, a_lease()) if isinstance(effect, Admit)]


def test_a_confirmation_of_an_earlier_drain_that_comes_late_does_not_stop_the_member(world, table):
    world.in_use()
    table.lease = a_lease(generation=2, lease_until=BOOT + 10_000)
    world.pass_time(SOON)
    table.down = True
    world.until(lambda: world.state is State.DRAINING, within=CONNECT + SOON)
    world.do(world.life.drained(world.now, a_lease(), confirmed=True))
    assert world.state is State.DRAINING


def test_the_table_is_read_every_ten_seconds_and_no_more(world):
    world.pass_time(600)
    assert 55 <= len(world.effects(ReadLease)) <= 65


def test_the_connect_deadline_is_read_off_the_wall_clock(world, table):
    world.pass_time(1)
    world.streamer_comes()
    world.pass_time(10)
    table.lease = replace(table.lease, connect_until=BOOT + 60, lease_until=BOOT + 60)
    world.pass_time(50 + SOON)
    assert world.stop_requested
