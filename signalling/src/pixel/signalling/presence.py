"""Who is here, and since when: the streamer, and the players of the present session."""

from __future__ import annotations


class Presence:
    """Arrivals and departures on one member. Times are seconds on a monotonic clock."""

    def __init__(self, now: float) -> None:
        self.streamer = False
        self.players: set[str] = set()
        self.session_began: float | None = None
        """When the session's first player came."""
        self.emptied = now
        """Since when there have been no players, when there are none."""
        self.streamer_came: float | None = None
        """When the streamer first came."""
        self.streamer_changed = now
        """Since when the streamer has been here or away; its absence counts anew with each session."""
        self.active = now
        """When somebody last did something."""

    def streamer_connected(self, now: float) -> None:
        """The application has come."""
        if not self.streamer:
            self.streamer = True
            self.streamer_changed = now
        if self.streamer_came is None:
            self.streamer_came = now

    def streamer_disconnected(self, now: float) -> None:
        """The application has gone."""
        if self.streamer:
            self.streamer = False
            self.streamer_changed = now

    def player_joined(self, now: float, player: str) -> bool:
        """A player has come. Return whether it is the only one."""
        self.players.add(player)
        self.active = now
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
        self.active = now

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
            self.streamer_changed = now
