"""When a member stops itself: a core without clocks or AWS. Inputs and the time go in, effects come out.

    booting ──streamer──▶ waiting ──player──▶ in use ◀──player── grace ──▶ draining ──▶ stopping
                             └────────── nobody came, or the lease is over ────▶┘

Two rules stand above the rest. A member with a lease table stops only after the table has confirmed the drain, a write
that fails when someone else holds a live lease; and a member that nobody uses always ends up stopping, whatever fails.
Where the two meet, a table that never answers, `isolation` decides: a member without players that has been cut off
that long cannot have been handed to anybody.

A member that is held waits for its class: without a lease it looks at the table more often, so that whoever claims it
has it within a second or two, and it does not stop before the hold has passed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING

from pixel.signalling.attempts import Attempts
from pixel.signalling.deadlines import NOBODY_CAME, Deadlines, Instant
from pixel.signalling.lifecycle_effects import (
    AcceptNewcomers,
    Admit,
    CloseAll,
    DeleteRecord,
    Drain,
    Effect,
    Heartbeat,
    Hot,
    ReadLease,
    Ready,
    RefuseNewcomers,
    Remote,
    StopInstance,
)
from pixel.signalling.lifecycle_settings import LifecycleSettings
from pixel.signalling.presence import Presence
from pixel.signalling.remote_attempts import DNS_PATIENCE, RemoteAttempts
from pixel.signalling.tenure import Tenure

if TYPE_CHECKING:
    from pixel.lease.model import Lease

SESSION_ENDED = "the session has ended"

HELD_POLL = 1.0
"""Seconds between two looks while the member is held, and somebody may claim it at any moment."""
CONFIRM = 2.0
"""A reason to stop must hold this long, seen twice, before anything is done about it."""


class State(StrEnum):
    """Where a member is in its life."""

    BOOTING = "booting"
    WAITING = "waiting"
    IN_USE = "in_use"
    GRACE = "grace"
    DRAINING = "draining"
    STOPPING = "stopping"


class Lifecycle:
    """The life of one member between two boots.

    Every input takes the present moment and returns the effects to carry out, in order. A remote effect is asked for
    again, with back-off, until its answer arrives as an input or it has become pointless.

    Args:
        settings: the deadlines.
        now: the moment of the boot.
        leased: whether there is a lease table; without one grace and deadlines alone decide.
        chance: a number in [0, 1), which spreads the retries of many members.
    """

    def __init__(
        self, settings: LifecycleSettings, now: Instant, *, leased: bool, chance: Callable[[], float] = random.random
    ) -> None:
        self._tries = RemoteAttempts(chance)
        self._presence = Presence(now.monotonic)
        self._tenure = Tenure(now.monotonic, leased=leased)
        self._deadlines = Deadlines(settings, self._presence, self._tenure, now.monotonic)

        self._refusing = False
        self._doubt_since: float | None = None
        self._draining = False
        self._stopping_since: float | None = None
        self.reason: str | None = None
        """Why the member stops; None while it does not."""

    @property
    def state(self) -> State:
        """The present state, from what is known now."""
        if self._stopping_since is not None:
            return State.STOPPING
        if self._draining:
            return State.DRAINING
        if self._presence.session_began is not None:
            return State.IN_USE if self._presence.players else State.GRACE
        return State.WAITING if self._presence.streamer_came is not None else State.BOOTING

    @property
    def players(self) -> int:
        """How many players of the present session are connected."""
        return len(self._presence.players)

    # What happens on the server

    def streamer_connected(self, now: Instant) -> list[Effect]:
        """The application has come (the first of several, if there are several)."""
        self._presence.streamer_connected(now.monotonic)
        self._tries.hots.soon(now.monotonic)
        return self.tick(now)

    def streamer_disconnected(self, now: Instant) -> list[Effect]:
        """The application has gone (the last of several)."""
        self._presence.streamer_disconnected(now.monotonic)
        return self.tick(now)

    def player_joined(self, now: Instant, player: str) -> list[Effect]:
        """A player with a valid token has connected."""
        if self._presence.player_joined(now.monotonic, player):
            self._tries.heartbeats.soon(now.monotonic)
        return self.tick(now)

    def player_left(self, now: Instant, player: str) -> list[Effect]:
        """A player has gone. One that belonged to an earlier session counts no longer."""
        if self._presence.player_left(now.monotonic, player):
            self._tries.heartbeats.soon(now.monotonic)
        return self.tick(now)

    def activity(self, now: Instant) -> list[Effect]:
        """Somebody did something: a command was delivered."""
        self._presence.activity(now.monotonic)
        return self.tick(now)

    # What the lease table answers

    def lease_read(self, now: Instant, lease: Lease | None, held_until: float = 0) -> list[Effect]:
        """`ReadLease` was answered; the member is held until the epoch second `held_until`."""
        if held_until != self._tenure.held_until:
            self._tenure.held_until = held_until
            self._tries.hots.soon(now.monotonic)
        self._tries.reads.succeeded(
            now.monotonic, HELD_POLL if self._tenure.waits(now.wall) and lease is None else None
        )
        self._tenure.answered = now.monotonic
        if lease is not None:
            return self._adopt(now, lease) + self.tick(now)
        if self._tenure.live is not None and self._presence.players:
            # It expired while players are here: perhaps heartbeats were lost. The next one tells.
            self._tries.heartbeats.soon(now.monotonic)
            return self.tick(now)
        if self._tenure.waits(now.wall) and not self._draining:
            return self._reopen_the_door() + self.tick(now)
        return self._end_lease(now) + self.tick(now)

    def hot_written(self, now: Instant, *, confirmed: bool) -> list[Effect]:
        """`Hot` was answered; not confirmed: it is not held any more, or somebody has claimed it."""
        self._tries.hots.succeeded(now.monotonic)
        self._tenure.answered = now.monotonic
        if not confirmed:
            self._tries.reads.soon(now.monotonic)
        return self.tick(now)

    def ready_written(self, now: Instant, lease: Lease) -> list[Effect]:
        """`Ready` was answered."""
        self._tries.readies.succeeded(now.monotonic)
        self._tenure.answered = now.monotonic
        return self._adopt(now, lease) + self.tick(now)

    def heartbeat_written(self, now: Instant, lease: Lease) -> list[Effect]:
        """`Heartbeat` was answered."""
        self._tries.heartbeats.succeeded(now.monotonic)
        self._tenure.answered = now.monotonic
        return self._adopt(now, lease) + self.tick(now)

    def lease_lost(self, now: Instant, lease: Lease) -> list[Effect]:
        """`Ready` or `Heartbeat` was answered: this lease has ended."""
        self._tries.readies.succeeded(now.monotonic)
        self._tries.heartbeats.succeeded(now.monotonic)
        self._tenure.answered = now.monotonic
        if lease.generation != self._tenure.generation:
            return self.tick(now)
        self._tries.reads.soon(now.monotonic)
        return self._end_lease(now) + self.tick(now)

    def drained(self, now: Instant, lease: Lease | None, *, confirmed: bool) -> list[Effect]:
        """`Drain` was answered; not confirmed: someone else has a live lease, or the member is held: so it goes on."""
        self._tries.drains.succeeded(now.monotonic)
        self._tenure.answered = now.monotonic
        if not self._draining or (lease is not None and lease.generation != self._tenure.generation):
            return self.tick(now)
        self._draining = False
        if confirmed:
            return self._begin_stop(now) + self.tick(now)
        self.reason = None
        self._doubt_since = None
        self._tries.reads.soon(now.monotonic)
        return self._end_lease(now) + self.tick(now)

    # What the machine answers

    def record_deleted(self, now: Instant) -> list[Effect]:
        """`DeleteRecord` was answered: the record is gone, or was not ours."""
        self._tries.deletions.succeeded(now.monotonic)
        return self.tick(now)

    def stop_accepted(self, now: Instant) -> list[Effect]:
        """`StopInstance` was answered. It is asked for again if the machine still runs after a while."""
        self._tries.stops.succeeded(now.monotonic)
        return self.tick(now)

    def failed(self, now: Instant, effect: Remote) -> list[Effect]:
        """An effect came to nothing: no answer, or a refusal that says nothing about the lease."""
        self._tries.of(effect).failed(now.monotonic)
        return self.tick(now)

    # Time

    def tick(self, now: Instant) -> list[Effect]:
        """Time has passed. Called about once a second, and by every other input."""
        if self._stopping_since is not None:
            return self._stop(now, self._stopping_since)
        effects: list[Effect] = []
        if not self._draining:
            effects += self._doubt(now)
        if self._deadlines.isolated(now, draining=self._draining):
            self.reason = self.reason or "the lease table cannot be reached, and nobody is here"
            effects += self._begin_stop(now)
        if self._stopping_since is not None:
            return effects + self._stop(now, self._stopping_since)
        return effects + (self._talk(now) if self._tenure.leased else [])

    def _doubt(self, now: Instant) -> list[Effect]:
        """Look for a reason to stop, and act on one that is seen twice."""
        reason = self._deadlines.reason_to_stop(now)
        if reason is None:
            self._doubt_since = None
            return []
        if self._doubt_since is None:
            self._doubt_since = now.monotonic
            return []
        if now.monotonic - self._doubt_since < CONFIRM:
            return []
        self.reason = reason
        if not self._tenure.leased:
            return self._begin_stop(now)
        self._draining = True
        self._tries.drains.soon(now.monotonic)
        return self._shut_the_door(now, reason)

    def _talk(self, now: Instant) -> list[Effect]:
        """What to tell and to ask the lease table now."""
        if self._draining:
            return self._ask(now, self._tries.drains, Drain(self._tenure.lease))
        effects = self._ask(now, self._tries.reads, ReadLease())
        lease = self._tenure.live
        if lease is None:
            hot = self._tenure.waits(now.wall) and self._presence.streamer
            return effects + (self._ask(now, self._tries.hots, Hot()) if hot else [])
        if lease.state == "claimed":
            return effects + (self._ask(now, self._tries.readies, Ready(lease)) if self._presence.streamer else [])
        if self._presence.session_began is not None:
            effects += self._ask(now, self._tries.heartbeats, Heartbeat(lease, len(self._presence.players)))
        return effects

    @staticmethod
    def _ask(now: Instant, attempts: Attempts, effect: Effect) -> list[Effect]:
        if not attempts.due(now.monotonic):
            return []
        attempts.begin(now.monotonic)
        return [effect]

    # Leases

    def _adopt(self, now: Instant, lease: Lease) -> list[Effect]:
        """Go on under a lease: the one at hand with new deadlines, or one of a new session."""
        if lease.generation < self._tenure.generation or self._stopping_since is not None:
            return []
        if lease.state == "draining":
            # Written by this member before it was restarted, or by whoever ended the session: it only has to stop.
            self.reason = self.reason or SESSION_ENDED
            return self._begin_stop(now)
        if self._draining:
            return []
        known, same_session = self._tenure.live is not None, lease.generation == self._tenure.generation
        self._tenure.lease = lease
        self._tenure.over = None
        effects: list[Effect] = [] if known and same_session else [Admit(lease)]
        effects += self._reopen_the_door()
        if not same_session:
            self._begin_session(now, lease)
        return effects

    def _begin_session(self, now: Instant, lease: Lease) -> None:
        # A session already in use means that this service was restarted under it: its players have the grace to return.
        self._presence.new_session(now.monotonic, in_use=lease.state == "in_use")
        self._doubt_since = None
        self._tries.readies.soon(now.monotonic)
        self._tries.heartbeats.soon(now.monotonic)

    def _end_lease(self, now: Instant) -> list[Effect]:
        if self._tenure.live is None:
            return []
        self._tenure.over = NOBODY_CAME if self._deadlines.overdue(now) else SESSION_ENDED
        return [Admit(None)]

    # The end

    def _reopen_the_door(self) -> list[Effect]:
        if not self._refusing:
            return []
        self._refusing = False
        return [AcceptNewcomers()]

    def _shut_the_door(self, now: Instant, reason: str) -> list[Effect]:
        self._refusing = True
        self._presence.everybody_out(now.monotonic)
        return [RefuseNewcomers(reason), CloseAll(reason)]

    def _begin_stop(self, now: Instant) -> list[Effect]:
        self._draining = False
        self._stopping_since = now.monotonic
        return [] if self._refusing else self._shut_the_door(now, self.reason or "the machine stops")

    def _stop(self, now: Instant, since: float) -> list[Effect]:
        """Delete the record, then stop: in this order while the record can be deleted, at all events after a while."""
        effects = self._ask(now, self._tries.deletions, DeleteRecord())
        if self._tries.deletions.answered or now.monotonic - since >= DNS_PATIENCE:
            effects += self._ask(now, self._tries.stops, StopInstance())
        return effects
