"""Ending sessions and freeing members: what follows once a lease is over."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from contextlib import suppress

from pixel.lease import usage, writes
from pixel.lease.model import EndReason, Item, end_reason, is_leaving, is_live
from pixel.lease.table import ConditionFailed, Table
from pixel.wake import sessions
from pixel.wake.aws import UPSERT_BATCH, Ec2, Machine, Zone, batches
from pixel.wake.publishing import SETTLE
from pixel.wake.sessions import Session
from pixel.wake.turn import Turn


class Endings:
    """Ends sessions, and frees members that have stopped."""

    def __init__(
        self, table: Table, ec2: Ec2, zone: Zone, keep_ended: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._table = table
        self._ec2 = ec2
        self._zone = zone
        self._keep_ended = keep_ended
        self._clock = clock

    def end(self, session: Session, reason: EndReason) -> None:
        """End a session in its item, and stop counting it against its owner's cap."""
        try:
            self._table.write(sessions.ended(session, reason, self._clock(), self._keep_ended))
        except ConditionFailed as failure:
            if failure.item is not None and failure.item["state"] == "open":
                return  # it has another member
        self._table.write(sessions.release(session.session, session.owner))

    def free(self, member: Item, *, gone: bool) -> None:
        """Free a member that has stopped, after the session that it served; delete the item of one that is gone."""
        if "session" in member:
            self.end(Session.on(member), end_reason(member, self._clock()))
            self._keep(member)
        try:
            if gone:
                self._table.delete(writes.gone(member, self._clock()))
            else:
                self._table.write(writes.free_stopped(member, self._clock()))
        except ConditionFailed:
            pass  # it was claimed meanwhile, or freed already

    def _keep(self, member: Item) -> None:
        """Keep what is reported of a session: before its member is freed, so that no session is ever missing."""
        with suppress(ConditionFailed):  # it is kept already
            self._table.write(usage.ended(member, self._clock()))

    def withdraw(self, addresses: Collection[str]) -> None:
        """Delete the records of addresses that no instance has any more: one call to list, to ask and to delete each.

        Raises:
            Refused: for too many calls, or because a record has changed meanwhile; nothing was deleted.
        """
        stale = [record for record in self._zone.records() if record.address in addresses]
        if not stale:
            return
        held = self._ec2.holders(record.address for record in stale)
        for batch in batches((record for record in stale if record.address not in held), UPSERT_BATCH):
            self._zone.withdraw(batch)

    def step(self, turn: Turn) -> None:
        """The last step of a turn: free the members that are closing, as far as they have stopped."""
        stopped: list[Item] = []
        for name in turn.pool.closing:
            item = turn.items.get(name)
            if item is None or is_live(item, turn.now) or is_free(item):
                turn.closed.add(name)
            elif settled(item, turn.now) and can_be_freed(item, turn.machines.get(name), turn.now):
                stopped.append(item)
        if not stopped:
            return
        self.withdraw({item["address"] for item in stopped if "address" in item})
        for member in stopped:
            machine = turn.machines.get(member["instance_id"])
            self.free(member, gone=machine is None or machine.gone)
            turn.closed.add(member["instance_id"])


def is_free(member: Item) -> bool:
    """Tell whether nothing is left to free in a member's item."""
    return member.get("state", "free") == "free" and "address" not in member and "hot_at" not in member


def settled(member: Item, now: float) -> bool:
    """Tell whether EC2's word that a member is stopped can be relied on: no start of it can still be under way."""
    return "address" in member or now - float(member.get("claimed_at", 0)) > SETTLE


def can_be_freed(member: Item, machine: Machine | None, now: float) -> bool:
    """Tell whether a machine is down, and no stop or termination can be under way that would meet its next session."""
    return is_stopped(machine) and (machine is None or machine.gone or not is_leaving(member, now))


def is_stopped(machine: Machine | None) -> bool:
    """Tell whether a machine is down for good, or until the next start."""
    return machine is None or machine.gone or machine.state == "stopped"
