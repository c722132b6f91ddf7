from __future__ import annotations

from dataclasses import replace

from ansible_collections.mitlab.pixel.plugins.module_utils.hot_apply import Foreseen, bring_about
from ansible_collections.mitlab.pixel.plugins.module_utils.hot_plan import UNKNOWN, Known, Pool, Target, plan_hot
from ansible_collections.mitlab.pixel.tests.unit.builders import member, on_first_boot, pools
from hypothesis import given, settings
from hypothesis import strategies as st

UNTIL = 2_000_000_000.0
ROBOTICS = Target("robotics", 2, UNTIL)
HELD = Known(held_for="robotics", held_until=UNTIL)
known_members = st.sampled_from(
    (
        UNKNOWN,
        Known(free=False),
        HELD,
        replace(HELD, free=False),
        replace(HELD, hot=True),
        Known(held_for="art", held_until=UNTIL),
    )
)
targets = st.lists(
    st.builds(Target, st.sampled_from(("robotics", "art", "chess")), st.integers(0, 5), st.just(UNTIL)),
    unique_by=lambda target: target.purpose,
)


@st.composite
def observed(draw: st.DrawFn) -> Pool:
    members = [one for one in draw(pools()) if not one.gone]
    return Pool(members, {one.instance_id: draw(known_members) for one in members})


@settings(max_examples=40)
@given(observed(), targets)
def test_what_was_brought_about_needs_nothing_more(pool: Pool, wanted: list[Target]) -> None:
    bring_about(pool, wanted, Foreseen())
    assert not any(plan_hot(pool, target).changed for target in wanted)


@settings(max_examples=40)
@given(observed(), targets)
def test_a_class_has_its_members_unless_the_pool_has_no_more(pool: Pool, wanted: list[Target]) -> None:
    outcome = bring_about(pool, wanted, Foreseen())
    for target in wanted:
        assert len(outcome.held[target.purpose]) + outcome.short[target.purpose] >= target.count


@settings(max_examples=40)
@given(observed(), targets)
def test_nobody_who_has_a_member_loses_it(pool: Pool, wanted: list[Target]) -> None:
    claimed = {name: known for name, known in pool.known.items() if not known.free}
    bring_about(pool, wanted, Foreseen())
    assert {name: pool.known[name] for name in claimed} == claimed


@settings(max_examples=40)
@given(observed(), targets)
def test_a_member_is_held_for_one_class(pool: Pool, wanted: list[Target]) -> None:
    held = bring_about(pool, wanted, Foreseen()).held
    assert len({one for ids in held.values() for one in ids}) == sum(map(len, held.values()))


def test_members_that_run_are_held_first() -> None:
    pool = Pool([member("i-1"), member("i-2", "running"), member("i-3", "running")], {})
    assert {one.instance_id for one in plan_hot(pool, ROBOTICS).new} == {"i-2", "i-3"}


def test_then_the_newest_release() -> None:
    pool = Pool([member("i-1", release="1.9.0"), member("i-2", release="1.10.0"), member("i-3", release="1.2.0")], {})
    assert {one.instance_id for one in plan_hot(pool, ROBOTICS).new} == {"i-1", "i-2"}


def test_members_come_from_different_zones() -> None:
    pool = Pool([member("i-1"), member("i-2"), member("i-3", zone="us-east-2b")], {})
    assert [one.instance_id for one in plan_hot(pool, ROBOTICS).new] == ["i-1", "i-3"]


def test_a_member_on_its_first_boot_is_not_held() -> None:
    assert plan_hot(Pool([on_first_boot()], {}), ROBOTICS).short == 2


def test_a_stopped_member_of_a_dry_zone_is_not_held_but_a_running_one_is() -> None:
    pool = Pool([member("i-1"), member("i-2", "running")], {}, {"us-east-2a"})
    plan = plan_hot(pool, ROBOTICS)
    assert ([one.instance_id for one in plan.new], plan.short) == (["i-2"], 1)


def test_those_that_are_not_ready_are_let_go_first() -> None:
    members = [member(f"i-{number}", "running") for number in (1, 2, 3)]
    known = {"i-1": HELD, "i-2": replace(HELD, hot=True), "i-3": replace(HELD, free=False)}
    assert plan_hot(Pool(members, known), ROBOTICS).let_go == ("i-1",)
