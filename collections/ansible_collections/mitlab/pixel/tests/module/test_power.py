from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.mitlab.pixel.tests.module.conftest import Modules, Result

POOL = {"pixel:pool": "drone"}


@pytest.fixture
def running_pool(modules: Modules) -> Modules:
    """Modules, with a pool of three that were started for use."""
    modules.publish("1.0.0")
    modules.fleet(3)
    modules.sandbox.ec2.start_instances(InstanceIds=list(modules.alive()))
    return modules


def power(modules: Modules, state: str, **more: object) -> Result:
    options = {"tags": POOL, "lease_table": modules.sandbox.state.lease_table, "wait_timeout": 20, **more}
    return modules.run("power", state=state, **options)


def test_members_are_stopped_by_tag(running_pool: Modules) -> None:
    assert len(power(running_pool, "stopped")["stopped"]) == 3
    assert Counter(running_pool.alive().values()) == {"stopped": 3}


def test_members_are_started_by_tag(running_pool: Modules) -> None:
    power(running_pool, "stopped")
    assert len(power(running_pool, "started")["started"]) == 3
    assert Counter(running_pool.alive().values()) == {"running": 3}


def test_a_repeat_changes_nothing_in_one_call(running_pool: Modules) -> None:
    power(running_pool, "stopped")
    repeat = power(running_pool, "stopped")
    assert (repeat["changed"], repeat.number_of_calls) == (False, 1)


def test_leased_and_exempt_members_are_left_running(running_pool: Modules) -> None:
    leased, exempt, forgotten = sorted(running_pool.alive())
    running_pool.lease(leased)
    running_pool.sandbox.ec2.create_tags(Resources=[exempt], Tags=[{"Key": "pixel:keep-running", "Value": "true"}])
    result = power(running_pool, "stopped", exempt_tags={"pixel:keep-running": "true"})
    assert result["stopped"] == [forgotten]
    assert result["kept"] == {leased: "leased by session s-1", exempt: "exempt by tag pixel:keep-running=true"}


def test_members_on_the_way_and_terminated_ones_are_tolerated(running_pool: Modules) -> None:
    on_the_way, gone, running = sorted(running_pool.alive())
    running_pool.sandbox.set_delays(stop=0.5)
    running_pool.sandbox.ec2.stop_instances(InstanceIds=[on_the_way])
    running_pool.sandbox.ec2.terminate_instances(InstanceIds=[gone])
    result = power(running_pool, "stopped")
    assert result["stopped"] == [running]
    assert Counter(running_pool.alive().values()) == {"stopped": 2}


def test_a_dry_zone_keeps_only_its_own_members_from_starting(running_pool: Modules) -> None:
    power(running_pool, "stopped")
    running_pool.sandbox.set_faults(capacity={"us-east-2a": 0})
    result = power(running_pool, "started")
    assert len(result["started"]) == 2
    assert list(result["kept"].values()) == ["no capacity in us-east-2a (InsufficientInstanceCapacity)"]


def test_check_mode_tells_and_changes_nothing(running_pool: Modules) -> None:
    assert len(power(running_pool, "stopped", check=True)["stopped"]) == 3
    assert Counter(running_pool.alive().values()) == {"running": 3}


def test_members_that_do_not_stop_in_time_are_told(running_pool: Modules) -> None:
    running_pool.sandbox.set_delays(stop=3600)
    late = power(running_pool, "stopped", wait_timeout=1)
    assert late.failed
    assert "3 of 3 members are not stopped after wait_timeout (1 s)" in late["msg"]
