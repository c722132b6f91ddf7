"""The lease as the member itself sees and changes it: what the signalling service on the machine calls."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from pixel.lease import writes
from pixel.lease.model import Item, Lease, LeaseLost, LeaseTimings, Standing, is_live, lease_of, parse_lease
from pixel.lease.table import ConditionFailed, Table

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class MemberLease:
    """One member's lease in DynamoDB. Every method is synchronous, and safe to call again after any failure.

    Errors of AWS itself (botocore's `ClientError`, `EndpointConnectionError`, …) pass through: the caller retries.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        instance_id: str,
        timings: LeaseTimings | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`client` is boto3's DynamoDB client, `table` the name of the lease table, `clock` gives epoch seconds."""
        self._table = Table(client, table)
        self._instance_id = instance_id
        self._timings = timings or LeaseTimings()
        self._clock = clock

    def current(self) -> Standing:
        """Return the member's lease, if it has one to heed, and how long it is held; read with strong consistency."""
        item = self._table.get(self._instance_id)
        return Standing(lease_of(item, self._clock()), float((item or {}).get("hold_until", 0)))

    def hot(self) -> bool:
        """Say that this member waits for whoever claims it. False: it is not held any more, or somebody has it."""
        try:
            self._table.write(writes.hot(self._instance_id, self._clock()))
        except ConditionFailed:
            return False
        return True

    def ready(self, lease: Lease) -> Lease:
        """Say that the member can be used, and return the lease with its connect deadline.

        Raises:
            LeaseLost: the lease is no longer this one, or has expired.
        """
        now = self._clock()
        try:
            return parse_lease(self._table.write(writes.ready(lease, self._timings, now)))
        except ConditionFailed as failure:
            return _already(lease, failure.item, now)

    def heartbeat(self, lease: Lease, players: int) -> Lease:
        """Tell how many players are connected, and return the lease with its new deadline.

        Without players the deadline stays: the connect deadline, or the one that the last heartbeat with players set.

        Raises:
            LeaseLost: the lease is no longer this one, or has reached its cap.
        """
        try:
            return parse_lease(self._table.write(writes.heartbeat(lease, players, self._timings, self._clock())))
        except ConditionFailed as failure:
            raise LeaseLost(_whose(lease, failure.item)) from None

    def drain(self, lease: Lease | None) -> bool:
        """Give the member up before it stops. False: it belongs to someone else now, or is held, so it must not stop.

        `lease` is the one that the member served last; None when it never had one.
        """
        try:
            self._table.write(writes.drain(self._instance_id, lease, self._clock()))
        except ConditionFailed:
            return False
        return True


def _already(lease: Lease, item: Item | None, now: float) -> Lease:
    """Return the lease if an earlier `ready`, whose answer was lost, had done it."""
    if item is not None and is_live(item, now):
        held = parse_lease(item)
        if (held.session, held.generation) == (lease.session, lease.generation) and held.state != "claimed":
            return held
    raise LeaseLost(_whose(lease, item))


def _whose(lease: Lease, item: Item | None) -> str:
    if item is None:
        return f"member {lease.instance_id} has no lease any more"
    return (
        f"session {lease.session} (generation {lease.generation}) no longer holds member {lease.instance_id}: "
        f"it is {item.get('state', 'unknown')} at generation {item.get('generation', 0)}"
    )
