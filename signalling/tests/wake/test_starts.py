"""Starting many members with few calls."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixel.wake.aws import Machine, Refused
from pixel.wake.starts import Started, start


class FakeEc2:
    """EC2 with so much capacity in each zone, and some members that cannot be started."""

    def __init__(self, zones: dict[str, str], capacity: dict[str, int], wrong: dict[str, str]) -> None:
        self.zones = zones
        self.capacity = dict(capacity)
        self.wrong = wrong
        self.running: set[str] = set()
        self.calls = 0

    def start(self, ids: Sequence[str]) -> None:
        self.calls += 1
        if any(name in self.wrong for name in ids):
            raise Refused("state", "one is in a wrong state")
        for zone in set(self.zones.values()):
            wanted = [name for name in ids if self.zones[name] == zone and name not in self.running]
            if len(wanted) > self.capacity.get(zone, 1000):
                raise Refused("capacity", f"no capacity in {zone}")
        for name in ids:
            if name not in self.running and self.zones[name] in self.capacity:
                self.capacity[self.zones[name]] -= 1
            self.running.add(name)

    def machines(self, ids: Sequence[str]) -> dict[str, Machine]:
        states = {name: self.wrong.get(name, "running" if name in self.running else "stopped") for name in ids}
        return {
            name: Machine(name, "drone", self.zones[name], "1.0.0", state, None, 0, "")
            for name, state in states.items()
            if state != "missing"
        }


def begin(
    zones: dict[str, str], capacity: dict[str, int] | None = None, wrong: dict[str, str] | None = None, calls: int = 5
) -> tuple[Started, FakeEc2]:
    ec2 = FakeEc2(zones, capacity or {}, wrong or {})
    return start(ec2, zones, calls), ec2  # type: ignore[arg-type] # stands in for Ec2


def spread(size: int) -> dict[str, str]:
    return {f"i-{n}": "abc"[n % 3] for n in range(size)}


def test_all_are_started_in_one_call_over_all_zones() -> None:
    result, _ = begin(spread(100))
    assert (len(result.started), result.calls) == (100, 1)


def test_a_dry_zone_does_not_keep_the_others_from_starting() -> None:
    result, _ = begin(spread(6), {"a": 0}, calls=20)
    assert result.started == {"i-1", "i-2", "i-4", "i-5"}
    assert result.dry == {"i-0", "i-3"}
    assert result.dry_zones == {"a"}


def test_a_zone_with_some_capacity_left_starts_some() -> None:
    result, _ = begin(dict.fromkeys(spread(8), "a"), {"a": 5}, calls=20)
    assert len(result.started) == 5
    assert len(result.dry) == 3


def test_a_single_refusal_spares_the_calls_for_the_rest_of_the_zone() -> None:
    result, ec2 = begin(dict.fromkeys(spread(64), "a"), {"a": 0}, calls=20)
    assert len(result.dry) == 64
    assert ec2.calls == 7


@pytest.mark.parametrize("state", ["stopping", "terminated", "missing"])
def test_one_in_a_wrong_state_does_not_keep_the_others_from_starting(state: str) -> None:
    result, ec2 = begin(spread(10), wrong={"i-4": state})
    assert len(result.started) == 9
    assert result.wrong == {"i-4": state}
    assert ec2.calls == 2


def test_throttling_ends_the_turn_with_the_rest_untried() -> None:
    class Throttled(FakeEc2):
        def start(self, ids: Sequence[str]) -> None:
            raise Refused("throttled", "Request limit exceeded.")

    result = start(Throttled(spread(3), {}, {}), spread(3))  # type: ignore[arg-type] # stands in for Ec2
    assert (result.started, result.dry, result.throttled, result.calls) == (set(), set(), True, 1)


@given(
    st.dictionaries(st.from_regex(r"i-[0-9]{3}", fullmatch=True), st.sampled_from("abc"), max_size=30),
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 5)),
    st.integers(1, 12),
)
def test_nothing_is_said_to_be_started_that_is_not_and_the_calls_are_kept(
    zones: dict[str, str], capacity: dict[str, int], calls: int
) -> None:
    result, ec2 = begin(zones, capacity, calls=calls)
    assert result.started == ec2.running
    assert not result.started & result.dry
    assert ec2.calls == result.calls <= calls


@given(
    st.dictionaries(st.from_regex(r"i-[0-9]{3}", fullmatch=True), st.sampled_from("abc"), max_size=30),
    st.dictionaries(st.sampled_from("abc"), st.integers(0, 5)),
)
def test_with_enough_calls_every_zone_is_used_up(zones: dict[str, str], capacity: dict[str, int]) -> None:
    result, _ = begin(zones, capacity, calls=200)
    assert result.started | result.dry == zones.keys()
    for zone in "abc":
        members = [name for name in zones if zones[name] == zone]
        started = [name for name in members if name in result.started]
        assert len(started) == min(len(members), capacity.get(zone, 1000))
