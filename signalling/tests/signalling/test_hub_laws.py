"""Laws of the hub that hold whatever anybody sends, in whatever order."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pixel.signalling.protocol.effects import Close, Effect, Joined, Left, Send
from pixel.signalling.protocol.hub import Hub
from pixel.signalling.protocol.messages import FIELDS
from pixel.signalling.protocol.peers import Peer, Player, Sfu, Streamer

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = st.recursive(SCALARS, lambda parts: st.lists(parts) | st.dictionaries(st.text(max_size=4), parts), max_leaves=5)
IDS = st.sampled_from(["Cam", "Cam1", "7", "Player0", "Player1", "Player2", "101", 101, "UnknownStreamer"])
VALUES = IDS | JSON
NAMES = st.sampled_from(sorted({name for fields in FIELDS.values() for name in fields} | {"id", "streamerId"}))
FORWARDED = {"offer", "answer", "iceCandidate", "dataChannelRequest", "peerDataChannelsReady", "peerDataChannels"}


@st.composite
def messages(draw: st.DrawFn) -> str:
    """Messages as peers send them, and many that are not quite."""
    kind = draw(st.sampled_from(sorted(FIELDS)))
    likely: dict[str, Any] = {"sdp": "v=0", "candidate": {}, "sendStreamId": 1, "recvStreamId": 2}
    likely |= {"spatialLayer": 0, "temporalLayer": 0, "time": 1}
    message = {name: likely[name] if name in likely else draw(IDS) for name in FIELDS[kind]}
    message |= draw(st.dictionaries(NAMES, VALUES, max_size=2))
    return json.dumps({"type": kind, **message})


HUGE = st.just('{"type":"offer","sdp":"","n":1e999}')
FRAMES = messages() | messages() | messages() | JSON.map(json.dumps) | st.text() | st.binary() | HUGE


class AnythingHappens(RuleBasedStateMachine):
    """Peers come, say anything, and go."""

    def __init__(self) -> None:
        super().__init__()
        self.hub = Hub(dialect="auto")
        self.peers: list[Peer] = []
        self.closed: set[Peer] = set()
        self.gone: set[Peer] = set()
        self.player_ids: list[str] = []
        self.present: set[str] = set()

    def carry(self, effects: list[Effect]) -> list[Send]:
        sends = []
        for effect in effects:
            if isinstance(effect, Send):
                json.loads(effect.frame)
                assert effect.to not in self.closed | self.gone, "something is sent to a peer that was sent away"
                sends.append(effect)
            elif isinstance(effect, Close):
                assert effect.peer not in self.closed | self.gone, "a peer is closed twice"
                assert len(effect.reason.encode()) <= 123
                self.closed.add(effect.peer)
            elif isinstance(effect, Joined):
                assert effect.player.player_id not in self.present
                self.present.add(effect.player.player_id)
            elif isinstance(effect, Left):
                self.present.remove(effect.player.player_id)
        return sends

    @rule(kind=st.sampled_from(["streamer", "player", "sfu", "internal"]))
    def comes(self, kind: str) -> None:
        connect = {
            "streamer": self.hub.connect_streamer,
            "sfu": self.hub.connect_sfu,
            "player": self.hub.connect_player,
            "internal": lambda: self.hub.connect_player(counted=False),
        }[kind]
        peer, effects = connect()
        if isinstance(peer, Player):
            assert peer.player_id not in self.player_ids, "an id is given twice"
            self.player_ids.append(peer.player_id)
        self.peers.append(peer)
        self.carry(effects)

    @rule(which=st.integers(min_value=0), frame=FRAMES)
    def says(self, which: int, frame: str | bytes) -> None:
        if not self.peers:
            return
        peer = self.peers[which % len(self.peers)]
        sends = self.carry(self.hub.receive(peer, frame))
        forwarded = [send for send in sends if json.loads(send.frame)["type"] in FORWARDED]
        assert len(forwarded) <= 1, "a message has more than one addressee"
        for send in forwarded:
            assert self.belong_together(peer, send.to)

    def belong_together(self, sender: Peer, receiver: Peer) -> bool:
        return (isinstance(sender, Player) and sender.source is receiver) or (
            isinstance(receiver, Player) and receiver.source is sender
        )

    @rule(
        which=st.integers(min_value=0),
        code=st.sampled_from([None, 1000, 1006, 4001]),
        reason=st.sampled_from(["", "Unsupported message received: identify"]),
    )
    def goes(self, which: int, code: int | None, reason: str) -> None:
        if not self.peers:
            return
        peer = self.peers.pop(which % len(self.peers))
        self.gone.add(peer)
        self.carry(self.hub.disconnect(peer, code, reason))

    @invariant()
    def ids_are_unique(self) -> None:
        names = [peer.streamer_id for peer in self.peers if isinstance(peer, Streamer) and peer.connected]
        assert len(names) == len(set(names))
        assert set(names) == set(self.hub.streamers)

    @invariant()
    def nobody_watches_a_streamer_that_is_gone(self) -> None:
        for peer in self.peers:
            if isinstance(peer, Player) and peer.source is not None:
                assert peer.connected
                assert peer.source in self.hub.streamers.values()
                assert peer.source.players[peer.wire_id] is peer

    @invariant()
    def who_is_present_has_spoken_and_is_connected(self) -> None:
        spoken = {
            peer.player_id
            for peer in self.peers
            if isinstance(peer, Player) and not isinstance(peer, Sfu) and peer.connected and peer.spoke
        }
        assert self.present == spoken


AnythingHappens.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestAnythingHappens = AnythingHappens.TestCase


@settings(max_examples=50, deadline=None)
@given(st.text() | st.binary())
def test_no_frame_ends_the_hub_or_reaches_anybody_but_its_sender(frame: str | bytes) -> None:
    hub = Hub()
    hub.connect_streamer()
    player, _ = hub.connect_player()
    for effect in hub.receive(player, frame):
        assert not isinstance(effect, Send) or effect.to is player


def test_deep_nesting_is_no_trouble() -> None:
    hub = Hub()
    player, _ = hub.connect_player()
    hub.receive(player, "[" * 200_000)
    assert player.connected


def test_a_number_beyond_all_bounds_is_not_passed_on() -> None:
    hub = Hub()
    streamer, _ = hub.connect_streamer()
    player, _ = hub.connect_player()
    effects = hub.receive(player, '{"type":"answer","sdp":"v=0","playerId":"x","minBitrateBps":1e999}')
    assert not any(isinstance(effect, Send) for effect in effects)
    assert streamer.players == {}
