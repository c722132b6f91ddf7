"""The signalling server's rules: who hears what from whom.

The hub holds the peers and decides; it knows no sockets and no clock. Whoever drives it tells it what has happened and
carries out the effects it returns, in their order. No frame, whatever it holds, makes it raise.

The rules are Epic's (`Signalling/src/*.ts` of its Pixel Streaming infrastructure, Unreal 5.5 and later), and for a
legacy streamer those of its server for Unreal 4.26 and 4.27 (`cirrus.js`). It departs from them in three places: a
streamer that repeats its own id keeps it; a peer that is sent away is told why; and a frame with a required field
missing or of a wrong type is not passed on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from pixel.signalling.protocol import messages
from pixel.signalling.protocol.effects import Close, Effect, Ignored, Joined, Left, Send, StreamersChanged
from pixel.signalling.protocol.ids import PLACEHOLDER, unique_id
from pixel.signalling.protocol.messages import Malformed, Message, decode, encode, signed
from pixel.signalling.protocol.peers import Peer, Player, Sfu, Streamer
from pixel.signalling.protocol.subscriptions import (
    join,
    leave,
    streamer_data_channels,
    to_player,
    to_sfu,
    unsubscribe,
)

Dialect = Literal["auto", "modern", "legacy"]

POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011
TRY_AGAIN_LATER = 1013
UNSUPPORTED_MESSAGE = 4001
"""With this code, and a reason that begins as below, Unreal 4.26 and 4.27 leave on a message they do not know."""

STREAMER_GONE = "the application has disconnected"
NO_STREAMER = "the application is not connected"

_Handler = Callable[[Any, Message, str], list[Effect]]
"""What is done about a message: the peer that sent it (of the type whose handler it is), the message, its frame."""


class Hub:
    """All peers of one signalling server.

    Args:
        peer_connection_options: what a peer's `config` says, given a name for the peer; it may hold TURN credentials.
        dialect: how streamers are spoken to. With `auto`, as Epic's present protocol has it until one leaves because it
            does not understand that; from its next connection on, as Unreal 4.26 and 4.27 do.
        max_players: how many counted players may watch one streamer; 0: any number.
    """

    def __init__(
        self,
        peer_connection_options: Callable[[str], Mapping[str, Any]] = lambda _peer: {},
        *,
        dialect: Dialect = "auto",
        max_players: int = 0,
    ) -> None:
        self._peer_connection_options = peer_connection_options
        self._auto = dialect == "auto"
        self._max_players = max_players
        self._next_player = 0
        self.legacy = dialect == "legacy"
        """Whether the next streamer is spoken to as Unreal 4.26 and 4.27 are."""
        self.streamers: dict[str, Streamer] = {}
        self.players: set[Player] = set()
        from_player: Mapping[str, _Handler] = {
            "listStreamers": self._list_streamers,
            "subscribe": self._subscribe_to,
            "unsubscribe": unsubscribe,
            "offer": self._to_streamer,
            "answer": self._to_streamer,
            "iceCandidate": self._to_streamer,
            "layerPreference": self._to_streamer,
            "dataChannelRequest": self._to_streamer,
            "peerDataChannelsReady": self._to_streamer,
            "ping": _pong,
            "pong": _nothing,
            "stats": _nothing,
        }
        from_streamer: Mapping[str, _Handler] = {
            "endpointId": self._identified,
            "offer": to_player,
            "answer": to_player,
            "iceCandidate": to_player,
            "disconnectPlayer": self._disconnect_player,
            "layerPreference": to_sfu,
            "ping": _pong,
            "pong": _nothing,
        }
        from_sfu: Mapping[str, _Handler] = {
            "listStreamers": self._list_streamers,
            "subscribe": self._subscribe_to,
            "unsubscribe": unsubscribe,
            "endpointId": self._identified,
            "startStreaming": self._start_streaming,
            "stopStreaming": self._stop_streaming,
            "offer": to_player,
            "peerDataChannels": to_player,
            "answer": self._to_streamer,
            "streamerDataChannels": streamer_data_channels,
            "ping": _pong,
            "pong": _nothing,
        }
        self._handlers: Mapping[type[Peer], Mapping[str, _Handler]] = {
            Player: from_player,
            Streamer: from_streamer,
            Sfu: from_sfu,
        }

    # Coming

    def connect_streamer(self) -> tuple[Streamer, list[Effect]]:
        """Unreal has connected."""
        streamer = Streamer(unique_id(PLACEHOLDER, self.streamers), legacy=self.legacy)
        if streamer.legacy and any(not isinstance(other, Sfu) for other in self.streamers.values()):
            streamer.connected = False
            return streamer, [Close(streamer, POLICY_VIOLATION, "an application of Unreal 4 is already connected")]
        self.streamers[streamer.streamer_id] = streamer
        effects: list[Effect] = [] if streamer.legacy else [Send(streamer, encode({"type": "identify"}))]
        return streamer, [*effects, self._config(streamer, streamer.streamer_id), self._streamers_changed()]

    def connect_player(self, *, counted: bool = True) -> tuple[Player, list[Effect]]:
        """A player has connected; not counted: the service's own command peer, which no limit applies to."""
        player = Player(self._new_number(), counted=counted)
        if self.legacy and not self.streamers:
            player.connected = False
            return player, [Close(player, TRY_AGAIN_LATER, NO_STREAMER)]
        self.players.add(player)
        return player, [self._config(player, player.player_id), *self._player_count()]

    def connect_sfu(self) -> tuple[Sfu, list[Effect]]:
        """A forwarding unit has connected."""
        sfu = Sfu(self._new_number(), unique_id(PLACEHOLDER, self.streamers))
        self.streamers[sfu.streamer_id] = sfu
        return sfu, [
            Send(sfu, encode({"type": "identify"})),
            self._config(sfu, sfu.player_id),
            self._streamers_changed(),
        ]

    # Speaking

    def receive(self, peer: Peer, frame: str | bytes) -> list[Effect]:
        """A peer has sent a frame."""
        if not peer.connected:
            return []
        try:
            message = decode(frame)
            assert isinstance(frame, str)
            return self._handle(peer, message, frame)
        except Malformed as problem:
            return [Ignored(peer, str(problem))]

    def _handle(self, peer: Peer, message: Message, frame: str) -> list[Effect]:
        handle = self._handlers[type(peer)].get(message["type"])
        if handle is None:
            return [Ignored(peer, f"{message['type']} from a {type(peer).__name__.lower()}")]
        effects = handle(peer, message, frame)
        if type(peer) is Player and not peer.spoke and peer.counted and peer.connected:
            peer.spoke = True
            return [Joined(peer), *effects]
        return effects

    # Going

    def disconnect(self, peer: Peer, code: int | None = None, reason: str = "") -> list[Effect]:
        """A peer's connection has ended, with the code and the reason it gave."""
        if not peer.connected:
            return []
        if self._auto and code == UNSUPPORTED_MESSAGE and reason.startswith("Unsupported message received"):
            self.legacy = True
        return self._forget(peer)

    def dismiss(self, peer: Peer, code: int, reason: str) -> list[Effect]:
        """Send a peer away."""
        if not peer.connected:
            return []
        # A close frame holds 123 bytes of reason (RFC 6455, 5.5).
        reason = reason.encode("utf-8", "replace")[:123].decode("utf-8", "ignore")
        return [Close(peer, code, reason), *self._forget(peer)]

    def _forget(self, peer: Peer) -> list[Effect]:
        peer.connected = False
        effects: list[Effect] = []
        if isinstance(peer, Player):
            effects += leave(peer)
            if peer in self.players:
                self.players.discard(peer)
                effects += self._player_count()
                if peer.spoke:
                    effects.append(Left(peer))
        if isinstance(peer, Streamer):
            del self.streamers[peer.streamer_id]
            effects += self._end_stream(peer)
            effects.append(self._streamers_changed())
        return effects

    def _end_stream(self, streamer: Streamer) -> list[Effect]:
        """Part a streamer from its subscribers: players have to look for another, an SFU waits for one."""
        effects: list[Effect] = []
        for player in list(streamer.players.values()):
            if isinstance(player, Sfu):
                effects += leave(player)
                if player.connected:
                    effects.append(Send(player, encode({"type": "streamerDisconnected"})))
                player.streaming = False
                effects += self._end_stream(player)
            else:
                effects += self.dismiss(player, TRY_AGAIN_LATER, STREAMER_GONE)
        return effects

    # Subscriptions

    def _list_streamers(self, peer: Player, _message: Message, _frame: str) -> list[Effect]:
        everything = isinstance(peer, Sfu)
        ids = [streamer.streamer_id for streamer in self.streamers.values() if everything or streamer.streaming]
        return [Send(peer, encode({"type": "streamerList", "ids": ids}))]

    def _subscribe_to(self, player: Player, message: Message, _frame: str) -> list[Effect]:
        wanted = message["streamerId"]
        streamer = self.streamers.get(wanted)
        if streamer is None or (isinstance(player, Sfu) and streamer is player):
            return [_subscribe_failed(player, f"Streamer {wanted} does not exist.")]
        effects = leave(player)
        if self._has_room(streamer, player):
            return effects + join(player, streamer)
        return [*effects, _subscribe_failed(player, f"Streamer {wanted} is full. Max players = {self._max_players}.")]

    def _has_room(self, streamer: Streamer, player: Player) -> bool:
        if not self._max_players or not player.counted:
            return True
        return sum(other.counted for other in streamer.players.values()) < self._max_players

    # Forwarding

    def _to_streamer(self, player: Player, message: Message, frame: str) -> list[Effect]:
        """Pass a message on to the streamer of a player; one that has not subscribed is given the first streamer."""
        streamer = player.source
        if streamer is not None:
            return [Send(streamer, signed(frame, message, player.wire_id))]
        if isinstance(player, Sfu):
            return [Ignored(player, f"{message['type']} without a subscription")]
        streamer = next(iter(self.streamers.values()), None)
        if streamer is None:
            return self.dismiss(player, TRY_AGAIN_LATER, NO_STREAMER)
        if not self._has_room(streamer, player):
            return self.dismiss(player, TRY_AGAIN_LATER, f"{streamer.streamer_id} is full")
        forwarded = signed(frame, message, streamer.id_for(player))
        return [*join(player, streamer), Send(streamer, forwarded)]

    # What streamers say of themselves

    def _identified(self, streamer: Streamer, message: Message, _frame: str) -> list[Effect]:
        wanted = message.get("id")
        wanted = str(wanted) if type(wanted) in (str, int) else ""
        others = [other for other in self.streamers if other != streamer.streamer_id]
        streamer_id = unique_id(wanted, others)
        renamed = streamer_id != streamer.streamer_id
        # In the order of their coming, which a renamed streamer keeps: the first one gets the players without a wish.
        streamer.streamer_id = streamer_id
        self.streamers = {other.streamer_id: other for other in self.streamers.values()}
        streamer.streaming = True
        confirmation = Send(streamer, encode({"type": "endpointIdConfirm", "committedId": streamer_id}))
        if not renamed:
            return [confirmation]
        notice = encode({"type": "streamerIdChanged", "newID": streamer_id})
        return [*(Send(player, notice) for player in streamer.players.values()), confirmation]

    def _disconnect_player(self, streamer: Streamer, message: Message, _frame: str) -> list[Effect]:
        player = streamer.players.get(str(message["playerId"]))
        if player is None:
            return [Ignored(streamer, "disconnectPlayer of a player that is not subscribed")]
        return self.dismiss(player, INTERNAL_ERROR, message.get("reason") or "")

    def _start_streaming(self, sfu: Sfu, _message: Message, _frame: str) -> list[Effect]:
        sfu.streaming = True
        return []

    def _stop_streaming(self, sfu: Sfu, _message: Message, _frame: str) -> list[Effect]:
        sfu.streaming = False
        return self._end_stream(sfu)

    # Small parts

    def _new_number(self) -> int:
        number = self._next_player
        self._next_player += 1
        return number

    def _config(self, peer: Peer, name: str) -> Send:
        return Send(peer, encode(messages.config(self._peer_connection_options(name))))

    def _player_count(self) -> list[Effect]:
        """Tell all players how many there are: a message of the legacy protocol only."""
        if not self.legacy:
            return []
        notice = encode({"type": "playerCount", "count": sum(player.counted for player in self.players)})
        return [Send(player, notice) for player in self.players]

    def _streamers_changed(self) -> StreamersChanged:
        return StreamersChanged(sum(not isinstance(streamer, Sfu) for streamer in self.streamers.values()))


def _pong(peer: Peer, message: Message, _frame: str) -> list[Effect]:
    return [Send(peer, encode({"type": "pong", "time": message.get("time") or 0}))]


def _nothing(_peer: Peer, _message: Message, _frame: str) -> list[Effect]:
    return []


def _subscribe_failed(player: Player, reason: str) -> Effect:
    if isinstance(player, Sfu):  # Epic's server leaves an SFU without an answer
        return Ignored(player, "subscribe to a streamer that is not there")
    return Send(player, encode({"type": "subscribeFailed", "message": reason}))
