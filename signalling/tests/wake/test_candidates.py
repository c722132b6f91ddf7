"""Which members are tried, and in what order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pixel.wake.candidates import Candidate, order, release_key

NOW = 1000.0
candidates = st.builds(
    Candidate,
    instance_id=st.from_regex(r"i-[0-9a-f]{4}", fullmatch=True),
    az=st.sampled_from(("a", "b", "c")),
    release=st.sampled_from(("1.0.0", "1.1.0", "1.1.0-rc.1", "2.0.0", "")),
    state=st.sampled_from(("stopped", "running", "pending", "stopping", "shutting-down", "terminated")),
)
rosters = st.lists(candidates, unique_by=lambda candidate: candidate.instance_id)


def test_the_newest_release_comes_first() -> None:
    roster = [Candidate(f"i-{n}", "a", release, "stopped") for n, release in enumerate(("1.9.0", "1.10.0", "1.2.0"))]
    assert [one.release for one in order(roster, {}, NOW, 0)] == ["1.10.0", "1.9.0", "1.2.0"]


def test_a_zone_in_cooldown_comes_last_even_with_the_newest_release() -> None:
    roster = [Candidate("i-1", "a", "2.0.0", "stopped"), Candidate("i-2", "b", "1.0.0", "stopped")]
    assert [one.az for one in order(roster, {"a": NOW + 1}, NOW, 0)] == ["b", "a"]
    assert [one.az for one in order(roster, {"a": NOW}, NOW, 0)] == ["a", "b"]


def test_a_terminated_member_is_not_tried() -> None:
    assert order([Candidate("i-1", "a", "1.0.0", "terminated")], {}, NOW, 0) == []


def test_callers_with_consecutive_tickets_begin_at_different_members() -> None:
    roster = [Candidate(f"i-{n:03}", "a", "1.0.0", "stopped") for n in range(100)]
    assert len({order(roster, {}, NOW, ticket)[0] for ticket in range(700, 800)}) == 100


@given(rosters, st.integers(0, 2**40))
def test_every_member_that_may_be_used_is_tried_once(roster: list[Candidate], start: int) -> None:
    usable = {one for one in roster if one.state not in ("shutting-down", "terminated")}
    tried = order(roster, {"a": NOW + 60}, NOW, start)
    assert set(tried) == usable
    assert len(tried) == len(usable)


def test_releases_sort_as_semver_says() -> None:
    before_the_release = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1"]
    ordered = ["", *before_the_release, "1.0.0", "1.0.10", "1.2.0"]
    shuffled = sorted(ordered)
    assert sorted(shuffled, key=release_key) == ordered


def test_held_members_come_first_even_in_a_zone_without_capacity() -> None:
    roster = [Candidate("i-1", "b", "2.0.0", "stopped"), Candidate("i-2", "a", "1.0.0", "running")]
    assert [one.instance_id for one in order(roster, {"a": NOW + 1}, NOW, 0, {"i-2"})] == ["i-2", "i-1"]


def test_callers_with_consecutive_tickets_begin_at_different_held_members() -> None:
    roster = [Candidate(f"i-{n:03}", "a", "1.0.0", "stopped") for n in range(100)]
    held = {f"i-{n:03}" for n in range(12)}
    assert {order(roster, {}, NOW, ticket, held)[0].instance_id for ticket in range(700, 712)} == held
