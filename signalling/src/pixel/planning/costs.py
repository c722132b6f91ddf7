"""What a pool costs in a month, by the way it is kept. Pure; dollars in, dollars out.

An instance is billed while it runs: from its start to its stop, also while Windows boots and while it waits for
somebody to come back. Stopped, it costs its volume, and no address: one from AWS's pool is given up at every stop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pixel.planning.prices import Prices

MONTH_HOURS = 730.0
"""Hours of a month, as AWS's own calculator takes them: 365 * 24 / 12."""
WEEKS = 365 / 12 / 7
"""Weeks of a month."""

POLL_SECONDS = 2.0
"""Seconds between a caller's questions while its member starts (`poll_after`)."""
RUN_SECONDS = 0.3
RUN_GB = 0.5
"""A run of the wake function: assumed mean duration, and its memory."""
WAKE_WRITES, WAKE_READS = 16.0, 14.0
"""Writes and reads of the lease table for one session, from the claim to the freed member; transactions count twice."""
HEARTBEATS_HOUR = 240.0
"""Heartbeats of a member with players: one in fifteen seconds."""
ROUND_READS = 10.0
"""Reads of one round of the reconciler, beside those of the records of use that its scan reads past."""
RECORD_BYTES = 80.0
RECORDS_MONTHS = 400 * 24 / MONTH_HOURS
READ_BYTES = 4096.0
"""Size of a session's record, with its part of its item; how long it is kept; what one read reads."""
SECRETS, ALARMS = 2.0, 4.0


@dataclass(frozen=True)
class Machine:
    """What a member is, and what it sends."""

    instance_type: str
    volume_gb: float
    mbit: float
    """Megabits a second that a player is sent, on average."""


@dataclass(frozen=True)
class Month:
    """A pool's month: its members, its sessions, and their minutes.

    Attributes:
        members: members of the pool.
        sessions: sessions in the month.
        minutes: mean minutes that a session is used.
        boot: billed minutes from the start until it can be used.
        grace: billed minutes after the last player has left.
        snapshot_gb: GB that the snapshots of the kept images hold.
    """

    members: int
    sessions: float
    minutes: float
    boot: float
    grace: float
    snapshot_gb: float

    @property
    def session_hours(self) -> float:
        """Billed hours of all sessions."""
        return self.sessions * (self.boot + self.minutes + self.grace) / 60

    def gigabytes(self, mbit: float) -> float:
        """GB sent to players: 1 Mbit/s is 0.45 GB an hour."""
        return self.sessions * self.minutes / 60 * mbit * 0.45


@dataclass(frozen=True)
class Cost:
    """Dollars a month, by what they are for."""

    parts: Mapping[str, float]

    @property
    def total(self) -> float:
        """All of it."""
        return sum(self.parts.values())


def ways(month: Month, machine: Machine, prices: Prices, spares: int, spare_hours: float) -> dict[str, Cost]:
    """Return the month's cost by the way the pool is kept.

    Args:
        month: the pool and its use.
        machine: what its members are.
        prices: what AWS charges.
        spares: hot spares, which run for nobody so that the next person need not wait.
        spare_hours: hours a week in which the spares are kept hot in the last way.
    """
    always = month.members * MONTH_HOURS
    stopped = min(month.session_hours, always)
    spare = min(spares, month.members)
    kept = {
        "always on": (always, always),
        "stopped pool": (stopped, stopped),
        "stopped pool, elastic addresses": (stopped, always),
    }
    if spare:
        all_day = min(stopped + spare * MONTH_HOURS, always)
        in_hours = min(stopped + spare * spare_hours * WEEKS, always)
        kept[f"stopped pool, {spare} hot all day"] = (all_day, all_day)
        kept[f"stopped pool, {spare} hot {spare_hours:g} h a week"] = (in_hours, in_hours)
    return {
        name: Cost(
            {
                "instances": running * prices.hour(machine.instance_type),
                "volumes": month.members * machine.volume_gb * prices.of("gp3_gb_month"),
                "snapshots": month.snapshot_gb * prices.of("snapshot_gb_month"),
                "addresses": addresses * prices.of("public_ipv4_hour"),
                "egress": prices.egress_usd(month.gigabytes(machine.mbit)),
                "control": control(month, prices).total,
            }
        )
        for name, (running, addresses) in kept.items()
    }


def control(month: Month, prices: Prices) -> Cost:
    """Return the month's cost of what wakes and watches the pool: zone, API, function, table, secrets, alarms."""
    calls = month.sessions * (2 + month.boot * 60 / POLL_SECONDS)
    rounds = MONTH_HOURS * 60
    runs = calls + rounds + 2 * month.sessions
    writes = month.sessions * (WAKE_WRITES + month.minutes / 60 * HEARTBEATS_HOUR)
    scanned = month.sessions * RECORDS_MONTHS * RECORD_BYTES / READ_BYTES
    reads = month.sessions * WAKE_READS + 3 * calls + (ROUND_READS + scanned) * rounds
    return Cost(
        {
            "zone": prices.of("zone_month"),
            "api": calls * prices.of("api_request"),
            "function": runs * (prices.of("lambda_request") + RUN_SECONDS * RUN_GB * prices.of("lambda_gb_second")),
            "table": writes * prices.of("table_write") + reads * prices.of("table_read"),
            "secrets": SECRETS * prices.of("secret_month"),
            "alarms": ALARMS * prices.of("alarm_month"),
        }
    )
