from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.mitlab.pixel.plugins.module_utils.fleet_plan import (
    FleetPlan,
    FleetRequest,
    foreseen,
    plan_fleet,
    spread,
)
from ansible_collections.mitlab.pixel.plugins.module_utils.members import CANARY_TAG, Lease, Member
from ansible_collections.mitlab.pixel.tests.unit.builders import (
    ZONES,
    canary,
    lease,
    member,
    on_first_boot,
    pools_with_leases,
)
from hypothesis import given
from hypothesis import strategies as st

requests = st.builds(
    FleetRequest,
    pool=st.just("drone"),
    release=st.just("1.1.0"),
    size=st.integers(0, 12),
    finish_boots=st.booleans(),
    prune_releases=st.booleans(),
)
Pool = tuple[list[Member], dict[str, Lease]]


def want(size: int, release: str = "1.0.0", **more: Any) -> FleetRequest:
    return FleetRequest("drone", release, size, **more)


def carried_out(request: FleetRequest, plan: FleetPlan, members: list[Member]) -> list[Member]:
    """Return the pool after the plan was carried out without trouble."""
    grown = foreseen(request, plan, members, ZONES)
    return [one for one in grown if one.instance_id not in plan.terminate]


def test_missing_members_are_spread_over_the_zones() -> None:
    assert plan_fleet(want(6), [], ZONES, {}).create == {"subnet-a": 2, "subnet-b": 2, "subnet-c": 2}


def test_new_members_even_out_the_zones_that_have_fewer() -> None:
    there = [member("i-1"), member("i-2")]
    assert plan_fleet(want(5), there, ZONES, {}).create == {"subnet-b": 2, "subnet-c": 1}


def test_two_subnets_of_one_zone_share_its_members() -> None:
    zones = {"subnet-a": "us-east-2a", "subnet-a2": "us-east-2a", "subnet-b": "us-east-2b"}
    assert spread(4, [], zones) == {"subnet-a": 1, "subnet-a2": 1, "subnet-b": 2}


def test_a_pool_that_is_as_wanted_needs_nothing() -> None:
    assert not plan_fleet(want(1), [member()], {}, {}).changed


def test_members_of_an_older_release_do_not_count() -> None:
    assert sum(plan_fleet(want(2, "1.1.0"), [member(release="1.0.0")], ZONES, {}).create.values()) == 2


def test_members_that_are_gone_do_not_count() -> None:
    assert plan_fleet(want(1), [member(state="terminated")], ZONES, {}).create == {"subnet-a": 1}


def test_size_zero_means_none() -> None:
    assert plan_fleet(want(0), [member("i-1"), member("i-2")], {}, {}).terminate == ("i-1", "i-2")


def test_surplus_goes_from_the_fullest_zone() -> None:
    there = [member("i-1"), member("i-2", zone="us-east-2b"), member("i-3", zone="us-east-2b")]
    assert plan_fleet(want(2), there, {}, {}).terminate == ("i-2",)


def test_surplus_that_may_go_is_chosen_before_what_is_in_use() -> None:
    there = [member("i-1", "running"), member("i-2")]
    plan = plan_fleet(want(1), there, {}, {})
    assert (plan.terminate, plan.kept) == (("i-2",), {})


def test_a_stopped_member_of_an_older_release_is_retired() -> None:
    there = [member("i-1", release="1.0.0"), member("i-2", release="1.1.0")]
    assert plan_fleet(want(1, "1.1.0"), there, {}, {}).terminate == ("i-1",)


def test_older_releases_can_be_left_alone() -> None:
    there = [member("i-1", release="1.0.0"), member("i-2", release="1.1.0")]
    assert not plan_fleet(want(1, "1.1.0", prune_releases=False), there, {}, {}).changed


@pytest.mark.parametrize(
    ("state", "reason"), [("running", "running"), ("pending", "pending"), ("stopping", "still stopping")]
)
def test_an_older_member_that_is_not_stopped_is_kept_with_the_reason(state: str, reason: str) -> None:
    there = [member("i-1", state, release="1.0.0"), member("i-2", release="1.1.0")]
    plan = plan_fleet(want(1, "1.1.0"), there, {}, {})
    assert (plan.terminate, plan.kept) == ((), {"i-1": reason})


def test_a_leased_member_is_kept_even_when_it_is_stopped() -> None:
    plan = plan_fleet(want(0), [member("i-1")], {}, {"i-1": lease("i-1", "s-9")})
    assert (plan.terminate, plan.kept) == ((), {"i-1": "leased by session s-9"})


def test_nothing_is_retired_while_the_pool_is_short() -> None:
    plan = plan_fleet(want(2, "1.1.0"), [member("i-1", release="1.0.0")], ZONES, {})
    assert (plan.terminate, plan.kept) == ((), {"i-1": "the pool is short of 2 members"})


def test_a_first_boot_that_an_earlier_run_left_unfinished_is_finished() -> None:
    assert plan_fleet(want(1), [on_first_boot("i-1")], {}, {}).stop == ("i-1",)


def test_a_leased_member_is_not_stopped_after_its_first_boot() -> None:
    assert plan_fleet(want(1), [on_first_boot("i-1")], {}, {"i-1": lease("i-1")}).stop == ()


def test_a_running_member_that_was_started_again_is_not_stopped() -> None:
    assert not plan_fleet(want(1), [member("i-1", "running")], {}, {}).changed


@given(requests, pools_with_leases())
def test_a_plan_carried_out_leaves_at_most_retirement_and_then_nothing(request: FleetRequest, pool: Pool) -> None:
    members, leases = pool
    grown = carried_out(request, plan_fleet(request, members, ZONES, leases), members)
    second = plan_fleet(request, grown, ZONES, leases)
    assert not second.create
    assert not second.stop
    assert not plan_fleet(request, carried_out(request, second, grown), ZONES, leases).changed


@given(requests, pools_with_leases())
def test_a_busy_member_is_never_taken_away(request: FleetRequest, pool: Pool) -> None:
    members, leases = pool
    plan = plan_fleet(request, members, ZONES, leases)
    by_id = {one.instance_id: one for one in members}
    assert all(by_id[one].state == "stopped" and one not in leases for one in plan.terminate)
    assert all(by_id[one].on_first_boot and one not in leases for one in plan.stop)


@given(requests, pools_with_leases())
def test_members_of_the_release_are_brought_to_the_size_and_no_further(request: FleetRequest, pool: Pool) -> None:
    members, leases = pool
    before = sum(one.release == request.release and not one.gone for one in members)
    after = carried_out(request, plan_fleet(request, members, ZONES, leases), members)
    count = sum(one.release == request.release and not one.gone for one in after)
    assert min(before, request.size) <= count
    assert count >= request.size
    assert count <= max(before, request.size)


@given(requests, pools_with_leases())
def test_whatever_is_not_as_wanted_is_reported(request: FleetRequest, pool: Pool) -> None:
    members, leases = pool
    plan = plan_fleet(request, members, ZONES, leases)
    left = [one for one in members if not one.gone and one.instance_id not in plan.terminate]
    if request.prune_releases:
        assert {one.instance_id for one in left if one.release != request.release} <= plan.kept.keys()


@given(st.integers(0, 40))
def test_a_new_pool_differs_by_at_most_one_between_zones(count: int) -> None:
    placed = Counter(dict.fromkeys(ZONES, 0)) + Counter(spread(count, [], ZONES))
    counts = [placed[subnet] for subnet in ZONES]
    assert sum(counts) == count
    assert max(counts) - min(counts) <= 1


def test_a_canary_that_has_not_passed_counts_for_nothing() -> None:
    assert sum(plan_fleet(want(2), [canary("i-1"), member("i-2")], ZONES, {}).create.values()) == 1


def test_a_canary_that_has_passed_is_a_member() -> None:
    passed = member("i-1", tags={CANARY_TAG: "passed"})
    assert not plan_fleet(want(1), [passed], {}, {}).changed


def test_a_forgotten_canary_is_retired_once_it_is_stopped() -> None:
    plan = plan_fleet(want(1), [member("i-1"), canary("i-2"), canary("i-3", "running")], {}, {})
    assert (plan.terminate, dict(plan.kept)) == (("i-2",), {"i-3": "running"})


def test_in_batches_as_many_older_members_go_as_the_pool_has_beyond_its_size() -> None:
    pool = [member("i-1", release="1.1.0"), *(member(f"i-{number}", release="1.0.0") for number in (2, 3, 4))]
    plan = plan_fleet(want(3, "1.1.0", batch=1), pool, ZONES, {})
    assert (sum(plan.create.values()), plan.terminate) == (1, ("i-2",))
    assert set(plan.kept.values()) == {"the pool is short of 2 members"}


def test_the_oldest_release_goes_first() -> None:
    pool = [member("i-1", release="1.9.0"), member("i-2", release="1.10.0"), member("i-3", release="1.11.0")]
    assert plan_fleet(want(2, "1.11.0", batch=1), pool, ZONES, {}).terminate == ("i-1",)


@given(requests, pools_with_leases(), st.integers(1, 12))
def test_in_batches_the_pool_never_falls_below_its_size_if_it_had_it(
    request: FleetRequest, pool: Pool, batch: int
) -> None:
    members, leases = pool
    alive = [one for one in members if not one.gone]
    plan = plan_fleet(replace(request, batch=batch), members, ZONES, leases)
    assert len(alive) - len(plan.terminate) >= min(request.size, len(alive))


@given(requests, pools_with_leases(), st.integers(1, 12))
def test_batch_after_batch_ends_as_all_at_once(request: FleetRequest, pool: Pool, batch: int) -> None:
    members, leases = pool
    steps = replace(request, batch=batch)
    at_once = carried_out(request, plan_fleet(request, members, ZONES, leases), members)
    at_once = carried_out(request, plan_fleet(request, at_once, ZONES, leases), at_once)
    for _step in range(14):
        members = carried_out(steps, plan_fleet(steps, members, ZONES, leases), members)
    assert len(members) == len(at_once)
