"""The wake function put together: one `Wake` for every copy of the function."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pixel.lease.table import Table
from pixel.wake.aws import Ec2, Zone
from pixel.wake.drive import Driver
from pixel.wake.endings import Endings
from pixel.wake.events import StateChanges
from pixel.wake.placement import Placement
from pixel.wake.publishing import Publisher
from pixel.wake.reconcile import Reconciler
from pixel.wake.rosters import Rosters
from pixel.wake.service import Sessions
from pixel.wake.settings import Settings
from pixel.wake.starting import Starter

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_ec2 import EC2Client
    from types_boto3_route53 import Route53Client


@dataclass(frozen=True)
class Clients:
    """boto3's clients."""

    dynamodb: DynamoDBClient
    ec2: EC2Client
    route53: Route53Client


@dataclass(frozen=True)
class Wake:
    """The parts that the doors of the function lead to."""

    settings: Settings
    clock: Callable[[], float]
    sessions: Sessions
    state_changes: StateChanges
    reconciler: Reconciler


def assemble(
    settings: Settings,
    clients: Clients,
    secret: Callable[[], bytes],
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
    chance: random.Random | None = None,
) -> Wake:
    """Put the wake function together. `secret` returns the token secret; clock, sleep and chance are for tests."""
    table = Table(clients.dynamodb, settings.lease_table)
    ec2 = Ec2(clients.ec2)
    zone = Zone(clients.route53, settings.zone_id, settings.zone)
    placement = Placement(table, secret, settings.timings, settings.keep_ended, clock, chance)
    endings = Endings(table, ec2, zone, settings.keep_ended, clock)
    starter = Starter(table, ec2, placement, settings.cooldown)
    driver = Driver(table, ec2, starter, Publisher(table, zone, settings.timings), endings, clock)
    rosters = Rosters(table, ec2, settings.roster, clock, sleep)
    return Wake(
        settings=settings,
        clock=clock,
        sessions=Sessions(table, rosters, placement, driver, endings, secret, settings, clock, sleep),
        state_changes=StateChanges(table, ec2, driver, clock),
        reconciler=Reconciler(table, ec2, zone, driver, endings, settings, clock),
    )
