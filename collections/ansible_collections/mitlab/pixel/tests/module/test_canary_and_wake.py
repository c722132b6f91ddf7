"""A canary beside the wake function: nobody gets it, nobody takes it away, and it is stopped when it is forgotten."""

from __future__ import annotations

import pytest
from ansible_collections.mitlab.pixel.tests.module.conftest import Clock, Modules

from pixel.wake.errors import ApiError
from pixel.wake.function import Wake

LEASE_SECONDS = 600


@pytest.fixture
def canary(modules: Modules) -> str:
    """The id of a canary that runs, in a pool with one other member."""
    modules.publish("1.0.0")
    modules.fleet(1)
    state = modules.sandbox.state
    started: str = modules.succeed(
        "canary",
        state="started",
        pool="drone",
        release="1.0.0",
        launch_template="pixel-drone",
        subnets=list(state.subnets.values()),
        lease_table=state.lease_table,
        lease_seconds=LEASE_SECONDS,
    )["instance_id"]
    return started


def test_a_class_gets_everything_but_the_canary(modules: Modules, canary: str, wake: Wake) -> None:
    wake.sessions.open("somebody", "first", "drone")
    with pytest.raises(ApiError, match="all 1 members of pool drone are in use"):
        wake.sessions.open("somebody", "second", "drone")
    assert modules.sandbox.instance_state(canary) == "running"


def test_it_runs_as_long_as_its_lease_lives(modules: Modules, canary: str, wake: Wake, clock: Clock) -> None:
    for clock.ahead in (0, LEASE_SECONDS / 2, LEASE_SECONDS - 60):
        wake.reconciler.run()
    assert modules.sandbox.instance_state(canary) == "running"


def test_it_is_stopped_and_freed_when_its_lease_has_ended(
    modules: Modules, canary: str, wake: Wake, clock: Clock
) -> None:
    for clock.ahead in (LEASE_SECONDS + 1, LEASE_SECONDS + 300):
        wake.reconciler.run()
    assert modules.sandbox.instance_state(canary) == "stopped"
    item = modules.sandbox.dynamodb.get_item(
        TableName=modules.sandbox.state.lease_table, Key={"instance_id": {"S": canary}}
    )["Item"]
    assert item["state"]["S"] == "free"
