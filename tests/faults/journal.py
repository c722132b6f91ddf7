"""Watches every write to the lease table and every stop, while they happen, for what must never be."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.ec2.models import ec2_backends

from pixel.sandbox.moto_app import ACCOUNT
from pixel.sandbox.seed import LEASE_TABLE, REGION

from .stage import Actor, Stage

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
        skew: seconds by which clocks may differ: a lease that ends within it is over on somebody's clock.
        bound: seconds that a member may run without a lease, when nothing disturbs.
    """

    def __init__(self, stage: Stage, skew: float, bound: float, disturbed_at: Callable[[], float]) -> None:
        self._stage = stage
        self._skew = skew
        self._bound = bound
        self._disturbed_at = disturbed_at
        self._alone_since: dict[str, float] = {}
        self._reported: set[str] = set()
        self.violations: list[str] = []
        self.counts: Counter[str] = Counter()
        self.longest_alone = 0.0

    def watch(self, actor: Actor | None, action: str, body: bytes) -> Callable[[], None]:
        """A call is about to be carried out; what is returned compares when it has been."""
        if action in STOPS and actor is not None and not actor.outsider:
            self.stopping(actor, action, _INSTANCE.findall(body.decode()))
        if action not in WRITES:
            return lambda: None
        before = members_in_table()

        def compare() -> None:
            after = members_in_table()
            for member in before.keys() | after.keys():
                if before.get(member) != after.get(member):
                    self._changed(member, before.get(member), after.get(member), actor, action)

        return compare

    def _changed(self, member: str, old: Held | None, new: Held | None, actor: Actor | None, action: str) -> None:
        who = actor.name if actor else "nobody"
        if old is not None and self.lives(old) and (new is None or new.session != old.session):
            taken = "gone" if new is None else f"of {new.session}"
            self.wrong(f"{who}'s {action} took {member} from session {old.session}, whose lease lives: it is {taken}")
        if old is not None and new is not None:
            if new.generation < old.generation:
                self.wrong(f"{who}'s {action} set {member} back from generation {old.generation} to {new.generation}")
            if new.session != old.session and new.session and new.generation != old.generation + 1:
                self.wrong(f"{who}'s {action}: {member} changed its session without a new generation")
        if new is not None and new.session and (old is None or old.session != new.session):
            self.counts["claims"] += 1

    def lives(self, held: Held) -> bool:
        """Whether a lease lives on everybody's clock."""
        return held.session is not None and held.lease_until > self._stage.now + self._skew

    def stopping(self, actor: Actor | None, action: str, ids: list[str]) -> None:
        """Somebody stops or terminates instances."""
        table = members_in_table()
        running = {one: state for one, state, _ in instances() if state in ("pending", "running")}
        for member in ids:
            held = table.get(member)
            if held is None or not self.lives(held):
                continue
            if member in running or action == "TerminateInstances":
                who = actor.name if actor else "nobody"
                self.wrong(f"{who}'s {action} hits {member}, which session {held.session} holds ({held.state})")

    def look(self) -> None:
        """Look whether somebody runs without a lease for too long."""
        table, now = members_in_table(), self._stage.now
        alone = set()
        for member, state, tags in instances():
            held = table.get(member)
            used = held is not None and ((held.session and held.lease_until > now) or held.hold_until > now)
            if state in ("pending", "running") and "pixel:pool" in tags and not used:
                alone.add(member)
        self._alone_since = {one: self._alone_since.get(one, now) for one in alone}
        for member, since in self._alone_since.items():
            for_seconds = now - max(since, self._disturbed_at())
            self.longest_alone = max(self.longest_alone, for_seconds)
            if for_seconds > self._bound and member not in self._reported:
                self._reported.add(member)
                held = table.get(member)
                self.wrong(f"{member} runs for {for_seconds:.0f} s without a lease ({held}): the bound is {self._bound}")

    def wrong(self, what: str) -> None:
        """Take something down."""
        self._stage.note(f"VIOLATION: {what}")
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
