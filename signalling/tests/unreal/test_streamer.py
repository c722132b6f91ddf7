"""A synthetic Unreal's conversation with the service."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from .conftest import Counterpart, Start, hear, say


async def test_it_gives_its_name_when_asked(unreal: Start) -> None:
    async with unreal(streamer_id="Drone") as counterpart:
        service = await counterpart.connection()
        await say(service, type="identify")

        assert await hear(service) == {"type": "endpointId", "id": "Drone"}


async def test_it_offers_to_a_player_that_subscribes_and_sends_its_addresses_apart(unreal: Start) -> None:
    async with unreal() as counterpart:
        service = await counterpart.connection()
        await say(service, type="playerConnected", playerId="Player0", dataChannel=True, sfu=False)

        offer, candidate = await hear(service), await hear(service)

    assert (offer["type"], offer["playerId"]) == ("offer", "Player0")
    assert "a=candidate" not in offer["sdp"]
    assert [line for line in offer["sdp"].splitlines() if line.startswith("m=")] != []
    assert (candidate["type"], candidate["playerId"]) == ("iceCandidate", "Player0")
    assert candidate["candidate"]["candidate"].startswith("candidate:")


@pytest.mark.parametrize("kind", ["identify", "playerConnected", "streamerList"])
async def test_unreal_4_closes_at_a_message_it_does_not_know(unreal: Start, kind: str) -> None:
    async with unreal(legacy=True) as counterpart:
        service = await counterpart.connection()
        await say(service, type=kind, playerId="101")

        assert await closed(service) == (4001, f"Unsupported message received: {kind}")


async def test_unreal_4_wants_players_with_numbers(unreal: Start) -> None:
    async with unreal(legacy=True) as counterpart:
        service = await counterpart.connection()
        await say(service, type="offer", playerId="Player0", sdp="")

        assert await closed(service) == (4001, "Missing playerId in offer")


@pytest.mark.parametrize("frame", ["", "null", "[]", '{"no": "type"}', '{"type": 7}'])
async def test_it_closes_at_what_is_no_message(unreal: Start, frame: str) -> None:
    async with unreal() as counterpart:
        service = await counterpart.connection()
        await service.send(frame)

        assert await closed(service) == (4001, "Cannot parse the message")


async def test_it_comes_back_when_the_service_has_gone(unreal: Start) -> None:
    async with unreal() as counterpart:
        await (await counterpart.connection()).close(1001, "restarting")
        service = await counterpart.connection()
        await say(service, type="identify")

        assert (await hear(service))["type"] == "endpointId"
        event = await counterpart.wait_for("disconnected")
        assert (event["code"], event["reason"]) == (1001, "restarting")


@pytest.mark.parametrize("player", [101, "101"])
async def test_unreal_4_answers_a_browsers_offer_and_an_interaction(unreal: Start, player: object) -> None:
    browser = RTCPeerConnection()
    channel = browser.createDataChannel("cirrus")
    replies: asyncio.Queue[bytes] = asyncio.Queue()
    channel.on("open", lambda: channel.send(b"\x32\x02\x00h\x00i\x00"))
    channel.on("message", replies.put_nowait)
    async with unreal(legacy=True) as counterpart:
        service = await counterpart.connection()
        await browser.setLocalDescription(await browser.createOffer())
        await say(service, type="offer", playerId=player, sdp=browser.localDescription.sdp)
        await connect(browser, service)

        assert await asyncio.wait_for(replies.get(), 20) == b"\x01" + "done: hi".encode("utf-16-le")
        await say(service, type="playerDisconnected", playerId=player)
        await counterpart.wait_for("left")
    await browser.close()

    assert interactions(counterpart) == [("101", "hi")]


async def connect(browser: RTCPeerConnection, service: ServerConnection) -> None:
    """Give the browser Unreal's answer, with the address of Unreal in it."""
    answer, candidate = await hear(service), await hear(service)
    assert answer["type"] == "answer"
    assert answer["playerId"] == 101
    sdp = answer["sdp"] + f"a={candidate['candidate']['candidate']}\r\na=end-of-candidates\r\n"
    await browser.setRemoteDescription(RTCSessionDescription(sdp, "answer"))


async def closed(connection: ServerConnection) -> tuple[int | None, str | None]:
    with pytest.raises(ConnectionClosed):
        while True:
            json.loads(await asyncio.wait_for(connection.recv(), 20))
    return connection.close_code, connection.close_reason


def interactions(counterpart: Counterpart) -> list[tuple[str, str]]:
    return [(e["player"], e["descriptor"]) for e in counterpart.journal if e["event"] == "interaction"]
