"""Light members: the real lifecycle of the signalling service, without its process, its sockets and Unreal.

All of them live on one thread, so that there may be hundreds. Players are numbers that somebody sets.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from pixel.lease import LeaseTimings, MemberLease
from pixel.sandbox.members.facts import InstanceFacts
from pixel.sandbox.members.site import SectionSettings, Site
from pixel.signalling.host.dns import delete_own_record
from pixel.signalling.lifecycle_settings import LifecycleSettings
from pixel.signalling.member import MemberRunner

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_ec2 import EC2Client
    from types_boto3_route53 import Route53Client

BOOT_SECONDS = 0.2
"""How long Unreal takes to come up."""
POOL = 50
"""Connections of all light members together to each service."""


class _Aws:
    """The clients that all light members share. They are made at the first use: boto3 takes its time."""

    def __init__(self, site: Site) -> None:
        environment = site.environment
        session = boto3.session.Session(
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            region_name=environment["AWS_REGION"],
        )
        config = Config(max_pool_connections=POOL, connect_timeout=3, read_timeout=10)
        self.ec2: EC2Client = session.client("ec2", endpoint_url=site.endpoint, config=config)
        self.route53: Route53Client = session.client("route53", endpoint_url=site.endpoint, config=config)
        self.dynamodb: DynamoDBClient = session.client("dynamodb", endpoint_url=site.endpoint, config=config)


class _Machine:
    """The instance of a light member, as far as its member may reach it."""

    def __init__(self, aws: _Aws, site: Site, instance_id: str, address: str) -> None:
        self._aws, self._site = aws, site
        self._instance_id, self._address = instance_id, address

    def delete_record(self) -> None:
        """Delete the member's own DNS record."""
        delete_own_record(self._aws.route53, self._site.zone_id, self._site.zone, self._address)

    def stop(self) -> None:
        """Stop the instance."""
        self._aws.ec2.stop_instances(InstanceIds=[self._instance_id])


class _Member:
    """One light member: it is its own door, at which nobody has to be let in or sent away but by number."""

    def __init__(self, aws: _Aws, site: Site, settings: LifecycleSettings, facts: InstanceFacts) -> None:
        timings = LeaseTimings(connect=settings.first_connection, grace=settings.grace)
        lease = MemberLease(aws.dynamodb, settings.lease_table, facts.instance_id, timings)
        machine = _Machine(aws, site, facts.instance_id, facts.public_ip or "")
        self._runner = MemberRunner(settings, self, machine, lambda: lease)
        self.players = 0
        self.accepts = True

    async def run(self) -> None:
        """Live until cancelled."""
        running = asyncio.ensure_future(self._runner.run())
        try:
            await asyncio.sleep(BOOT_SECONDS)
            self._runner.streamer_connected()
            await running
        finally:
            running.cancel()

    def set_players(self, players: int) -> None:
        """Have players come, while they are let in, or go."""
        wanted = players if self.accepts else min(players, self.players)
        for number in range(self.players, wanted):
            self._runner.player_joined(str(number))
        for number in range(wanted, self.players):
            self._runner.player_left(str(number))
        self.players = wanted

    def admit(self, player_digest: str | None, controller_digest: str | None) -> None:
        """Send everybody away when nobody may come in."""
        del controller_digest
        if player_digest is None:
            self.set_players(0)

    def refuse_newcomers(self, reason: str) -> None:
        """Let nobody in any more."""
        del reason
        self.accepts = False

    def accept_newcomers(self) -> None:
        """Let players in again."""
        self.accepts = True

    def close_all(self, reason: str) -> None:
        """Send everybody away."""
        del reason
        self.set_players(0)


class LightMembers:
    """The light members that are on; see `members.Runner`."""

    def __init__(self, site: Site, settings: Callable[[], SectionSettings]) -> None:
        self._site = site
        self._settings = settings
        self._members: dict[str, tuple[_Member, asyncio.Task[None]]] = {}
        self._aws: _Aws | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def boot(self, facts: InstanceFacts) -> None:
        """Start a member."""
        if self._aws is None:
            self._aws = _Aws(self._site)
        asked = self._site.settings(facts.instance_id, facts.public_ip or "", self._settings())["lifecycle"]
        member = _Member(self._aws, self._site, LifecycleSettings(**asked), facts)
        self._on_loop(lambda: self._start(facts.instance_id, member))

    def _start(self, instance_id: str, member: _Member) -> None:
        self._members[instance_id] = (member, asyncio.ensure_future(member.run()))

    def halt(self, instance_id: str) -> None:
        """Stop the member: it has nothing that takes time."""
        self.cut(instance_id)

    def cut(self, instance_id: str) -> None:
        """Stop the member, if it is on."""
        self._on_loop(lambda: self._end(instance_id))

    def _end(self, instance_id: str) -> None:
        found = self._members.pop(instance_id, None)
        if found is not None:
            found[1].cancel()

    def set_players(self, instance_id: str, players: int) -> bool:
        """Have a member's players come or go; return whether there is such a member."""
        found = self._members.get(instance_id)
        if found is not None:
            self._on_loop(lambda: found[0].set_players(players))
        return found is not None

    def report(self, instance_id: str) -> dict[str, Any]:
        """Return what there is to know of a member."""
        found = self._members.get(instance_id)
        return {} if found is None else {"players": found[0].players}

    def _on_loop(self, action: Callable[[], None]) -> None:
        """Do something on the members' thread."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._loop.run_forever, name="light members", daemon=True).start()
        self._loop.call_soon_threadsafe(action)

    def stop(self) -> None:
        """End the thread; no member may be on any more."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
