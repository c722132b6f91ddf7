from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.mitlab.pixel.plugins.module_utils.dns_plan import (
    DnsPlan,
    Record,
    address_in,
    change_batches,
    plan_dns,
)
from ansible_collections.mitlab.pixel.plugins.module_utils.members import Member
from ansible_collections.mitlab.pixel.tests.unit.builders import LAUNCHED, member
from hypothesis import given
from hypothesis import strategies as st

ZONE = "pixel.test"
addresses = st.ip_addresses(v=4).map(str)


def record(address: str = "198.51.100.7", **more: object) -> Record:
    name = f"drone-{address.replace('.', '-')}.{ZONE}."
    return Record(**{"name": name, "type": "A", "ttl": 60, "values": (address,), **more})  # type: ignore[arg-type] # the test's own


def plan(records: list[Record], instances: list[Member] | None = None, min_age: float = 300) -> DnsPlan:
    now = LAUNCHED + timedelta(hours=1)
    return plan_dns(records, instances or [], prefix="drone-", zone=ZONE, min_age=min_age, now=now)


def test_a_record_whose_address_nobody_has_is_deleted() -> None:
    assert plan([record()]).delete == (record(),)


@pytest.mark.parametrize("state", ["pending", "running", "stopping"])
def test_a_record_whose_address_an_instance_has_is_left(state: str) -> None:
    assert plan([record()], [member(state=state, address="198.51.100.7")]) == DnsPlan()


def test_an_address_of_an_instance_of_no_pool_is_in_use_too() -> None:
    assert plan([record()], [Member("i-1", "running", "us-east-2a", address="198.51.100.7")]).delete == ()


@pytest.mark.parametrize(
    "foreign",
    [
        record(name="www.pixel.test."),
        record(name="drone-1-2-3.pixel.test."),
        record(name="drone-198-051-100-7.pixel.test."),
        record(name="drone-198-51-100-7.other.test."),
        record(name="x.drone-198-51-100-7.pixel.test."),
        record(name="drone-198-51-100-8.pixel.test."),
        record(type="AAAA"),
        record(type="TXT"),
        record(values=("198.51.100.7", "198.51.100.8")),
        record(values=()),
        record(plain=False),
    ],
    ids=lambda one: f"{one.name} {one.type} {one.values}",
)
def test_any_other_record_is_left(foreign: Record) -> None:
    assert plan([foreign]) == DnsPlan()


def test_while_a_member_has_only_just_started_and_has_no_address_nothing_is_deleted() -> None:
    newcomer = member("i-1", "pending", launched=LAUNCHED + timedelta(minutes=59))
    held = plan([record()], [newcomer])
    assert held.delete == ()
    assert held.kept == {record().name: "i-1 has only just started and has no address yet"}


def test_a_member_that_has_its_address_holds_nothing_up() -> None:
    newcomer = member("i-1", "running", launched=LAUNCHED + timedelta(minutes=59), address="198.51.100.8")
    assert plan([record()], [newcomer]).delete == (record(),)


def test_a_member_that_started_long_ago_and_has_no_address_holds_nothing_up() -> None:
    assert plan([record()], [member("i-1", "running")]).delete == (record(),)


@given(addresses)
def test_the_address_in_a_members_name_is_found(address: str) -> None:
    name = f"DRONE-{address.replace('.', '-')}.Pixel.Test."
    assert address_in(name, "drone-", ZONE) == address


@given(st.text(st.sampled_from("drone-0123456789.x"), max_size=30))
def test_a_name_stands_for_an_address_only_if_that_address_makes_the_name(label: str) -> None:
    found = address_in(f"{label}.{ZONE}", "drone-", ZONE)
    assert found is None or f"drone-{found.replace('.', '-')}" == label


@given(st.lists(st.integers(1, 4000), max_size=60))
def test_batches_keep_to_route_53s_limits_and_lose_nothing(sizes: list[int]) -> None:
    records = [record(ttl=number, values=("x" * size,)) for number, size in enumerate(sizes)]
    batches = list(change_batches(records))
    assert [one for batch in batches for one in batch] == records
    assert all(sum(len(one.values[0]) for one in batch) <= 32_000 for batch in batches)


def test_a_thousand_records_are_one_batch_and_one_more_is_two() -> None:
    assert [len(batch) for batch in change_batches([record()] * 1001)] == [1000, 1]
