"""When each remote effect of a lifecycle is asked for, and asked for again."""

from __future__ import annotations

from collections.abc import Callable

from pixel.signalling.attempts import Attempts
from pixel.signalling.lifecycle_effects import (
    DeleteRecord,
    Drain,
    Heartbeat,
    Hot,
    ReadLease,
    Ready,
    Remote,
    StopInstance,
)

POLL = 10.0
"""Seconds between two looks at the lease table."""
HEARTBEAT = 15.0
"""Seconds between two heartbeats: a lease outlives several lost ones (`LeaseTimings.heartbeat`)."""
DNS_PATIENCE = 15.0
"""How long the stop waits for the deletion of the DNS record."""
STOP_AGAIN = 60.0
"""A machine that still runs this long after an accepted stop request is asked to stop again."""


class RemoteAttempts:
    """The attempts at each remote effect of one member; `chance` spreads the retries of many."""

    def __init__(self, chance: Callable[[], float]) -> None:
        self.reads = Attempts(POLL, chance=chance)
        self.hots = Attempts(chance=chance)
        self.readies = Attempts(chance=chance)
        self.heartbeats = Attempts(HEARTBEAT, chance=chance)
        self.drains = Attempts(chance=chance)
        self.deletions = Attempts(limit=DNS_PATIENCE, chance=chance)
        self.stops = Attempts(STOP_AGAIN, chance=chance)

    def of(self, effect: Remote) -> Attempts:
        """Return the attempts at an effect."""
        match effect:
            case ReadLease():
                return self.reads
            case Hot():
                return self.hots
            case Ready():
                return self.readies
            case Heartbeat():
                return self.heartbeats
            case Drain():
                return self.drains
            case DeleteRecord():
                return self.deletions
            case StopInstance():
                return self.stops
