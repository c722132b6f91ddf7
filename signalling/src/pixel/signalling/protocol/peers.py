"""The peers of the signalling protocol, and what is remembered of each."""

from __future__ import annotations

LEGACY_FIRST_ID = 101
"""Unreal 4.26 and 4.27 read ids of players as numbers; their own server counted from here."""


class Player:
    """Somebody who watches, or wants to.

    Attributes:
        number: never given to another player again.
        counted: False for the service's own command peer.
        spoke: whether it has ever sent a message of the protocol.
        wire_id: how the streamer it is subscribed to knows it.
        source: the streamer it is subscribed to.
        connected: False once it is gone or was sent away; what it still says then is not heard.
    """

    __slots__ = ("connected", "counted", "number", "source", "spoke", "wire_id")

    def __init__(self, number: int, *, counted: bool = True) -> None:
        self.number = number
        self.counted = counted
        self.spoke = False
        self.wire_id = self.player_id
        self.source: Streamer | None = None
        self.connected = True

    @property
    def player_id(self) -> str:
        """The id in Epic's present protocol (and towards everybody but a legacy streamer)."""
        return f"Player{self.number}"


class Streamer:
    """Unreal, or whoever else offers a stream.

    Attributes:
        streamer_id: the name by which players subscribe.
        legacy: whether it is spoken to as Unreal 4.26 and 4.27 are.
        streaming: whether players are shown it.
        players: its subscribers, by their `wire_id`.
        connected: as for a player.
    """

    def __init__(self, streamer_id: str, *, legacy: bool = False) -> None:
        self.streamer_id = streamer_id
        self.legacy = legacy
        self.streaming = legacy
        self.players: dict[str, Player] = {}
        self.connected = True

    def id_for(self, player: Player) -> str:
        """Return the id by which this streamer is to know a player."""
        return str(LEGACY_FIRST_ID + player.number) if self.legacy else player.player_id


class Sfu(Player, Streamer):
    """A forwarding unit: it watches one streamer, and offers that stream to players of its own."""

    def __init__(self, number: int, streamer_id: str) -> None:
        Streamer.__init__(self, streamer_id)
        Player.__init__(self, number, counted=False)


Peer = Player | Streamer | Sfu
