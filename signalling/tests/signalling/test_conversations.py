"""Recorded conversations: what each peer hears, to the field, when things happen in this order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pixel.signalling.protocol.effects import Close, Effect, Send
from pixel.signalling.protocol.hub import Dialect, Hub
from pixel.signalling.protocol.peers import Peer, Player, Sfu, Streamer

ICE = {"peerConnectionOptions": {"iceServers": [{"urls": "stun:stun.example.org"}]}, "protocolVersion": "1.3.0"}
CONFIG = {"type": "config", **ICE}
CANDIDATE = {"candidate": "candidate:0 1 udp 1 192.0.2.1 1 typ host", "sdpMid": "0", "sdpMLineIndex": 0}


class Stage:
    """A hub with peers that keep what they hear. `hears` returns what a peer has heard since it was last asked."""

    def __init__(self, dialect: Dialect = "auto", max_players: int = 0) -> None:
        self.hub = Hub(lambda _peer: ICE["peerConnectionOptions"], dialect=dialect, max_players=max_players)
        self.heard: dict[Peer, list[dict[str, Any]]] = {}
        self.closed: dict[Peer, tuple[int, str]] = {}

    def streamer(self, streamer_id: str | None = None) -> Streamer:
        streamer, effects = self.hub.connect_streamer()
        self._carry(effects)
        if streamer_id:
            self.says(streamer, type="endpointId", id=streamer_id)
            self.hears(streamer)
        return streamer

    def player(self, watching: str | None = None) -> Player:
        player, effects = self.hub.connect_player()
        self._carry(effects)
        if watching:
            self.says(player, type="subscribe", streamerId=watching)
            self.hears(player)
        return player

    def sfu(self) -> Sfu:
        sfu, effects = self.hub.connect_sfu()
        self._carry(effects)
        return sfu

    def says(self, peer: Peer, **message: Any) -> None:
        self._carry(self.hub.receive(peer, json.dumps(message)))

    def leaves(self, peer: Peer, code: int | None = None, reason: str = "") -> None:
        self._carry(self.hub.disconnect(peer, code, reason))

    def hears(self, peer: Peer) -> list[dict[str, Any]]:
        return self.heard.pop(peer, [])

    def silent(self) -> bool:
        return not any(self.heard.values())

    def _carry(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self.heard.setdefault(effect.to, []).append(json.loads(effect.frame))
            elif isinstance(effect, Close):
                self.closed[effect.peer] = (effect.code, effect.reason)


def test_a_streamer_is_asked_for_its_id_then_configured_then_confirmed() -> None:
    stage = Stage()
    streamer = stage.streamer()
    assert stage.hears(streamer) == [{"type": "identify"}, CONFIG]
    stage.says(streamer, type="endpointId", id="Drone", protocolVersion="1.3.0")
    assert stage.hears(streamer) == [{"type": "endpointIdConfirm", "committedId": "Drone"}]
    assert stage.silent()


def test_a_session_from_the_list_of_streamers_to_the_goodbye() -> None:
    stage = Stage()
    streamer = stage.streamer("Drone")
    player = stage.player()
    assert stage.hears(player) == [CONFIG]
    stage.says(player, type="listStreamers")
    assert stage.hears(player) == [{"type": "streamerList", "ids": ["Drone"]}]
    stage.says(player, type="subscribe", streamerId="Drone")
    connected = {"type": "playerConnected", "dataChannel": True, "sfu": False, "playerId": "Player0"}
    assert stage.hears(streamer) == [connected]
    stage.says(streamer, type="offer", sdp="v=0", playerId="Player0", scalabilityMode="L1T1")
    assert stage.hears(player) == [{"type": "offer", "sdp": "v=0", "playerId": "Player0", "scalabilityMode": "L1T1"}]
    stage.says(player, type="answer", sdp="v=1", minBitrateBps=100000)
    assert stage.hears(streamer) == [{"type": "answer", "sdp": "v=1", "minBitrateBps": 100000, "playerId": "Player0"}]
    stage.says(streamer, type="iceCandidate", candidate=CANDIDATE, playerId="Player0")
    assert stage.hears(player) == [{"type": "iceCandidate", "candidate": CANDIDATE, "playerId": "Player0"}]
    stage.says(player, type="iceCandidate", candidate=CANDIDATE)
    assert stage.hears(streamer) == [{"type": "iceCandidate", "candidate": CANDIDATE, "playerId": "Player0"}]
    stage.leaves(player)
    assert stage.hears(streamer) == [{"type": "playerDisconnected", "playerId": "Player0"}]
    assert stage.silent()


def test_a_browser_that_offers_is_subscribed_to_the_first_streamer() -> None:
    stage = Stage()
    first = stage.streamer("First")
    stage.streamer("Second")
    player = stage.player()
    stage.hears(player)
    stage.says(player, type="offer", sdp="v=0")
    assert [message["type"] for message in stage.hears(first)] == ["playerConnected", "offer"]
    assert stage.silent()


def test_a_player_that_speaks_to_no_streamer_is_closed_with_the_reason() -> None:
    stage = Stage()
    player = stage.player()
    stage.says(player, type="offer", sdp="v=0")
    assert stage.closed == {player: (1013, "the application is not connected")}


def test_players_of_a_streamer_that_goes_are_closed_and_others_are_not() -> None:
    stage = Stage()
    streamer, _other = stage.streamer("Drone"), stage.streamer("Other")
    watching, elsewhere, idle = stage.player("Drone"), stage.player("Other"), stage.player()
    stage.leaves(streamer)
    assert list(stage.closed) == [watching]
    assert elsewhere.connected
    assert idle.connected


@pytest.mark.parametrize("kind", ["streamer", "player", "sfu"])
def test_a_ping_is_answered_with_its_time(kind: str) -> None:
    stage = Stage()
    peer: Peer = getattr(stage, kind)()
    stage.hears(peer)
    stage.says(peer, type="ping", time=1732441000123)
    stage.says(peer, type="ping")
    assert stage.hears(peer) == [{"type": "pong", "time": 1732441000123}, {"type": "pong", "time": 0}]


def test_a_streamer_that_is_not_identified_is_not_listed() -> None:
    stage = Stage()
    stage.streamer()
    player = stage.player()
    stage.hears(player)
    stage.says(player, type="listStreamers")
    assert stage.hears(player) == [{"type": "streamerList", "ids": []}]


def test_subscribing_to_nobody_is_refused() -> None:
    stage = Stage()
    player = stage.player()
    stage.hears(player)
    stage.says(player, type="subscribe", streamerId="Nobody")
    assert stage.hears(player) == [{"type": "subscribeFailed", "message": "Streamer Nobody does not exist."}]


def test_subscribing_to_a_full_streamer_is_refused() -> None:
    stage = Stage(max_players=1)
    stage.streamer("Drone")
    stage.player("Drone")
    late = stage.player()
    stage.hears(late)
    stage.says(late, type="subscribe", streamerId="Drone")
    assert stage.hears(late) == [{"type": "subscribeFailed", "message": "Streamer Drone is full. Max players = 1."}]


def test_the_command_peer_takes_nobody_s_place() -> None:
    stage = Stage(max_players=1)
    streamer = stage.streamer("Drone")
    internal, _ = stage.hub.connect_player(counted=False)
    stage.says(internal, type="subscribe", streamerId="Drone")
    stage.player("Drone")
    assert len(stage.hears(streamer)) == 2


def test_subscribing_again_leaves_the_first_streamer() -> None:
    stage = Stage()
    first, second = stage.streamer("First"), stage.streamer("Second")
    player = stage.player("First")
    stage.hears(first)
    stage.says(player, type="subscribe", streamerId="Second")
    assert stage.hears(first) == [{"type": "playerDisconnected", "playerId": "Player0"}]
    assert [message["type"] for message in stage.hears(second)] == ["playerConnected"]


def test_unsubscribing_tells_the_streamer_once() -> None:
    stage = Stage()
    streamer = stage.streamer("Drone")
    player = stage.player("Drone")
    stage.hears(streamer)
    stage.says(player, type="unsubscribe")
    stage.says(player, type="unsubscribe")
    assert stage.hears(streamer) == [{"type": "playerDisconnected", "playerId": "Player0"}]
    assert player.connected


def test_a_streamer_disconnects_its_own_player_with_its_reason() -> None:
    stage = Stage()
    streamer = stage.streamer("Drone")
    player = stage.player("Drone")
    stage.hears(streamer)
    stage.says(streamer, type="disconnectPlayer", playerId="Player0", reason="too slow")
    assert stage.closed == {player: (1011, "too slow")}
    assert stage.hears(streamer) == [{"type": "playerDisconnected", "playerId": "Player0"}]


def test_a_streamer_cannot_reach_a_player_of_another() -> None:
    stage = Stage()
    stage.streamer("Drone")
    stranger = stage.streamer("Stranger")
    player = stage.player("Drone")
    stage.says(stranger, type="disconnectPlayer", playerId="Player0")
    stage.says(stranger, type="offer", sdp="v=0", playerId="Player0")
    assert player.connected
    assert stage.hears(player) == []


def test_a_player_cannot_pass_for_another() -> None:
    stage = Stage()
    streamer = stage.streamer("Drone")
    stage.player("Drone")
    impostor = stage.player("Drone")
    stage.hears(streamer)
    stage.says(impostor, type="answer", sdp="v=0", playerId="Player0")
    assert [message["playerId"] for message in stage.hears(streamer)] == ["Player1"]


def test_a_player_s_words_reach_its_streamer_as_they_were_written() -> None:
    stage = Stage()
    stage.streamer("Drone")
    player = stage.player("Drone")
    [effect] = stage.hub.receive(player, ' {"type":"answer", "sdp":"\\u00e9", "minBitrateBps":1.50}\r\n')
    assert isinstance(effect, Send)
    assert effect.frame == ' {"type":"answer", "sdp":"\\u00e9", "minBitrateBps":1.50,"playerId":"Player0"}'


def test_a_renamed_streamer_s_players_are_told_its_new_name() -> None:
    stage = Stage()
    streamer = stage.streamer("Drone")
    player = stage.player("Drone")
    stage.hears(streamer)
    stage.says(streamer, type="endpointId", id="Rover")
    assert stage.hears(player) == [{"type": "streamerIdChanged", "newID": "Rover"}]
    assert stage.hears(streamer) == [{"type": "endpointIdConfirm", "committedId": "Rover"}]


@pytest.mark.parametrize("message", ["layerPreference", "dataChannelRequest", "peerDataChannelsReady"])
def test_a_player_s_wishes_reach_its_streamer(message: str) -> None:
    stage = Stage()
    streamer = stage.streamer("Drone")
    player = stage.player("Drone")
    stage.hears(streamer)
    extra = {"spatialLayer": 1, "temporalLayer": 2} if message == "layerPreference" else {}
    stage.says(player, type=message, **extra)
    assert stage.hears(streamer) == [{"type": message, **extra, "playerId": "Player0"}]


def test_a_forwarding_unit_stands_between_a_streamer_and_its_players() -> None:
    stage = Stage()
    streamer = stage.streamer("Drone")
    sfu = stage.sfu()
    assert stage.hears(sfu) == [{"type": "identify"}, CONFIG]
    stage.says(sfu, type="endpointId", id="Sfu")
    stage.says(sfu, type="listStreamers")
    assert stage.hears(sfu) == [
        {"type": "endpointIdConfirm", "committedId": "Sfu"},
        {"type": "streamerList", "ids": ["Drone", "Sfu"]},
    ]
    stage.says(sfu, type="subscribe", streamerId="Drone")
    connected = {"type": "playerConnected", "dataChannel": True, "sfu": True, "playerId": "Player0"}
    assert stage.hears(streamer) == [connected]
    stage.says(streamer, type="offer", sdp="v=0", playerId="Player0", sfu=True)
    assert stage.hears(sfu) == [{"type": "offer", "sdp": "v=0", "playerId": "Player0", "sfu": True}]
    stage.says(sfu, type="answer", sdp="v=1")
    assert stage.hears(streamer) == [{"type": "answer", "sdp": "v=1", "playerId": "Player0"}]
    player = stage.player("Sfu")
    assert stage.hears(sfu) == [{"type": "playerConnected", "dataChannel": True, "sfu": False, "playerId": "Player1"}]
    stage.says(sfu, type="offer", sdp="v=2", playerId="Player1")
    assert stage.hears(player) == [{"type": "offer", "sdp": "v=2"}]
    stage.says(sfu, type="streamerDataChannels", playerId="Player1", sendStreamId=1, recvStreamId=2)
    channels = {"type": "streamerDataChannels", "sendStreamId": 1, "recvStreamId": 2}
    assert stage.hears(streamer) == [{**channels, "playerId": "Player1", "sfuId": "Player0"}]
    stage.says(sfu, type="peerDataChannels", playerId="Player1", sendStreamId=1, recvStreamId=2)
    assert stage.hears(player) == [{"type": "peerDataChannels", "sendStreamId": 1, "recvStreamId": 2}]
    stage.says(streamer, type="layerPreference", spatialLayer=1, temporalLayer=1, playerId="Player0")
    assert [message["type"] for message in stage.hears(sfu)] == ["layerPreference"]
    stage.leaves(streamer)
    assert stage.hears(sfu) == [
        {"type": "streamerDisconnected"},
        {"type": "playerDisconnected", "playerId": "Player1"},
    ]
    assert list(stage.closed) == [player]
    assert sfu.connected
    assert stage.silent()


def test_a_forwarding_unit_that_stops_streaming_parts_from_its_players() -> None:
    stage = Stage()
    sfu = stage.sfu()
    stage.says(sfu, type="endpointId", id="Sfu")
    player = stage.player("Sfu")
    stage.says(sfu, type="stopStreaming")
    assert list(stage.closed) == [player]


def test_a_legacy_streamer_hears_nothing_it_does_not_know() -> None:
    stage = Stage("legacy")
    streamer = stage.streamer()
    assert stage.hears(streamer) == [CONFIG]
    player = stage.player()
    assert stage.hears(player) == [CONFIG, {"type": "playerCount", "count": 1}]
    stage.says(player, type="offer", sdp="v=0")
    assert stage.hears(streamer) == [{"type": "offer", "sdp": "v=0", "playerId": "101"}]
    stage.says(streamer, type="answer", sdp="v=1", playerId=101)
    assert stage.hears(player) == [{"type": "answer", "sdp": "v=1"}]
    stage.says(streamer, type="iceCandidate", candidate=CANDIDATE, playerId="101")
    assert stage.hears(player) == [{"type": "iceCandidate", "candidate": CANDIDATE}]
    other = stage.player()
    assert stage.hears(player) == [{"type": "playerCount", "count": 2}]
    stage.says(player, type="stats", data={"fps": 30})
    stage.leaves(player)
    assert stage.hears(streamer) == [{"type": "playerDisconnected", "playerId": "101"}]
    assert stage.hears(other)[-1] == {"type": "playerCount", "count": 1}
    assert stage.silent()


def test_a_second_legacy_streamer_is_turned_away() -> None:
    stage = Stage("legacy")
    stage.streamer()
    second = stage.streamer()
    assert stage.closed[second][0] == 1008
    assert stage.hears(second) == []


def test_without_a_legacy_streamer_players_are_asked_to_come_back() -> None:
    stage = Stage("legacy")
    player = stage.player()
    assert stage.closed == {player: (1013, "the application is not connected")}
    assert stage.hears(player) == []


@pytest.mark.parametrize("unknown", ["identify", "playerConnected"])
def test_a_streamer_that_left_over_an_unknown_message_is_spoken_to_in_the_legacy_way(unknown: str) -> None:
    stage = Stage("auto")
    stage.leaves(stage.streamer(), 4001, f"Unsupported message received: {unknown}")
    assert stage.hears(stage.streamer()) == [CONFIG]


@pytest.mark.parametrize(
    "goodbye", [(4001, "going home"), (1006, ""), (1000, "Unsupported message received: identify")]
)
def test_no_other_goodbye_makes_a_streamer_legacy(goodbye: tuple[int, str]) -> None:
    stage = Stage("auto")
    stage.leaves(stage.streamer(), *goodbye)
    assert stage.hears(stage.streamer()) == [{"type": "identify"}, CONFIG]


def test_a_modern_hub_stays_modern() -> None:
    stage = Stage("modern")
    stage.leaves(stage.streamer(), 4001, "Unsupported message received: identify")
    assert {"type": "identify"} in stage.hears(stage.streamer())


def test_a_long_reason_fits_in_a_close_frame() -> None:
    stage = Stage()
    streamer = stage.streamer("Drone")
    player = stage.player("Drone")
    stage.says(streamer, type="disconnectPlayer", playerId="Player0", reason="é" * 100)
    assert len(stage.closed[player][1].encode()) <= 123
