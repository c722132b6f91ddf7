"""The second and third step of a turn: publishing the names of members that run, and seeing them known everywhere.

A name is handed out only when all name servers know it: one that is asked for too early is remembered as missing, by
resolvers on the way, for up to fifteen minutes.
"""

from __future__ import annotations

from pixel.lease import LeaseTimings, writes
from pixel.lease.model import Item
from pixel.lease.table import ConditionFailed, Table
from pixel.naming import record_name
from pixel.wake import pools
from pixel.wake.aws import UPSERT_BATCH, Zone, batches
from pixel.wake.turn import Turn

SETTLE = 20.0
"""Seconds after a claim in which EC2 may still show a member stopped that has been started."""
CHANGES = 3
"""DNS changes asked about in one turn: the account has five Route 53 calls a second, for everything."""


class Publisher:
    """Publishes the members that are open in a pool."""

    def __init__(self, table: Table, zone: Zone, timings: LeaseTimings) -> None:
        self._table = table
        self._zone = zone
        self._timings = timings

    def unnamed(self, turn: Turn) -> dict[str, Item]:
        """Return the open members that are to be looked at in EC2: leased and started, or held; and not named yet."""
        return {
            name: item
            for name, item in turn.expected(turn.pool.open).items()
            if "change" not in item and (name not in turn.pool.pending or name in turn.started)
        }

    def publish(self, turn: Turn) -> None:
        """Publish the members that run; start again those whose start has come to nothing."""
        unnamed = self.unnamed(turn)
        running = {
            name: machine.address
            for name in unnamed
            if (machine := turn.machines.get(name)) is not None and machine.state == "running" and machine.address
        }
        for batch in batches(running.items(), UPSERT_BATCH):
            change = self._zone.publish([address for _, address in batch])
            for name, address in batch:
                self._write(
                    writes.named(unnamed[name], address, record_name(address, self._zone.zone), change, turn.now)
                )
        failed = [
            name
            for name, item in turn.leased(frozenset(unnamed)).items()
            if name not in running and turn.now - item["claimed_at"] > SETTLE and not self._comes(turn, name)
        ]
        if failed:
            self._table.write(pools.enqueue(turn.pool.name, failed))

    def confirm(self, turn: Turn) -> None:
        """See which changes have reached all name servers, and take their members off the list."""
        expected = turn.expected(turn.pool.open)
        turn.opened |= turn.pool.open - expected.keys()
        turn.opened |= {name for name, item in expected.items() if "published_at" in item}
        by_change: dict[str, list[Item]] = {}
        for item in expected.values():
            if "change" in item and "published_at" not in item:
                by_change.setdefault(item["change"], []).append(item)
        for change in sorted(by_change)[:CHANGES]:
            if self._zone.in_sync(change):
                for item in by_change[change]:
                    if self._write(writes.published(item, self._timings, turn.now)):
                        turn.opened.add(item["instance_id"])

    def _comes(self, turn: Turn, name: str) -> bool:
        machine = turn.machines.get(name)
        return machine is not None and machine.running

    def _write(self, write: writes.Write) -> bool:
        try:
            self._table.write(write)
        except ConditionFailed:
            return False  # the lease has ended or changed: the next turn sees how
        return True
