"""Which of a member's deadlines has passed. This only looks; what is then done about it is in `lifecycle`."""

from __future__ import annotations

from typing import NamedTuple

from pixel.signalling.lifecycle_settings import LifecycleSettings
from pixel.signalling.presence import Presence
from pixel.signalling.tenure import Tenure

NOBODY_CAME = "nobody has connected"


class Instant(NamedTuple):
    """A moment on two clocks: durations are measured on the one that nobody sets, lease deadlines are on the other."""

    monotonic: float
    wall: float


class Deadlines:
    """The deadlines of one member, given who is here and whose it is.

    Under a lease its own deadlines take the place of the session's in the settings.
    """

    def __init__(self, settings: LifecycleSettings, presence: Presence, tenure: Tenure, booted: float) -> None:
        self._settings = settings
        self._presence = presence
        self._tenure = tenure
        self._booted = booted

    def reason_to_stop(self, now: Instant) -> str | None:
        """Return why nobody needs this member any more; None: somebody does, or may yet."""
        tenure = self._tenure
        if tenure.over is not None:
            return tenure.over
        if tenure.leased and tenure.lease is None:
            unclaimed = now.monotonic - self._booted >= self._settings.unleased and not tenure.waits(now.wall)
            return "no session has claimed this machine" if unclaimed else None
        if self._capped(now):
            return "the session has reached its longest duration"
        return self._deserted(now.monotonic) or (NOBODY_CAME if self.overdue(now) else None)

    def _capped(self, now: Instant) -> bool:
        if self._tenure.lease is not None:
            return now.wall >= self._tenure.lease.cap_until
        began = self._presence.session_began
        return began is not None and now.monotonic - began >= self._settings.session_cap

    def _deserted(self, now: float) -> str | None:
        """Look at the deadlines that are the same with and without a lease."""
        presence, settings = self._presence, self._settings
        if presence.session_began is not None and not presence.players and now - presence.emptied >= settings.grace:
            return "everybody has left"
        if not presence.streamer and now - presence.streamer_changed >= settings.start:
            return "the application has not come, or not come back"
        if presence.players and now - presence.active >= settings.idle:
            return "the session has been idle"
        return None

    def overdue(self, now: Instant) -> bool:
        """Whether the first player is overdue.

        Without a lease counted from the streamer's first arrival: one that keeps crashing does not keep the machine up.
        """
        if self._presence.session_began is not None:
            return False
        if self._tenure.lease is not None:
            until = self._tenure.lease.connect_until
            return until is not None and now.wall >= until
        came = self._presence.streamer_came
        return came is not None and now.monotonic - came >= self._settings.first_connection

    def isolated(self, now: Instant, *, draining: bool) -> bool:
        """Whether the table has been out of reach for so long that the member stops without it."""
        presence, tenure = self._presence, self._tenure
        if not tenure.leased or tenure.waits(now.wall) or (presence.players and not draining):
            return False
        return now.monotonic - max(tenure.answered, presence.emptied) >= self._settings.isolation
