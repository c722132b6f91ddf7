"""Attacks by those who are in: one role posing as another, and one peer as another."""

from __future__ import annotations

import asyncio
import socket

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from pixel.signalling.settings import Settings, StreamerSettings

from .attacker import SOON, Attacker, Followed, heard, say, silent
from .conftest import CONTROLLER, PLAYER, Start, attacker_of


async def watching(member: Followed, streamer: ClientConnection) -> tuple[ClientConnection, str]:
    """Connect a player that watches; return it with its id."""
    player = await member.connect("/", PLAYER)
    assert (await heard(player))["type"] == "config"
    await say(player, type="subscribe", streamerId="Drone")
    return player, (await heard(streamer))["playerId"]


# Roles


async def test_a_player_is_no_controller(attacker: Attacker) -> None:
    assert await attacker.status("/control", PLAYER) == 403


async def test_a_controller_is_no_player(start: Start) -> None:
    attacker = attacker_of(await start(commands={"compatibility": False}))
    assert await attacker.status("/", CONTROLLER) == 403


async def test_a_controller_on_the_players_path_sees_no_stream_and_reaches_no_streamer(member: Followed) -> None:
    """The original Scratch clients come in there: as controllers, whatever they say."""
    streamer = await member.streamer()
    posing = await member.connect("/", CONTROLLER)
    for message in ({"type": "subscribe", "streamerId": "Drone"}, {"type": "offer", "sdp": "v=0"}, {"type": "ping"}):
        await say(posing, **message)
    await silent(streamer)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(posing.recv(), 0.2)


async def test_a_controller_learns_no_way_to_the_stream(start: Start) -> None:
    member = await start(webrtc={"peer_connection_options": {"iceServers": [{"urls": "stun:inside.example"}]}})
    await member.streamer()
    controller = await member.connect("/control", CONTROLLER)
    await say(controller, command="x", id=1)
    assert await heard(controller) == {"type": "ack", "id": 1, "status": "delivered"}


# Unreal


async def test_unreal_s_port_is_on_loopback_alone(member: Followed) -> None:
    assert StreamerSettings().host == "127.0.0.1"
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.2", member.service.streamer_port)) != 0


def test_unreal_s_port_and_the_forwarding_unit_s_are_no_ports_for_players() -> None:
    settings = Settings.__dataclass_fields__["streamer"].default
    assert settings.port == 8888
    assert settings.sfu_port == "off"


@pytest.mark.parametrize("path", ["/streamer", "/command-peer", "/sfu", "/control/", "//", "/%2f", "/control%00"])
async def test_no_path_for_players_leads_to_unreal_s_side(attacker: Attacker, path: str) -> None:
    assert await attacker.status(path, PLAYER) in (401, 404)


async def test_the_service_s_own_peer_is_not_to_be_posed_as(member: Followed) -> None:
    for query in ("", "?token=", f"?token={PLAYER}", "?token=%00"):
        with pytest.raises(InvalidStatus) as refused:
            await connect(member.streamer_url + "command-peer" + query, proxy=None)
        assert refused.value.response.status_code == 401


IMPOSTURES = [
    {"type": "endpointId", "id": "Drone"},
    {"type": "playerConnected", "playerId": "Player9", "dataChannel": True, "sfu": False},
    {"type": "playerDisconnected", "playerId": "Player0"},
    {"type": "disconnectPlayer", "playerId": "Player0", "reason": "go"},
    {"type": "stopStreaming"},
    {"type": "startStreaming"},
    {"type": "config", "peerConnectionOptions": {}},
    {"type": "identify"},
    {"type": "streamerList", "ids": ["Evil"]},
    {"type": "streamerDataChannels", "sendStreamId": 0, "recvStreamId": 0, "sfuId": "x"},
    {"type": "kick"},
]


@pytest.mark.parametrize("message", IMPOSTURES, ids=lambda message: message["type"])
async def test_what_only_the_other_side_may_say_is_not_heard_from_a_player(
    member: Followed, message: dict[str, object]
) -> None:
    streamer = await member.streamer()
    player, _ = await watching(member, streamer)
    posing, _ = await watching(member, streamer)
    await say(posing, **message)
    await silent(posing)
    await silent(streamer)
    await silent(player)
    await say(player, type="listStreamers")
    assert await heard(player) == {"type": "streamerList", "ids": ["Drone"]}


@pytest.mark.parametrize("kind", ["offer", "answer"])
async def test_a_player_cannot_answer_in_another_s_name(member: Followed, kind: str) -> None:
    streamer = await member.streamer()
    _, first = await watching(member, streamer)
    posing, second = await watching(member, streamer)
    await say(posing, type=kind, sdp="v=0", playerId=first)
    assert await heard(streamer) == {"type": kind, "sdp": "v=0", "playerId": second}


async def test_a_player_hears_nothing_that_is_meant_for_another(member: Followed) -> None:
    streamer = await member.streamer()
    player, first = await watching(member, streamer)
    spying, _ = await watching(member, streamer)
    await say(streamer, type="offer", sdp="for the first", playerId=first)
    assert (await heard(player))["sdp"] == "for the first"
    await silent(spying)


# Names


@pytest.mark.parametrize("host", ["drone-192-0-2-9.pixel.test", "evil.example", "localhost", ""])
async def test_a_name_of_another_member_opens_nothing_that_the_token_does_not(attacker: Attacker, host: str) -> None:
    head = "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{key}\r\n"
    key = "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n"
    answer = await attacker.request(head.format(path="/?token=wrong", host=host, key=key))
    assert b" 401 " in answer


async def test_who_asks_for_another_name_gets_no_other_certificate(member: Followed) -> None:
    """There is one certificate, for all members: a name in the TLS handshake chooses nothing."""
    served = set()
    for name in ("drone-192-0-2-9.pixel.test", "evil.example", "a" * 63 + ".example"):
        _, writer = await asyncio.wait_for(
            asyncio.open_connection("127.0.0.1", member.service.http_port, ssl=Attacker.tls(), server_hostname=name),
            SOON,
        )
        served.add(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
        writer.transport.abort()
    assert len(served) == 1
