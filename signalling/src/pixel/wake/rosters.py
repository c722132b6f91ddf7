"""Which members a pool has: a copy in the lease table of what EC2 says, so that a class waking at once asks EC2 once.

The item (key `roster#<pool>`, the members in one string of JSON) may be a minute old. That is safe: only the member's
own item decides about a claim, and a member that is gone is found when it is started.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pixel.lease.table import ConditionFailed, Table
from pixel.lease.writes import Write
from pixel.wake.aws import Ec2, Machine
from pixel.wake.candidates import Candidate

PREFIX = "roster#"
EMPTY_FOR = 5.0
"""Seconds for which a pool without members, or without free ones, is believed to have none."""
REFRESH = 5.0
"""Seconds that one invocation may take to ask EC2 before another does."""


def roster_key(pool: str) -> str:
    """Return the key of a pool's roster."""
    return PREFIX + pool


def roster_write(pool: str, machines: Iterable[Machine], now: float) -> Write:
    """Store a pool's roster: those that may be claimed.

    A canary may not before it has passed, nor a new member before its first boot is over.
    """
    members = [
        (machine.instance_id, machine.az, machine.release, machine.state)
        for machine in machines
        if not (machine.gone or machine.on_trial or machine.on_first_boot)
    ]
    return Write(
        key=roster_key(pool),
        set={"members": json.dumps(members, separators=(",", ":")), "refreshed_at": now},
        remove=("refreshing_until",),
    )


def parse_roster(item: Mapping[str, Any] | None) -> list[Candidate]:
    """Return the members in a roster's item."""
    return [Candidate(*member) for member in json.loads((item or {}).get("members", "[]"))]


class Rosters:
    """The pools' rosters, refreshed from EC2 when they are old."""

    def __init__(
        self,
        table: Table,
        ec2: Ec2,
        max_age: float,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._table = table
        self._ec2 = ec2
        self._max_age = max_age
        self._clock = clock
        self._sleep = sleep

    def members(self, pool: str, item: Mapping[str, Any] | None, max_age: float | None = None) -> list[Candidate]:
        """Return a pool's members, given its roster's item as it was read last.

        `max_age`, in seconds, asks for a newer roster than is good enough otherwise.

        Raises:
            Refused: EC2 had to be asked, and throttled the call.
        """
        if self.fresh(item, max_age):
            return parse_roster(item)
        now = self._clock()
        try:
            self._table.write(
                Write(
                    key=roster_key(pool),
                    set={"refreshing_until": now + REFRESH},
                    condition="attribute_not_exists(#refreshing_until) OR #refreshing_until <= :now",
                    values={":now": now},
                )
            )
        except ConditionFailed:
            known = parse_roster(item) or self._await_refresh(pool)
            if known:
                return known
        return self.refresh(pool)

    def refresh(self, pool: str) -> list[Candidate]:
        """Ask EC2 for a pool's members, and store them."""
        machines = self._ec2.pool(pool)
        return parse_roster(self._table.write(roster_write(pool, machines, self._clock())))

    def fresh(self, item: Mapping[str, Any] | None, max_age: float | None = None) -> bool:
        """Tell whether a roster's item is new enough: not older than `max_age` seconds, or good enough for a claim."""
        if item is None or "refreshed_at" not in item:
            return False
        if max_age is None:
            max_age = self._max_age if parse_roster(item) else EMPTY_FOR
        return self._clock() - float(item["refreshed_at"]) <= max_age

    def _await_refresh(self, pool: str) -> list[Candidate]:
        """Return the roster that another invocation is fetching; none if it does not come in time."""
        pause = 0.05
        until = self._clock() + REFRESH / 2
        while self._clock() < until:
            self._sleep(pause)
            pause = min(2 * pause, 0.4)
            item = self._table.get(roster_key(pool))
            if self.fresh(item):
                return parse_roster(item)
        return []
