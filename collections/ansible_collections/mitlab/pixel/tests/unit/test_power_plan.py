from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.mitlab.pixel.plugins.module_utils.members import Lease, Member, TagFilter
from ansible_collections.mitlab.pixel.plugins.module_utils.power_plan import TARGET, Desired, plan_power
from ansible_collections.mitlab.pixel.tests.unit.builders import lease, member, pools_with_leases
from hypothesis import given
from hypothesis import strategies as st

desired_states = st.sampled_from(("started", "stopped"))


def ids(members: tuple[Member, ...]) -> list[str]:
    return [one.instance_id for one in members]


def test_running_members_are_stopped() -> None:
    assert ids(plan_power([member("i-1", "running")], "stopped").stop) == ["i-1"]


def test_stopped_members_are_started() -> None:
    assert ids(plan_power([member("i-1", "stopped")], "started").start) == ["i-1"]


def test_a_leased_member_is_never_stopped() -> None:
    plan = plan_power([member("i-1", "running")], "stopped", leases={"i-1": lease("i-1", "s-9")})
    assert (plan.stop, plan.kept) == ((), {"i-1": "leased by session s-9"})


def test_an_exempt_member_is_kept_with_the_tag() -> None:
    spared = member("i-1", "running", tags={"pixel:keep-running": "true"})
    plan = plan_power([spared], "stopped", TagFilter({"pixel:keep-running": "true"}))
    assert (plan.stop, plan.kept) == ((), {"i-1": "exempt by tag pixel:keep-running=true"})


@pytest.mark.parametrize(("desired", "state"), [("stopped", "stopping"), ("started", "pending")])
def test_a_member_on_the_way_needs_nothing_but_patience(desired: Desired, state: str) -> None:
    plan = plan_power([member("i-1", state)], desired)
    assert (plan.changes, ids(plan.wait_for), plan.kept) == ((), ["i-1"], {})


@pytest.mark.parametrize(("desired", "state"), [("stopped", "pending"), ("started", "stopping")])
def test_a_member_on_the_way_to_the_opposite_is_kept_for_the_next_run(desired: Desired, state: str) -> None:
    plan = plan_power([member("i-1", state)], desired)
    assert (plan.changes, plan.kept) == ((), {"i-1": f"still {state}"})


@pytest.mark.parametrize("desired", ["started", "stopped"])
@pytest.mark.parametrize("state", ["shutting-down", "terminated"])
def test_a_member_that_is_gone_is_ignored(desired: Desired, state: str) -> None:
    plan = plan_power([member("i-1", state)], desired)
    assert (plan.changes, plan.wait_for, plan.kept) == ((), (), {})


def test_only_members_of_the_named_releases_are_considered() -> None:
    there = [member("i-1", "running", release="1.0.0"), member("i-2", "running", release="1.1.0")]
    assert ids(plan_power(there, "stopped", releases=["1.1.0"]).stop) == ["i-2"]


@given(pools_with_leases(), desired_states)
def test_a_plan_carried_out_leaves_nothing_to_change(
    pool: tuple[list[Member], dict[str, Lease]], desired: Desired
) -> None:
    members, leases = pool
    changed = {one.instance_id for one in plan_power(members, desired, leases=leases).changes}
    after = [replace(one, state=TARGET[desired]) if one.instance_id in changed else one for one in members]
    assert plan_power(after, desired, leases=leases).changes == ()


@given(pools_with_leases(), desired_states)
def test_every_member_that_is_not_as_desired_is_changed_awaited_or_explained(
    pool: tuple[list[Member], dict[str, Lease]], desired: Desired
) -> None:
    members, leases = pool
    plan = plan_power(members, desired, leases=leases)
    named = {*ids(plan.changes), *ids(plan.wait_for), *plan.kept}
    assert named == {one.instance_id for one in members if not one.gone and one.state != TARGET[desired]}
