"""What the reconciler decides."""

from __future__ import annotations

from typing import Any

import pytest

from pixel.wake.aws import Machine, Record
from pixel.wake.pools import Pool
from pixel.wake.repairs import Repairs, plan

from .world import SETTINGS

NOW = 100_000.0
NAME = "i-00000000000000001"
ADDRESS = "198.51.100.7"
RECORD = Record("drone-198-51-100-7.pixel.test", ADDRESS)
LIVE: dict[str, Any] = {
    "instance_id": NAME, "pool": "drone", "az": "us-east-2a", "state": "in_use", "session": "s", "owner": "alice",
    "generation": 3, "claimed_at": NOW - 900, "seen_at": NOW - 10, "lease_until": NOW + 100, "cap_until": NOW + 2000,
    "connect_until": NOW - 500, "connected": True, "address": ADDRESS, "published_at": NOW - 800,
}  # fmt: skip


def machine(state: str, launched: float = 3600.0) -> Machine:
    address = ADDRESS if state in ("running", "stopping") else None
    return Machine(NAME, "drone", "us-east-2a", "1.0.0", state, address, NOW - launched, "")


def decide(
    state: str | None,
    item: dict[str, Any] | None,
    *,
    launched: float = 3600.0,
    records: tuple[Record, ...] | None = (RECORD,),
    suspects: dict[str, float] | None = None,
) -> Repairs:
    machines = {} if state is None else {NAME: machine(state, launched)}
    members = {} if item is None else {NAME: item}
    return plan(machines, members, records, suspects or {}, {"drone": Pool("drone")}, SETTINGS, NOW)


def nothing(repairs: Repairs) -> bool:
    return repairs == Repairs(suspect_records=repairs.suspect_records, withdraw=repairs.withdraw)


def test_a_running_member_under_a_live_lease_is_left_alone() -> None:
    assert nothing(decide("running", LIVE))


def test_a_running_member_whose_lease_expired_is_reaped() -> None:
    expired = LIVE | {"lease_until": NOW}
    assert decide("running", expired).reap == [(expired, "lost")]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"state": "claimed", "connect_until": None, "connected": False}, "start_timeout"),
        ({"state": "ready", "connected": False}, "never_connected"),
        ({"state": "in_use", "cap_until": NOW - 1}, "cap"),
    ],
)
def test_a_reaped_lease_says_why_it_ended(item: dict[str, Any], reason: str) -> None:
    assert decide("running", LIVE | {"lease_until": NOW - 1} | item).reap[0][1] == reason


def test_a_member_that_runs_without_a_lease_is_doubted_first() -> None:
    repairs = decide("running", None)
    assert [what for _, what in repairs.doubt] == ["running"]
    assert repairs.take == []


def test_a_member_that_was_just_started_by_hand_is_not_doubted() -> None:
    assert nothing(decide("running", None, launched=SETTINGS.unleased))


def test_a_doubt_that_stands_is_acted_on() -> None:
    doubted = {"instance_id": NAME, "pool": "drone", "suspect": "running", "suspect_at": NOW - SETTINGS.confirm}
    assert decide("running", doubted).take == [doubted]


def test_a_fresh_doubt_is_not_acted_on() -> None:
    assert nothing(
        decide("running", {"instance_id": NAME, "pool": "drone", "suspect": "running", "suspect_at": NOW - 1})
    )


def test_a_doubted_member_that_was_leased_since_is_trusted() -> None:
    doubted = LIVE | {"suspect": "running", "suspect_at": NOW - 999}
    repairs = decide("running", doubted)
    assert repairs.trust == [doubted]
    assert repairs.take == []


def test_a_drained_member_gets_time_to_stop_itself_and_is_stopped_then() -> None:
    drained = LIVE | {"state": "draining", "lease_until": 0}
    assert nothing(decide("running", drained | {"drained_at": NOW - SETTINGS.stopping}))
    assert decide("running", drained | {"drained_at": NOW - SETTINGS.stopping - 1}).stop != []


def test_a_live_lease_on_a_stopped_machine_is_ended_only_at_a_second_look() -> None:
    assert decide("stopped", LIVE, records=()).doubt == [(LIVE, "stopped")]
    confirmed = LIVE | {"suspect": "stopped", "suspect_at": NOW - SETTINGS.confirm, "seen_at": NOW - 60}
    assert decide("stopped", confirmed, records=()).end == [confirmed]


def test_a_member_that_spoke_after_it_was_doubted_keeps_its_lease() -> None:
    spoke = LIVE | {"suspect": "stopped", "suspect_at": NOW - 60, "seen_at": NOW - 5}
    assert decide("stopped", spoke, records=()).end == []


def test_a_claimed_member_whose_start_got_lost_is_started() -> None:
    claimed = {key: value for key, value in LIVE.items() if key not in ("address", "seen_at", "published_at")}
    claimed |= {"state": "claimed", "claimed_at": NOW - 30}
    assert decide("stopped", claimed, records=()).start == [claimed]


def test_a_member_that_was_claimed_a_moment_ago_is_not_hurried() -> None:
    claimed = {key: value for key, value in LIVE.items() if key not in ("address", "seen_at", "published_at")}
    assert nothing(decide("stopped", claimed | {"state": "claimed", "claimed_at": NOW - 5}, records=()))


@pytest.mark.parametrize("state", ["draining", "claimed", "ready", "in_use"])
def test_a_stopped_member_without_a_live_lease_is_freed(state: str) -> None:
    over = LIVE | {"state": state, "lease_until": 0, "drained_at": NOW - 30}
    assert decide("stopped", over, records=()).free == [over]


def test_a_free_stopped_member_is_left_alone() -> None:
    free = {"instance_id": NAME, "pool": "drone", "state": "free", "generation": 3}
    assert nothing(decide("stopped", free, records=()))


@pytest.mark.parametrize("state", ["terminated", None])
def test_a_member_that_is_gone_is_forgotten_at_a_second_look(state: str | None) -> None:
    free = {"instance_id": NAME, "pool": "drone", "state": "free", "generation": 3}
    assert decide(state, free, records=()).doubt == [(free, "stopped")]
    sure = free | {"suspect": "stopped", "suspect_at": NOW - 60}
    assert decide(state, sure, records=()).forget == [sure]


def test_a_live_member_whose_record_got_lost_is_published_again() -> None:
    assert decide("running", LIVE, records=()).republish == [LIVE]


def test_a_live_member_that_came_back_at_another_address_is_published_there() -> None:
    elsewhere = LIVE | {"address": "198.51.100.8"}
    old = Record("drone-198-51-100-8.pixel.test", "198.51.100.8")
    assert decide("running", elsewhere, records=(RECORD, old)).republish == [elsewhere]


def test_a_live_member_that_nobody_publishes_is_watched() -> None:
    unpublished = {key: value for key, value in LIVE.items() if key != "published_at"}
    assert decide("running", unpublished).watch == [unpublished]


def test_a_record_of_an_address_that_nothing_has_is_withdrawn_at_a_second_look() -> None:
    first = decide("stopped", None)
    assert (first.suspect_records, first.withdraw) == ({RECORD.name: NOW}, [])
    second = decide("stopped", None, suspects={RECORD.name: NOW - SETTINGS.confirm})
    assert second.withdraw == [RECORD]


def test_without_a_look_at_the_records_machines_are_repaired_and_records_left_alone() -> None:
    expired = LIVE | {"lease_until": NOW}
    blind = decide("running", expired, records=None, suspects={RECORD.name: NOW - 999})
    assert [reaped for reaped, _ in blind.reap] == [expired]
    assert (blind.suspect_records, blind.withdraw) == ({RECORD.name: NOW - 999}, [])
    assert nothing(decide("running", LIVE, records=None))


def test_a_suspected_record_whose_address_is_in_use_again_is_kept() -> None:
    repairs = decide("running", LIVE, suspects={RECORD.name: NOW - 999})
    assert (repairs.suspect_records, repairs.withdraw) == ({}, [])


HELD: dict[str, Any] = {
    "instance_id": NAME, "pool": "drone", "az": "us-east-2a", "hold_until": NOW + 600, "hold_for": "robotics",
    "hot_at": NOW - 500, "address": ADDRESS, "change": "C1", "published_at": NOW - 450,
}  # fmt: skip


def decide_held(item: dict[str, Any], *, known: bool = True, records: tuple[Record, ...] = (RECORD,)) -> Repairs:
    pool = Pool("drone", held=frozenset({NAME} if known else ()))
    return plan({NAME: machine("running")}, {NAME: item}, records, {}, {"drone": pool}, SETTINGS, NOW)


def test_a_member_that_waits_for_its_class_is_left_alone() -> None:
    assert nothing(decide_held(HELD))


def test_a_member_that_waits_is_doubted_no_longer() -> None:
    doubted = HELD | {"suspect": "running", "suspect_at": NOW - 100}
    assert decide_held(doubted).trust == [doubted]


def test_a_pool_is_told_of_a_member_that_waits_and_that_it_does_not_know() -> None:
    assert decide_held(HELD, known=False).hold == [HELD]


def test_a_member_that_waits_without_a_name_is_published() -> None:
    nameless = {name: value for name, value in HELD.items() if name not in ("address", "change", "published_at")}
    assert decide_held(nameless).hold == [nameless]


def test_a_member_that_waits_and_has_lost_its_record_is_published_again() -> None:
    assert decide_held(HELD, records=()).republish == [HELD]


def test_a_member_that_waits_under_another_address_is_published_again() -> None:
    moved = HELD | {"address": "198.51.100.8"}
    other = Record("drone-198-51-100-8.pixel.test", "198.51.100.8")
    assert decide_held(moved, records=(RECORD, other)).republish == [moved]


def test_a_member_whose_hold_has_passed_is_doubted_after_the_time_that_it_may_run_without_a_lease() -> None:
    assert nothing(decide("running", HELD | {"hold_until": NOW - SETTINGS.unleased}))
    passed = HELD | {"hold_until": NOW - SETTINGS.unleased - 1}
    assert decide("running", passed).doubt == [(passed, "running")]


def test_a_pool_forgets_a_member_that_was_claimed_or_whose_hold_has_passed() -> None:
    for item in (LIVE | {"hold_until": NOW + 600}, HELD | {"hold_until": NOW}):
        assert decide_held(item).unhold == [item]


def test_a_session_that_has_expired_is_reaped_although_its_member_is_held() -> None:
    expired = LIVE | {"lease_until": NOW, "hold_until": NOW + 600}
    assert decide("running", expired).reap == [(expired, "lost")]


DRAINED = {"instance_id": NAME, "state": "draining", "drained_at": NOW - 2000, "lease_until": 0}
"""What a machine writes that gives itself up before anybody has claimed it."""


def test_a_machine_that_gave_itself_up_unclaimed_is_stopped_in_its_pool() -> None:
    assert decide("running", DRAINED).stop == [DRAINED | {"pool": "drone"}]


def test_the_word_of_a_machine_that_was_in_no_pool_is_forgotten() -> None:
    assert decide(None, DRAINED).forget == [DRAINED]
