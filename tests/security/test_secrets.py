"""What a member writes and answers, looked through for everything that it must keep to itself."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest

from pixel.signalling.access import Access
from pixel.signalling.settings import Settings, WebRtcSettings
from pixel.signalling.tls import CertificateError, load, new_context

from .attacker import Followed, heard, say
from .conftest import CONTROLLER, PLAYER, Start, attacker_of, soon

TURN_SECRET = "the-turn-servers-shared-secret"
SDP = "v=0 a=ice-pwd:SESSION-DESCRIPTION"
COMMAND = "a command with PRIVATE content"
REPLY = "a reply with PRIVATE content"
GUESS = "a-token-somebody-guessed-wrongly"
SECRETS = (PLAYER, CONTROLLER, TURN_SECRET, SDP, COMMAND, REPLY, GUESS, "ice-pwd", "PRIVATE KEY")


def found_in(text: str) -> list[str]:
    """Return the secrets that a text shows."""
    return [secret for secret in SECRETS if secret in text]


async def live_through_everything(member: Followed) -> str:
    """Have every role come, speak, misbehave and go; return all that a stranger was answered meanwhile."""
    stranger = attacker_of(member)
    streamer = await member.streamer()
    player = await member.connect("/", PLAYER)
    config = str(await heard(player))
    assert TURN_SECRET not in config
    controller = await member.connect("/control", CONTROLLER)
    await say(player, type="subscribe", streamerId="Drone")
    assert (await heard(streamer))["type"] == "playerConnected"
    await say(player, type="offer", sdp=SDP)
    assert (await heard(streamer))["sdp"] == SDP
    await say(player, type="offer", sdp=[SDP])
    await player.send("nonsense " + SDP)
    await say(controller, command=COMMAND, id=1)
    assert (await heard(controller))["status"] == "delivered"
    await say(controller, command=[COMMAND], id=2)
    assert (await heard(controller))["status"] == "refused"
    answered = [
        await stranger.get(f"/?token={GUESS}"),
        await stranger.get(f"/player.json?token={GUESS}"),
        await stranger.upgrade(f"/?token={GUESS}"),
        await stranger.upgrade(Authorization=f"Bearer {GUESS}"),
        await stranger.get("/metrics"),
        await stranger.get("/readyz"),
        await stranger.get(f"/nothing?token={GUESS}"),
        await stranger.request(f"GET /?token={GUESS} HTTP/1.1\r\nHost: x\r\n\r\n", tls=False),
        await stranger.request(f"BAD /?token={GUESS}\r\n\r\n"),
    ]
    await player.close(1000, SDP[:100])
    await controller.close()
    await streamer.close()
    await soon(lambda: member.service._present()["sockets"] == 0)
    return b"\n".join(answered).decode("utf-8", "replace")


async def test_nothing_secret_is_logged_or_told_to_strangers(written: io.StringIO, start: Start) -> None:
    member = await start(webrtc={"turn_urls": ("turn:turn.example.org",), "turn_secret": TURN_SECRET})
    answered = await live_through_everything(member)
    logged = written.getvalue()
    assert '"refused"' in logged
    assert '"disconnected"' in logged
    assert found_in(logged.replace(SDP[:100], "")) == []
    assert found_in(answered) == []


async def test_a_redirect_keeps_a_token_in_the_address_from_nobody_who_had_it_and_from_the_log(
    written: io.StringIO, member: Followed
) -> None:
    head = f"GET /?token={GUESS} HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = await attacker_of(member).request(head, port=member.service.redirect_port, tls=False)
    assert b" 308 " in answer
    assert found_in(written.getvalue()) == []


async def test_strangers_at_the_door_are_no_traceback_each(written: io.StringIO, member: Followed) -> None:
    stranger = attacker_of(member)
    for sent in (b"", b"\x00" * 100, b"GET\r\n\r\n", b"\x16\x03\x01" * 50):
        connection = await stranger.raw()
        await connection.send(sent)
        connection.writer.transport.abort()
    connection = await stranger.raw(tls=False)
    await connection.send(b"no TLS at all")
    await connection.rest()
    assert b"ok" in await stranger.get("/healthz")
    assert "Traceback" not in written.getvalue()


def test_settings_show_no_secret(settings: Settings) -> None:
    turn = WebRtcSettings(turn_urls=("turn:turn.example.org",), turn_secret=TURN_SECRET)
    assert TURN_SECRET not in repr(replace(settings, webrtc=turn))
    assert PLAYER not in repr(settings)
    assert PLAYER not in repr(vars(Access(settings.access)))


def test_an_error_about_the_key_s_file_shows_nothing_of_the_key(settings: Settings, tmp_path: Path) -> None:
    key = Path(settings.tls.key).read_text()
    broken = tmp_path / "broken.pem"
    broken.write_text(key[: len(key) // 2])
    with pytest.raises(CertificateError) as failed:
        load(new_context(), replace(settings.tls, key=str(broken)))
    assert not [line for line in key.splitlines() if line and line in str(failed.value)]
