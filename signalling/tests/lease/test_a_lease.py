"""The life of a lease, as its member sees it."""

from __future__ import annotations

import pytest

from pixel.lease import LeaseLost, LeaseTimings, writes
from pixel.lease.model import is_claimable, is_live
from pixel.lease.table import ConditionFailed

from .conftest import MEMBER, TIMINGS, Stage


def test_a_member_without_an_item_has_no_lease(stage: Stage) -> None:
    assert stage.member.current().lease is None


def test_a_claim_gives_the_member_a_lease_until_the_start_deadline(stage: Stage) -> None:
    stage.claim()
    lease = stage.member.current().lease
    assert lease is not None
    assert (lease.state, lease.session, lease.generation) == ("claimed", "s1", 1)
    assert lease.lease_until == stage.now + TIMINGS.start
    assert lease.cap_until == stage.now + TIMINGS.cap
    assert lease.connect_until is None


def test_a_leased_member_cannot_be_claimed(stage: Stage) -> None:
    stage.claim()
    with pytest.raises(ConditionFailed):
        stage.claim("s2", 2)


def test_a_member_whose_lease_only_expired_cannot_be_claimed_before_it_is_freed(stage: Stage) -> None:
    stage.claim()
    stage.now += TIMINGS.start + 1
    assert not is_live(stage.item(), stage.now)
    assert not is_claimable(stage.item(), stage.now)
    with pytest.raises(ConditionFailed):
        stage.claim("s2", 2)


def test_a_claim_on_old_knowledge_fails(stage: Stage) -> None:
    stage.claim()
    stage.member.drain(None)
    stage.now += TIMINGS.start + 1
    stage.table.write(writes.free_stopped(stage.item(), stage.now))
    with pytest.raises(ConditionFailed):
        stage.claim("s2", 1)
    assert stage.claim("s2", 2).generation == 2


def test_ready_sets_the_connect_deadline(stage: Stage) -> None:
    lease = stage.member.ready(stage.claim())
    assert lease.state == "ready"
    assert lease.connect_until == lease.lease_until == stage.now + TIMINGS.connect


def test_ready_said_twice_is_ready_once(stage: Stage) -> None:
    claimed = stage.claim()
    first = stage.member.ready(claimed)
    stage.now += 10
    assert stage.member.ready(claimed) == first


def test_ready_after_the_start_deadline_is_too_late(stage: Stage) -> None:
    lease = stage.claim()
    stage.now += TIMINGS.start
    with pytest.raises(LeaseLost):
        stage.member.ready(lease)


def test_ready_of_an_older_generation_is_lost(stage: Stage) -> None:
    old = stage.claim()
    stage.member.drain(old)
    stage.table.write(writes.free_stopped(stage.item(), stage.now))
    stage.claim("s2", 2)
    with pytest.raises(LeaseLost):
        stage.member.ready(old)


def test_a_heartbeat_with_players_keeps_the_lease_through_the_grace(stage: Stage) -> None:
    lease = stage.member.ready(stage.claim())
    stage.now += 100
    lease = stage.member.heartbeat(lease, players=1)
    assert lease.state == "in_use"
    assert lease.lease_until == stage.now + TIMINGS.heartbeat + TIMINGS.grace


def test_a_heartbeat_without_players_keeps_the_deadline_as_it_is(stage: Stage) -> None:
    lease = stage.member.ready(stage.claim())
    stage.now += 100
    again = stage.member.heartbeat(lease, players=0)
    assert (again.state, again.lease_until) == ("ready", lease.lease_until)


def test_no_heartbeat_carries_a_lease_over_its_cap(stage: Stage) -> None:
    lease = stage.member.ready(stage.claim())
    while stage.now < lease.cap_until - 50:
        stage.now += 50
        lease = stage.member.heartbeat(lease, players=1)
    assert lease.lease_until == lease.cap_until
    stage.now = lease.cap_until
    with pytest.raises(LeaseLost):
        stage.member.heartbeat(lease, players=1)


def test_a_lease_that_expired_while_the_table_was_out_of_reach_lives_again(stage: Stage) -> None:
    lease = stage.member.heartbeat(stage.member.ready(stage.claim()), players=1)
    stage.now += 600
    assert stage.member.current().lease is None
    assert stage.member.heartbeat(lease, players=1).lease_until > stage.now
    assert stage.member.current().lease is not None


def test_a_lease_that_was_reaped_does_not_live_again(stage: Stage) -> None:
    lease = stage.member.heartbeat(stage.member.ready(stage.claim()), players=1)
    stage.now += 600
    stage.table.write(writes.reap(stage.item(), "lost", stage.now))
    with pytest.raises(LeaseLost):
        stage.member.heartbeat(lease, players=1)


def test_a_live_lease_cannot_be_reaped(stage: Stage) -> None:
    stage.claim()
    with pytest.raises(ConditionFailed):
        stage.table.write(writes.reap(stage.item(), "lost", stage.now))


def test_a_drained_member_is_told_so_and_cannot_be_claimed(stage: Stage) -> None:
    lease = stage.claim()
    assert stage.member.drain(lease)
    current = stage.member.current().lease
    assert current is not None
    assert (current.state, current.player_digest, current.lease_until) == ("draining", "", 0)
    assert not is_claimable(stage.item(), stage.now)


def test_a_drain_whose_answer_was_lost_may_be_said_again(stage: Stage) -> None:
    lease = stage.claim()
    assert stage.member.drain(lease)
    assert stage.member.drain(lease)


def test_a_member_that_belongs_to_someone_else_is_not_drained(stage: Stage) -> None:
    old = stage.claim()
    stage.member.drain(old)
    stage.table.write(writes.free_stopped(stage.item(), stage.now))
    stage.claim("s2", 2)
    assert not stage.member.drain(old)
    assert not stage.member.drain(None)
    current = stage.member.current().lease
    assert current is not None
    assert current.session == "s2"


def test_a_member_that_was_never_leased_may_be_drained(stage: Stage) -> None:
    assert stage.member.drain(None)
    assert stage.member.current().lease is None
    with pytest.raises(ConditionFailed):
        stage.claim()


def test_a_timing_that_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="'grace' is 0"):
        LeaseTimings(grace=0)


def test_the_members_name_stays_the_table_key(stage: Stage) -> None:
    assert stage.claim().instance_id == MEMBER
