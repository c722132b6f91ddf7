"""A member on the embedded AWS, from its claim to its stop: lease, DNS record and instance as AWS has them."""

from __future__ import annotations

import asyncio
import time

import pytest

from pixel.lease.writes import end
from pixel.signalling.deadlines import Instant
from pixel.signalling.host.machine import OwnMachine
from pixel.signalling.lifecycle_settings import LifecycleSettings
from pixel.signalling.member import MemberRunner

from .conftest import Instance
from .test_member import Door, running

FOREIGN = "drone-127-254-0-1.pixel.test"
DEADLINE = 30.0


class HasteClock:
    """The system's clock, which the test sets forward on its monotonic side."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> Instant:
        return Instant(time.monotonic() + self.ahead, time.time())


class SandboxMember:
    """A runner on an instance of the sandbox; its name is published, and so is somebody else's."""

    def __init__(self, instance: Instance, **settings: str) -> None:
        state = instance.sandbox.state
        self.instance, self.clock, self.door = instance, HasteClock(), Door()
        self.table = instance.table
        instance.publish(instance.name, instance.address)
        instance.publish(FOREIGN, "127.254.0.1")
        chosen = LifecycleSettings(enabled=True, zone=state.zone, zone_id=state.zone_id, **settings)  # type: ignore[arg-type] # texts
        machine = OwnMachine(chosen, instance.metadata, self.power_off)
        lease = machine.lease if chosen.lease_table else None
        self.runner = MemberRunner(chosen, self.door, machine, lease, clock=self.clock, tick=0.01)

    def power_off(self) -> None:
        self.instance.sandbox.sandbox.shut_down(self.instance.id)

    @property
    def item(self) -> dict[str, object]:
        return self.table.get(self.instance.id) or {}

    async def until(self, condition, *, faster: float = 0.0) -> None:
        async with asyncio.timeout(DEADLINE):
            while not condition():
                self.clock.ahead += faster
                await asyncio.sleep(0.02)

    async def a_session(self) -> None:
        self.runner.streamer_connected()
        if self.item:
            await self.until(lambda: self.item["state"] == "ready")
        self.runner.player_joined("Player0")
        if self.item:
            await self.until(lambda: self.item["state"] == "in_use")

    async def stopped(self) -> None:
        await self.until(lambda: self.instance.state == "stopped", faster=10)


@pytest.fixture
def member(instance: Instance) -> SandboxMember:
    member = SandboxMember(instance, lease_table=instance.sandbox.state.lease_table)
    member.instance.claim()
    return member


async def test_everybody_gone_drains_the_lease_deletes_the_record_and_stops_the_instance(member):
    async with running(member):
        await member.a_session()
        member.runner.player_left("Player0")
        await member.stopped()
    assert member.item["state"] == "draining"
    assert member.instance.published() == {FOREIGN: "127.254.0.1"}


async def test_the_same_without_a_lease_table(instance):
    member = SandboxMember(instance)
    async with running(member):
        await member.a_session()
        member.runner.player_left("Player0")
        await member.stopped()
    assert member.instance.published() == {FOREIGN: "127.254.0.1"}


async def test_a_session_that_its_caller_ends_stops_the_instance(member):
    async with running(member):
        await member.a_session()
        member.table.write(end(member.instance.id, "session-1", 1, "closed", time.time()))
        await member.stopped()
    assert ("close", "the session has ended") in member.door.heard


@pytest.mark.parametrize("action", ["GetItem", "UpdateItem"])
async def test_answers_of_the_table_that_are_lost_keep_no_member_running(member, action):
    async with running(member):
        await member.a_session()
        member.instance.sandbox.set_faults(
            lost_answers={"probability": 0.5, "seed": 1, "actions": [f"dynamodb.{action}"]}
        )
        member.runner.player_left("Player0")
        await member.stopped()
    member.instance.sandbox.set_faults(lost_answers=None)
    assert member.item["state"] == "draining"


async def test_route_53_out_of_reach_keeps_no_member_running(member):
    member.instance.sandbox.set_faults(unreachable={"actions": ["route53"]})
    async with running(member):
        await member.a_session()
        member.runner.player_left("Player0")
        await member.stopped()


async def test_ec2_out_of_reach_keeps_no_member_running(member):
    async with running(member):
        await member.a_session()
        member.instance.sandbox.set_faults(unreachable={"actions": ["ec2.StopInstances"]})
        member.runner.player_left("Player0")
        await member.stopped()


async def test_a_member_whose_machine_is_taken_from_it_at_the_last_moment_does_not_stop_it(member):
    async with running(member):
        await member.a_session()
        taken = {"session": "session-2", "generation": 2, "state": "claimed", "lease_until": time.time() + 600}
        item = member.item | taken
        member.table.client.put_item(TableName=member.table.name, Item=typed(item))
        member.runner.player_left("Player0")
        await member.until(lambda: member.item["state"] == "ready", faster=5)
    assert member.instance.state == "running"
    assert member.instance.name in member.instance.published()


def typed(item: dict[str, object]) -> dict[str, dict[str, object]]:
    """An item as DynamoDB's API spells it."""
    names = {str: "S", int: "N", float: "N", bool: "BOOL"}
    texts = {key: value if isinstance(value, str | bool) else str(value) for key, value in item.items()}
    return {key: {names[type(value)]: texts[key]} for key, value in item.items()}
