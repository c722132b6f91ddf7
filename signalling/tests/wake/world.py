"""A world in which the wake function runs: a clock, EC2, Route 53 and the lease table, members, and sudden death."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from moto import mock_aws

from pixel.lease import Lease, LeaseLost, LeaseTimings, MemberLease
from pixel.lease.model import is_claimable, is_live, is_waiting
from pixel.lease.table import ConditionFailed, Table
from pixel.lease.writes import Write
from pixel.sandbox import patches
from pixel.wake.function import Clients, Wake, assemble
from pixel.wake.settings import Settings

from .fake_ec2 import FakeEc2, Instance
from .fake_route53 import FakeRoute53

SECRET = b"0123456789abcdef0123456789abcdef"
SETTINGS = Settings(
    lease_table="pixel-leases",
    zone="pixel.test",
    zone_id="Z1",
    token_secret="unused",
    timings=LeaseTimings(start=300, connect=120, heartbeat=60, grace=120, cap=3600),
)


class Killed(BaseException):
    """The invocation was killed."""


class Wire:
    """What every call to AWS passes through: counts calls, and kills the caller after the n-th one."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.left: int | None = None

    def passed(self, action: str) -> None:
        """A call has been carried out."""
        self.calls[action] += 1
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Killed

    @contextmanager
    def killing_after(self, calls: int) -> Iterator[None]:
        """Kill the caller when its call number `calls` (from 0) has been carried out, before it sees the answer."""
        self.left = calls
        try:
            yield
        finally:
            self.left = None


class Wired:
    """A boto3 client on the wire."""

    def __init__(self, client: Any, wire: Wire) -> None:
        self._client = client
        self._wire = wire
        self.exceptions = client.exceptions if hasattr(client, "exceptions") else None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._client, name)

        def call(**arguments: Any) -> Any:
            try:
                return method(**arguments)
            finally:
                self._wire.passed(name)

        return call

    def get_paginator(self, name: str) -> Any:
        pages, wire = self._client.get_paginator(name), self._wire

        class Paginator:
            def paginate(self, **arguments: Any) -> Iterator[Any]:
                for page in pages.paginate(**arguments):
                    wire.passed(name)
                    yield page

        return Paginator()


class Guarded:
    """EC2, watched for a stop of a member that somebody holds."""

    def __init__(self, ec2: FakeEc2, world: World) -> None:
        self._ec2 = ec2
        self._world = world

    def stop_instances(self, InstanceIds: list[str]) -> Any:  # noqa: N803 - boto3's name
        for instance_id in InstanceIds:
            self._world.must_not_be_leased(instance_id)
        return self._ec2.stop_instances(InstanceIds=InstanceIds)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ec2, name)


class Member:
    """The service on a member, told to act: it says ready, counts players, and stops itself when its time is over."""

    def __init__(self, world: World, instance: Instance) -> None:
        self.world = world
        self.instance = instance
        self.lease: Lease | None = None
        self.players = 0
        self._view = MemberLease(
            world.dynamodb, SETTINGS.lease_table, instance.instance_id, world.settings.timings, world.clock
        )

    def act(self) -> None:
        """Do what the service would do now."""
        if self.instance.state != "running":
            self.lease, self.players = None, 0
            return
        standing = self._view.current()
        lease = standing.lease
        if lease is None and self.lease is None and standing.held_until > self.world.now:
            self._view.hot()
            return
        if lease is None or lease.state == "draining":
            if self._view.drain(self.lease):
                self._stop()
            return
        self.lease = lease
        try:
            if lease.state == "claimed":
                self.lease = self._view.ready(lease)
            elif self.players:
                self.lease = self._view.heartbeat(lease, self.players)
        except LeaseLost:
            return

    def leave(self) -> None:
        """The last player has gone, and the grace is over."""
        self.players = 0
        if self.instance.state == "running" and self._view.drain(self.lease):
            self._stop()

    def _stop(self) -> None:
        self.world.must_not_be_leased(self.instance.instance_id)
        name = f"drone-{(self.instance.address or '').replace('.', '-')}.pixel.test"
        if self.world.route53.records.get(name) == self.instance.address:
            del self.world.route53.records[name]
        self.world.ec2.halt(self.instance)


class World:
    """Everything there is. `wake` is the function as one copy of it; state changes wait in `events`."""

    def __init__(self, dynamodb: Any, seed: int = 0, settings: Settings = SETTINGS) -> None:
        self.now = 1_800_000_000.0
        self.settings = settings
        self.dynamodb = dynamodb
        self.table = Table(dynamodb, settings.lease_table)
        self.events: list[dict[str, Any]] = []
        self.ec2 = FakeEc2(self.clock, self._heard)
        self.route53 = FakeRoute53(self.clock)
        self.wire = Wire()
        self.members: dict[str, Member] = {}
        self.chance = random.Random(seed)
        self.wake = self.new_copy()

    def new_copy(self) -> Wake:
        """Return another copy of the function."""
        clients = Clients(
            dynamodb=Wired(self.dynamodb, self.wire),  # type: ignore[arg-type] # stands in for the client
            ec2=Wired(Guarded(self.ec2, self), self.wire),  # type: ignore[arg-type] # stands in for the client
            route53=Wired(self.route53, self.wire),  # type: ignore[arg-type] # stands in for the client
        )
        return assemble(self.settings, clients, lambda: SECRET, self.clock, self.sleep, self.chance)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pass_time(seconds)

    def pass_time(self, seconds: float) -> None:
        """Let time pass, in steps of at most a second."""
        while seconds > 0:
            self.now += min(seconds, 1.0)
            seconds -= 1.0
            self.ec2.advance()

    def fill(self, size: int, pool: str = "drone", zones: str = "abc", release: str = "1.0.0") -> list[Instance]:
        """Create a pool's members, spread over zones."""
        return [self.add(pool, f"us-east-2{zones[n % len(zones)]}", release) for n in range(size)]

    def add(self, pool: str, az: str, release: str = "1.0.0", state: str = "stopped") -> Instance:
        """Create one member."""
        instance = self.ec2.add(pool, az, release, state)
        self.members[instance.instance_id] = Member(self, instance)
        return instance

    def deliver(self) -> None:
        """Deliver the state changes that have been heard of."""
        events, self.events = self.events, []
        for event in events:
            self.wake.state_changes.handle(event)

    def live(self, seconds: float, events: bool = True, step: float = 5) -> None:
        """Let time pass with members acting, and events delivered, every `step` seconds."""
        until = self.now + seconds
        while self.now < until:
            self.pass_time(min(step, until - self.now))
            if events:
                self.deliver()
            for member in self.members.values():
                member.act()

    def ready(self, owner: str, session: str) -> dict[str, Any]:
        """Poll a session until it is ready, while members act; return its body."""
        for _ in range(60):
            body = self.wake.sessions.show(owner, session).body()
            if body["state"] != "starting":
                return body
            self.live(3)
        raise AssertionError(f"never ready: {body}")

    def item(self, instance: Instance) -> dict[str, Any]:
        """Return a member's item."""
        return self.table.get(instance.instance_id) or {}

    def hold(self, instance: Instance, until: float, started: bool = True) -> None:
        """Hold a member that is free, and have it started, as the Ansible module does."""
        item = self.table.get(instance.instance_id)
        if not is_claimable(item, self.now):
            return
        same = {":generation": item["generation"]} if item and "generation" in item else {}
        condition = "#generation = :generation" if same else "attribute_not_exists(#generation)"
        with suppress(ConditionFailed):
            self.table.write(
                Write(
                    key=instance.instance_id,
                    set={"hold_until": until, "hold_for": "robotics", "pool": "drone", "az": instance.az},
                    condition=f"{condition} AND (attribute_not_exists(#state) OR #state = :free)",
                    values={**same, ":free": "free"},
                )
            )
            if started and instance.state == "stopped" and instance.az not in self.ec2.dry:
                self.ec2.start_instances(InstanceIds=[instance.instance_id])

    def waiting(self) -> list[Instance]:
        """Return the members that are held and that nobody has claimed."""
        items = self.table.scan()
        return [i for i in self.ec2.instances.values() if is_waiting(items.get(i.instance_id), self.now)]

    def leased(self) -> list[Instance]:
        """Return the members that hold a live lease."""
        items = self.table.scan()
        return [i for i in self.ec2.instances.values() if is_live(items.get(i.instance_id), self.now)]

    def running(self) -> list[Instance]:
        """Return the members that run or are about to."""
        return [i for i in self.ec2.instances.values() if i.state in ("pending", "running")]

    def must_not_be_leased(self, instance_id: str) -> None:
        """Check, when the product stops a member, that nobody has it, and that it does not wait for a class."""
        item = self.table.get(instance_id)
        assert not is_live(item, self.now), f"{instance_id} is stopped under a live lease"
        assert not is_waiting(item, self.now), f"{instance_id} is stopped while it is held"

    def _heard(self, instance_id: str, state: str) -> None:
        self.events.append(
            {
                "detail-type": "EC2 Instance State-change Notification",
                "time": datetime.fromtimestamp(self.now, UTC).isoformat(),
                "detail": {"instance-id": instance_id, "state": state},
            }
        )


@cache
def dynamodb_client() -> Any:
    """The client of all worlds, one after the other: a new one takes a tenth of a second."""
    patches.apply()
    return boto3.client("dynamodb", region_name="us-east-2", aws_access_key_id="test", aws_secret_access_key="test")


@contextmanager
def a_world(seed: int = 0, **settings: Any) -> Iterator[World]:
    """A new world, with an empty lease table."""
    with mock_aws():
        dynamodb = dynamodb_client()
        create_table(dynamodb)
        yield World(dynamodb, seed, replace(SETTINGS, **settings))


def create_table(dynamodb: Any) -> None:
    """Create the lease table, as the sandbox and the foundation do."""
    dynamodb.create_table(
        TableName=SETTINGS.lease_table,
        KeySchema=[{"AttributeName": "instance_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "instance_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
