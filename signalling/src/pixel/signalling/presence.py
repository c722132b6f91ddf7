"""Who is here, and since when: the streamer, and the players of the present session."""

from __future__ import annotations

from pixel.signalling.lifecycle_settings import LifecycleSettings


class Presence:
    """Arrivals and departures on one member. Times are seconds on a monotonic clock."""

    def __init__(self, now: float) -> None:
        self.streamer = False
        self.players: set[str] = set()
        self.session_began: float | None = None
        """When the session's first player came."""
        self.emptied = now
        """Since when there have been no players, when there are none."""
        self._streamer_changed = now
        self._streamer_came: float | None = None
        self._active = now

    @property
    def application_came(self) -> bool:
        """Whether the streamer has ever been here."""
        return self._streamer_came is not None

    def streamer_connected(self, now: float) -> None:
        """The application has come."""
        if not self.streamer:
            self.streamer = True
            self._streamer_changed = now
        if self._streamer_came is None:
            self._streamer_came = now

    def streamer_disconnected(self, now: float) -> None:
        """The application has gone."""
        if self.streamer:
            self.streamer = False
            self._streamer_changed = now

    def player_joined(self, now: float, player: str) -> bool:
        """A player has come. Return whether it is the only one."""
        self.players.add(player)
        self._active = now
        if self.session_began is None:
            self.session_began = now
        return len(self.players) == 1

    def player_left(self, now: float, player: str) -> bool:
        """A player has gone. Return whether it was the last; one of an earlier session does not count."""
        if player not in self.players:
            return False
        self.players.remove(player)
        if not self.players:
            self.emptied = now
        return not self.players

    def activity(self, now: float) -> None:
        """Somebody did something."""
        self._active = now

    def everybody_out(self, now: float) -> None:
        """All players are sent away; their departures count no longer."""
        if self.players:
            self.players.clear()
            self.emptied = now

    def new_session(self, now: float, *, in_use: bool) -> None:
        """A new session begins; `in_use`: it is under way, and its players are on their way back."""
        self.players.clear()
        self.emptied = now
        self.session_began = now if in_use else None
        if not self.streamer:
            self._streamer_changed = now

    def reason_to_stop(self, settings: LifecycleSettings, now: float) -> str | None:
        """Return which deadline has passed, of those that every session has; None: none has."""
        if self.session_began is not None and not self.players and now - self.emptied >= settings.grace:
            return "everybody has left"
        if not self.streamer and now - self._streamer_changed >= settings.start:
            return "the application has not come, or not come back"
        if self.players and now - self._active >= settings.idle:
            return "the session has been idle"
        return None

    def capped(self, settings: LifecycleSettings, now: float) -> bool:
        """Whether the session has reached its longest duration. A member without a lease table goes by this."""
        return self.session_began is not None and now - self.session_began >= settings.session_cap

    def overdue(self, settings: LifecycleSettings, now: float) -> bool:
        """Whether the first player is overdue. A member without a lease table goes by this.

        Counted from the streamer's first arrival: one that keeps crashing does not keep the machine up.
        """
        if self._streamer_came is None or self.session_began is not None:
            return False
        return now - self._streamer_came >= settings.first_connection
