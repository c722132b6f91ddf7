"""What the server tells whoever follows the session: the member's lifecycle."""

from __future__ import annotations

from typing import Protocol


class SessionObserver(Protocol):
    """Called on the event loop, in the order things happen; every call must return at once and raise nothing."""

    def player_joined(self, player_id: str) -> None:
        """A viewer has come. Told once for each player's connection.

        A connection counts from its first message of the player protocol: a scanner that only opens a socket is no
        player, nor is a controller, nor the service's own command peer.
        """

    def player_left(self, player_id: str) -> None:
        """A player that was told of by `player_joined` has gone."""

    def streamer_connected(self) -> None:
        """Unreal has come. With several streamers: the first one."""

    def streamer_disconnected(self) -> None:
        """Unreal has gone. With several streamers: the last one."""

    def activity(self) -> None:
        """A command has reached Unreal."""


class NoObserver:
    """Nobody follows the session."""

    def player_joined(self, player_id: str) -> None:
        """Nothing follows."""

    def player_left(self, player_id: str) -> None:
        """Nothing follows."""

    def streamer_connected(self) -> None:
        """Nothing follows."""

    def streamer_disconnected(self) -> None:
        """Nothing follows."""

    def activity(self) -> None:
        """Nothing follows."""
