"""EC2's state changes, as EventBridge tells them: late, twice, or never. Each only hurries what would happen anyway."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pixel.lease import writes
from pixel.lease.model import Item, is_live, is_waiting
from pixel.lease.table import ConditionFailed, Table
from pixel.wake import pools
from pixel.wake.aws import Ec2
from pixel.wake.drive import Driver

GAP = 1.0
"""Seconds between two turns that events ask for: a class that starts together is published together."""
SKEW = 5.0
"""Seconds by which two clocks may differ."""


class StateChanges:
    """What follows when a member runs, or has stopped by any road."""

    def __init__(self, table: Table, ec2: Ec2, driver: Driver, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._ec2 = ec2
        self._driver = driver
        self._clock = clock

    def handle(self, event: Mapping[str, Any]) -> None:
        """Act on an `EC2 Instance State-change Notification`; events of instances that are not members mean nothing."""
        instance_id, state = event["detail"]["instance-id"], event["detail"]["state"]
        if state == "running":
            self._running(instance_id)
        elif state in ("stopped", "terminated"):
            self._stopped(instance_id, datetime.fromisoformat(event["time"]).timestamp())

    def _running(self, instance_id: str) -> None:
        member, now = self._table.get(instance_id), self._clock()
        if member is None or "pool" not in member:
            return
        if is_waiting(member, now):
            self._table.write(pools.hold(member["pool"], [instance_id]))
        if is_waiting(member, now) or is_live(member, now):
            self._driver.visit(member["pool"], GAP)

    def _stopped(self, instance_id: str, at: float) -> None:
        member = self._table.get(instance_id)
        if member is None or "pool" not in member:
            return
        if is_live(member, self._clock()) and not self._end(member, at):
            return
        self._table.write(pools.close(member["pool"], [instance_id]))
        self._driver.visit(member["pool"], GAP)

    def _end(self, member: Item, at: float) -> bool:
        """End the live lease of a member that was stopped from outside; False if the event is an old one.

        A late event must not take the member from the session that has started it again: so the event has to be
        younger than the member's last sign of life, and EC2 still has to say that the member is down.
        """
        if "address" not in member or at < float(member.get("seen_at", member["claimed_at"])) - SKEW:
            return False
        machine = self._ec2.machines([member["instance_id"]]).get(member["instance_id"])
        if machine is not None and machine.state not in ("stopped", "shutting-down", "terminated"):
            return False
        try:
            self._table.write(
                writes.end(
                    member["instance_id"], member["session"], member["generation"], "member_stopped", self._clock()
                )
            )
        except ConditionFailed:
            return False
        return True
