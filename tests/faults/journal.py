"""Watches every write to the lease table and every stop, while they happen, for what must never be."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.ec2.models import ec2_backends

from pixel.sandbox.calls import Call
from pixel.sandbox.moto_app import ACCOUNT
from pixel.sandbox.seed import LEASE_TABLE, REGION

WRITES = ("UpdateItem", "TransactWriteItems", "DeleteItem", "PutItem", "BatchWriteItem")
STOPS = ("StopInstances", "TerminateInstances")
_INSTANCE = re.compile(r"i-[0-9a-f]{17}")


@dataclass(frozen=True)
class Held:
    """What a member's item says of its lease."""

    session: str | None
    generation: int
    state: str
    lease_until: float
    hold_until: float
    reason: str | None


def members_in_table() -> dict[str, Held]:
    """Return the members' items, straight from the table."""
    table = dynamodb_backends[ACCOUNT][REGION].tables[LEASE_TABLE]
    return {key.value: _held(item.attrs) for key, item in table.items.items() if key.value.startswith("i-")}


def items_in_table(prefix: str) -> dict[str, dict[str, Any]]:
    """Return the items whose keys begin so, with their plain values."""
    table = dynamodb_backends[ACCOUNT][REGION].tables[LEASE_TABLE]
    return {
        key.value: {name: value.cast_value for name, value in item.attrs.items()}
        for key, item in table.items.items()
        if key.value.startswith(prefix)
    }


def _held(attributes: dict[str, Any]) -> Held:
    def value(name: str, default: Any) -> Any:
        return attributes[name].cast_value if name in attributes else default

    return Held(
        session=value("session", None),
        generation=int(value("generation", 0)),
        state=str(value("state", "free")),
        lease_until=float(value("lease_until", 0)),
        hold_until=float(value("hold_until", 0)),
        reason=value("end_reason", None),
    )


class Journal:
    """Takes down what must never be.

    Args:
        now: the time, in seconds since the epoch.
        note: writes a line into the log of the schedule.
        skew: seconds by which clocks may differ: a lease that ends within it is over on somebody's clock.
        bound: seconds that a member may run without a lease, when nothing disturbs.
        disturbed_at: when something last did.
    """

    def __init__(
        self,
        now: Callable[[], float],
        note: Callable[[str], None],
        skew: float,
        bound: float,
        disturbed_at: Callable[[], float],
    ) -> None:
        self._now = now
        self._note = note
        self._skew = skew
        self._bound = bound
        self._disturbed_at = disturbed_at
        self._alone_since: dict[str, float] = {}
        self._reported: set[str] = set()
        self.excused: set[str] = set()
        """Instances that somebody stops who heeds no lease, as an operator in AWS's console."""
        self.violations: list[str] = []
        self.longest_alone = 0.0

    def witness(self, call: Call) -> Callable[[], None]:
        """A call is about to be carried out; what is returned compares when it has been."""
        if call.service == "ec2" and call.action in STOPS:
            self.stopping(call.action, _INSTANCE.findall(call.body.decode()))
        if call.service != "dynamodb" or call.action not in WRITES:
            return lambda: None
        before = members_in_table()

        def compare() -> None:
            after = members_in_table()
            for member in before.keys() | after.keys():
                if before.get(member) != after.get(member):
                    self._changed(member, before.get(member), after, call.action)

        return compare

    def _changed(self, member: str, old: Held | None, table: dict[str, Held], action: str) -> None:
        new = table.get(member)
        if old is not None and self.lives(old) and (new is None or new.session != old.session):
            taken = "gone" if new is None else f"of {new.session}"
            self.wrong(f"{action} took {member} from session {old.session}, whose lease lives: it is {taken}")
        if new is None or not new.session:
            return
        if old is not None and new.generation < old.generation:
            self.wrong(f"{action} set {member} back from generation {old.generation} to {new.generation}")
        if old is not None and new.session != old.session and new.generation != old.generation + 1:
            self.wrong(f"{action}: {member} changed its session, and not by one generation")
        others = [one for one, held in table.items() if one != member and held.session == new.session]
        if self.lives(new) and any(self.lives(table[one]) for one in others):
            self.wrong(f"{action} gave session {new.session} {member} besides {others}")

    def lives(self, held: Held) -> bool:
        """Whether a lease lives on everybody's clock."""
        return held.session is not None and held.lease_until > self._now() + self._skew

    def stopping(self, action: str, ids: list[str]) -> None:
        """Somebody stops or terminates instances."""
        table = members_in_table()
        running = {one for one, state, _ in instances() if state in ("pending", "running")}
        for member in set(ids) - self.excused:
            held = table.get(member)
            if held is not None and self.lives(held) and (member in running or action == "TerminateInstances"):
                self.wrong(f"{action} hits {member}, which session {held.session} holds ({held.state})")

    def look(self) -> None:
        """Look whether somebody runs without a lease for too long."""
        table, now = members_in_table(), self._now()
        alone = set()
        for member, state, tags in instances():
            held = table.get(member)
            used = held is not None and ((held.session and held.lease_until > now) or held.hold_until > now)
            if state in ("pending", "running") and "pixel:pool" in tags and not used:
                alone.add(member)
        self._alone_since = {one: self._alone_since.get(one, now) for one in alone}
        for member, since in self._alone_since.items():
            seconds = now - max(since, self._disturbed_at())
            self.longest_alone = max(self.longest_alone, seconds)
            if seconds > self._bound and member not in self._reported:
                self._reported.add(member)
                self.wrong(
                    f"{member} runs for {seconds:.0f} s without a lease ({table.get(member)}): {self._bound} is most"
                )

    def wrong(self, what: str) -> None:
        """Take something down, once."""
        if what not in self.violations:
            self._note(f"VIOLATION: {what}")
            self.violations.append(what)


def instances() -> list[tuple[str, str, dict[str, str]]]:
    """Return every instance that is not gone: id, state and tags, straight from EC2's storage."""
    backend = ec2_backends[ACCOUNT][REGION]
    return [
        (one.id, one.state, dict(backend.tags.get(one.id, {})))
        for reservation in list(backend.reservations.values())
        for one in reservation.instances
        if one.state != "terminated"
    ]
