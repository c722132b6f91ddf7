from __future__ import annotations

import pytest
from ansible_collections.mitlab.pixel.tests.module.conftest import Modules


@pytest.fixture
def pool(modules: Modules) -> Modules:
    """Modules, with a stopped pool of two."""
    modules.publish("1.0.0")
    modules.fleet(2)
    return modules


def test_members_are_listed_with_totals(pool: Modules) -> None:
    info = pool.succeed("fleet_info", pool="drone")
    assert info["totals"] == {
        "members": 2,
        "state": {"stopped": 2},
        "release": {"1.0.0": 2},
        "availability_zone": {"us-east-2a": 1, "us-east-2b": 1},
        "leased": 0,
        "held": 0,
    }
    assert {one["release"] for one in info["members"]} == {"1.0.0"}


def test_a_lease_is_shown_with_its_member(pool: Modules) -> None:
    leased = min(pool.alive())
    pool.lease(leased)
    info = pool.succeed("fleet_info", pool="drone", lease_table=pool.sandbox.state.lease_table)
    assert info["totals"]["leased"] == 1
    assert info["members"][0]["lease"] == {
        "session": "s-1",
        "until": 4_000_000_000.0,
        "hostname": "drone-198-51-100-7.pixel.test",
    }


def test_members_can_be_chosen_by_state_and_release(pool: Modules) -> None:
    assert pool.succeed("fleet_info", pool="drone", states=["running"])["members"] == []
    assert pool.succeed("fleet_info", pool="drone", release="2.0.0")["members"] == []


def test_a_list_without_leases_is_one_call(pool: Modules) -> None:
    assert pool.succeed("fleet_info", pool="drone").number_of_calls == 1
