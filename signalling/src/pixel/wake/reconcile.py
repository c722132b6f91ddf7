"""The reconciler: looks at everything there is, has `repairs` decide, and does it. Run by a schedule."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aws_lambda_powertools import Logger

from pixel.lease import usage, writes
from pixel.lease.model import Item, is_live, is_waiting
from pixel.lease.table import ConditionFailed, Table
from pixel.lease.usage import LeakKind
from pixel.lease.writes import Write
from pixel.wake import pools, sessions
from pixel.wake.aws import UNANSWERED, UPSERT_BATCH, Ec2, Machine, Record, Refused, Zone, batches
from pixel.wake.drive import Driver
from pixel.wake.endings import Endings
from pixel.wake.pools import Pool
from pixel.wake.repairs import Repairs, plan
from pixel.wake.rosters import roster_write
from pixel.wake.sessions import Session
from pixel.wake.settings import Settings

SUSPECTS_KEY = "suspects#records"
"""The item that remembers which records nothing had at the last look."""

logger = Logger(child=True)


class Reconciler:
    """Repairs what crashed invocations, silent members and outsiders have left behind. Every repair may be repeated."""

    def __init__(
        self,
        table: Table,
        ec2: Ec2,
        zone: Zone,
        driver: Driver,
        endings: Endings,
        settings: Settings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._table = table
        self._ec2 = ec2
        self._zone = zone
        self._driver = driver
        self._endings = endings
        self._settings = settings
        self._clock = clock

    def run(self) -> dict[str, int]:
        """Look at everything, repair, and drive every pool; return how many of what there was and was repaired."""
        machines = {machine.instance_id: machine for machine in self._ec2.pools()}
        items = self._table.scan(without=usage.PREFIX)
        now = self._clock()
        members = {name: item for name, item in items.items() if "#" not in name}
        by_pool = {
            name.removeprefix(pools.PREFIX): Pool.parse(name.removeprefix(pools.PREFIX), item)
            for name, item in items.items()
            if name.startswith(pools.PREFIX)
        }
        suspects = items.get(SUSPECTS_KEY, {}).get("records", {})
        repairs = plan(machines, members, self._names(), suspects, by_pool, self._settings, now)
        counts = self._carry_out(repairs, machines)
        counts["sessions_ended"] = self._end_sessions(items)
        for pool in {machine.pool for machine in machines.values()} | by_pool.keys():
            self._table.write(roster_write(pool, (m for m in machines.values() if m.pool == pool), now))
            self._driver.visit(pool, 0)
        return counts | {
            "running": sum(machine.running for machine in machines.values()),
            "leased": sum(is_live(item, now) for item in members.values()),
            "held": sum(is_waiting(item, now) for item in members.values()),
        }

    def _names(self) -> list[Record] | None:
        """Return the members' records; None when Route 53 cannot be asked: machines are looked after all the same."""
        try:
            return self._zone.records()
        except UNANSWERED as error:
            logger.warning("records wait for the next run", reason=str(error))
            return None

    def _carry_out(self, repairs: Repairs, machines: Mapping[str, Machine]) -> dict[str, int]:
        now = self._clock()
        for item, what in repairs.doubt:
            self._write(writes.doubt(item, what, now))
        for item in repairs.trust:
            self._write(writes.trust(item))
        for item in repairs.republish:
            self._write(writes.unpublished(item, now))
        self._ask(pools.hold, repairs.hold)
        self._ask(pools.unhold, repairs.unhold)
        self._ask(pools.enqueue, repairs.start)
        self._ask(pools.watch, [*repairs.republish, *repairs.watch])
        leaks: list[tuple[Item, LeakKind, float]] = [
            (item, "stuck", float(item["drained_at"])) for item in repairs.stop
        ]
        for item, reason in repairs.reap:
            if self._write(writes.reap(item, reason, now)):
                self._endings.end(Session.on(item), reason)
                leaks.append((item, "expired", now))
        leaks += [(item, "unleased", now) for item in repairs.take if self._write(writes.take(item, now))]
        stopping = [item for item, _, _ in leaks]
        self._stop(stopping, machines)
        for item, kind, drained_at in leaks:
            self._write(usage.leaked(item, kind, drained_at))
        ended = [item for item in repairs.end if self._end(item, gone=item["instance_id"] not in machines)]
        self._free(repairs)
        self._records(repairs)
        return {
            "doubted": len(repairs.doubt),
            "stopped": len(stopping),
            "lost_members": len(ended),
            "freed": len(repairs.free) + len(repairs.forget),
            "records_withdrawn": len(repairs.withdraw),
        }

    def _stop(self, members: Iterable[Item], machines: Mapping[str, Machine]) -> None:
        """Stop drained members. One that is still starting cannot be stopped yet: the next run does it."""
        drained = list(members)
        self._ask(pools.close, drained)
        ids = [item["instance_id"] for item in drained if machines[item["instance_id"]].state == "running"]
        if not ids:
            return
        try:
            self._ec2.stop(ids)
        except Refused as refused:
            if refused.why != "state" or len(ids) == 1:
                logger.warning("members could not be stopped; the next run does it", members=ids, reason=str(refused))
                return
            for name in ids:
                self._stop_one(name)

    def _stop_one(self, name: str) -> None:
        try:
            self._ec2.stop([name])
        except Refused as refused:
            logger.warning("a member could not be stopped; the next run does it", member=name, reason=str(refused))

    def _end(self, member: Item, *, gone: bool) -> bool:
        """End a live lease whose machine has stopped, and free the member."""
        write = writes.end(
            member["instance_id"], member["session"], member["generation"], "member_stopped", self._clock()
        )
        try:
            self._endings.free(self._table.write(write), gone=gone)
        except ConditionFailed:
            return False
        return True

    def _free(self, repairs: Repairs) -> None:
        stopped = [*repairs.free, *repairs.forget]
        addresses = {item["address"] for item in stopped if "address" in item}
        if addresses:
            try:
                self._endings.withdraw(addresses)
            except Refused as refused:
                logger.warning("stale records wait for the next run", reason=str(refused))
                return
        for item in repairs.free:
            self._endings.free(item, gone=False)
        for item in repairs.forget:
            self._endings.free(item, gone=True)

    def _records(self, repairs: Repairs) -> None:
        """Delete the records that nothing has had twice, and remember those that nothing has now."""
        remembered = dict(repairs.suspect_records)
        try:
            for batch in batches(repairs.withdraw, UPSERT_BATCH):
                held = self._ec2.holders(record.address for record in batch)
                self._zone.withdraw([record for record in batch if record.address not in held])
                for record in batch:
                    del remembered[record.name]
        except UNANSWERED as error:
            logger.warning("stale records wait for the next run", reason=str(error))
        self._write(Write(key=SUSPECTS_KEY, set={"records": remembered}))

    def _end_sessions(self, items: Mapping[str, Mapping[str, Any]]) -> int:
        """End the sessions whose members no longer hold them, and count no session that has ended.

        Members are read again: a scan is no snapshot, and may hold a session that is newer than its member's item.
        """
        known = {
            item["session"]: Session.parse(item) for name, item in items.items() if name.startswith(sessions.PREFIX)
        }
        opened = [session for session in known.values() if session.state == "open"]
        members = self._table.get_many(session.member for session in opened)
        now = self._clock()
        ended = 0
        for session in opened:
            progress = sessions.progress(session, members.get(session.member), Pool(session.pool), now)
            if progress.state == "ended" and progress.reason is not None:
                self._endings.end(session, progress.reason)
                ended += 1
        for name, item in items.items():
            if name.startswith(sessions.OWNER_PREFIX):
                self._forget(name.removeprefix(sessions.OWNER_PREFIX), item, known, now)
        return ended

    def _forget(self, owner: str, item: Item, known: Mapping[str, Session], now: float) -> None:
        for session, at in sessions.reserved(item).items():
            found = known.get(session)
            if (found is None and now - at > sessions.ABANDONED) or (found is not None and found.state == "ended"):
                self._write(sessions.release(session, owner))

    def _ask(self, what: Callable[[str, Iterable[str]], Write], members: Iterable[Item]) -> None:
        by_pool: dict[str, list[str]] = {}
        for item in members:
            by_pool.setdefault(item["pool"], []).append(item["instance_id"])
        for pool, ids in by_pool.items():
            self._write(what(pool, ids))

    def _write(self, write: Write) -> bool:
        try:
            self._table.write(write)
        except ConditionFailed:
            return False  # it has changed since it was looked at: the next run looks again
        return True
