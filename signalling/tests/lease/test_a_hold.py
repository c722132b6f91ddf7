"""A member that is held for a class: nobody stops it, anybody may claim it."""

from __future__ import annotations

import pytest

from pixel.lease import LeaseTimings, writes
from pixel.lease.model import is_hot, is_live, is_waiting
from pixel.lease.table import ConditionFailed
from pixel.lease.writes import Write

from .conftest import MEMBER, TIMINGS, Stage

NAME = "drone-198-51-100-7.pixel.test"


@pytest.fixture
def held(stage: Stage) -> Stage:
    """A stage whose member is held for the next ten minutes, as the Ansible module writes it."""
    stage.table.write(Write(key=MEMBER, set={"hold_until": stage.now + 600, "hold_for": "robotics", "pool": "drone"}))
    return stage


def named(stage: Stage) -> None:
    """Have the member say that it waits, and its name published."""
    assert stage.member.hot()
    stage.table.write(writes.named(stage.item(), "198.51.100.7", NAME, "/change/C1", stage.now))
    stage.table.write(writes.published(stage.item(), TIMINGS, stage.now))


def test_the_member_sees_that_it_is_held_and_that_nobody_has_it(held: Stage) -> None:
    standing = held.member.current()
    assert (standing.lease, standing.held_until) == (None, held.now + 600)


def test_a_held_member_cannot_be_drained_before_the_hold_has_passed(held: Stage) -> None:
    assert not held.member.drain(None)
    held.now += 600
    assert held.member.drain(None)


def test_a_held_member_is_not_taken_by_the_reconciler(held: Stage) -> None:
    held.table.write(writes.doubt(held.item(), "running", held.now))
    with pytest.raises(ConditionFailed):
        held.table.write(writes.take(held.item(), held.now))
    held.now += 600
    assert held.table.write(writes.take(held.item(), held.now))["state"] == "draining"


def test_a_held_member_says_that_it_waits(held: Stage) -> None:
    assert not is_hot(held.item(), held.now)
    assert held.member.hot()
    assert is_hot(held.item(), held.now)


def test_a_member_that_is_not_held_or_was_claimed_does_not_wait(held: Stage) -> None:
    held.now += 600
    assert not held.member.hot()
    held.now -= 600
    held.claim()
    assert not held.member.hot()


def test_a_held_member_may_be_claimed_and_the_hold_stays(held: Stage) -> None:
    lease = held.claim()
    assert is_live(held.item(), held.now)
    assert not is_waiting(held.item(), held.now)
    assert held.item()["hold_for"] == "robotics"
    assert held.member.current().lease == lease


def test_a_claim_keeps_the_name_of_a_member_that_waits_under_it(held: Stage) -> None:
    named(held)
    claim = writes.Claim(MEMBER, "drone", "us-east-2a", "s1", "alice", 1, "pd", "cd", named=True)
    item = held.table.write(writes.claim(claim, TIMINGS, held.now))
    assert (item["hostname"], item["address"], item["published_at"]) == (NAME, "198.51.100.7", held.now)
    assert "hot_at" not in item


def test_a_claim_forgets_the_name_of_a_member_that_does_not_wait(held: Stage) -> None:
    named(held)
    held.claim()
    assert {"hostname", "address", "change", "published_at"}.isdisjoint(held.item())


def test_a_member_is_not_named_once_somebody_else_has_it(held: Stage) -> None:
    before = held.item()
    held.claim()
    with pytest.raises(ConditionFailed):
        held.table.write(writes.named(before, "198.51.100.7", NAME, "/change/C1", held.now))


def test_a_session_that_ends_before_the_hold_drains_its_member_as_always(held: Stage) -> None:
    lease = held.claim()
    assert held.member.drain(lease)
    held.table.write(writes.free_stopped(held.item(), held.now))
    assert is_waiting(held.item(), held.now)
    assert not is_hot(held.item(), held.now)


def test_a_hold_does_not_keep_a_lease_alive(held: Stage) -> None:
    held.claim()
    held.now += LeaseTimings().start
    assert held.table.write(writes.reap(held.item(), "start_timeout", held.now))["state"] == "draining"
