"""When a member stops itself, and what it needs to do so: the settings of the lifecycle."""

from __future__ import annotations

import math
from dataclasses import dataclass

NEVER = "never"

_DURATIONS = ("start", "first_connection", "grace", "idle", "session_cap", "unleased", "isolation")


def duration(setting: str, value: float | str) -> float:
    """Return seconds; `math.inf` for "never".

    Zero is refused: it reads as "at once" to some and as "never" to others, and either guess costs someone a session or
    a month of a running machine.

    Raises:
        ValueError: names the setting, the value and the mend.
    """
    if value == NEVER:
        return math.inf
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = math.nan
    if not seconds > 0:
        raise ValueError(f'{setting} is {value!r}: give a number of seconds above 0, or "{NEVER}"')
    return seconds


@dataclass(frozen=True, kw_only=True)
class LifecycleSettings:
    """Settings of the self-stop. Durations are in seconds; "never" (or `math.inf`) switches one off.

    Attributes:
        enabled: whether this machine is a member that stops itself. Off, so that a run in the foreground on somebody's
            own computer never powers it off.
        start: how long the streamer may be away, at boot or after a crash.
        first_connection: from the streamer's arrival to the first player. Under a lease the member writes it at ready,
            as `connect_until`.
        grace: from the last player's leaving to the end. Epic's page reconnects three times, two seconds apart, and a
            reload takes longer: below 30 s it ends sessions that people still use.
        idle: players are connected and nothing has been heard from them (commands; what is typed into the video
            travels past this service). The page's own AFK detection is the better guard: it closes the connection.
        session_cap: a session's length, however busy. Under a lease, its `cap_until` decides.
        unleased: how long a member runs without a lease, when there is a lease table; one that is held for a class runs
            until its hold has passed.
        isolation: how long a member without players goes on while the lease table does not answer.
        lease_table: the DynamoDB table of leases; empty: grace and deadlines alone decide.
        zone: the hosted zone's domain, of which `drone-<address>` is this member's name; empty: it has no name.
        zone_id: the hosted zone's id.
        shutdown_command: what powers this machine off when EC2 does not stop it; empty: the operating system's own.
    """

    enabled: bool = False
    start: float = 600.0
    first_connection: float = 300.0
    grace: float = 120.0
    idle: float = math.inf
    session_cap: float = 12 * 3600.0
    unleased: float = 300.0
    isolation: float = 1800.0
    lease_table: str = ""
    zone: str = ""
    zone_id: str = ""
    shutdown_command: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in _DURATIONS:
            object.__setattr__(self, name, duration(f"lifecycle.{name}", getattr(self, name)))
        if bool(self.zone) != bool(self.zone_id):
            empty = "zone_id" if self.zone else "zone"
            raise ValueError(
                f"lifecycle.{empty} is empty: lifecycle.zone and lifecycle.zone_id together tell a member its own DNS "
                "record; set both, or neither"
            )
