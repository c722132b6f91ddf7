"""Who is let in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import logging
import time
from collections.abc import Iterator

import pytest
import structlog
from websockets.exceptions import InvalidStatus

from pixel.signalling import logs
from pixel.signalling.access import Access, Failures, Pass
from pixel.signalling.settings import AccessSettings
from pixel.signalling.turn import turn_credentials

from .conftest import Running, Start, closed, configured, digest, eventually, heard, say

TOKENS = {"mode": "tokens", "players": (digest("player's"),), "controllers": (digest("controller's"),)}


@pytest.fixture
async def guarded(start: Start) -> Running:
    return await start(configured(access=TOKENS))


async def refusal(running: Running, path: str, **options: object) -> int:
    with pytest.raises(InvalidStatus) as refused:
        await running.connect(running.url(path, "ws"), **options)
    return refused.value.response.status_code


def bearer(token: str) -> dict[str, object]:
    return {"additional_headers": {"Authorization": f"Bearer {token}"}}


async def test_a_token_in_the_address_opens_the_door(guarded: Running) -> None:
    await guarded.player("/?token=player's")


async def test_a_token_in_a_header_opens_the_door(guarded: Running) -> None:
    await guarded.player(**bearer("player's"))
    await guarded.controller(**bearer("controller's"))


@pytest.mark.parametrize("path", ["/", "/?token=", "/?token=wrong", "/control", "/control?token=wrong"])
async def test_without_a_valid_token_nothing_is_told(guarded: Running, path: str) -> None:
    assert await refusal(guarded, path) == 401


async def test_a_player_s_token_gives_no_control(guarded: Running) -> None:
    assert await refusal(guarded, "/control?token=player's") == 403


async def test_a_controller_s_token_makes_no_player(start: Start) -> None:
    running = await start(configured(access=TOKENS, commands={"compatibility": False}))
    assert await refusal(running, "/?token=controller's") == 403


async def test_a_streamer_needs_its_token_once_there_is_one(start: Start) -> None:
    running = await start(configured(access={**TOKENS, "streamers": (digest("streamer's"),)}))
    url = f"ws://127.0.0.1:{running.service.streamer_port}/"
    with pytest.raises(InvalidStatus):
        await running.connect(url)
    await running.connect(f"{url}?token=streamer's")


async def test_the_command_peer_s_path_is_closed_to_others(running: Running) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await running.connect(f"ws://127.0.0.1:{running.service.streamer_port}/command-peer?token=")
    assert refused.value.response.status_code == 401


async def test_guessing_is_stopped(start: Start) -> None:
    running = await start(configured(access={**TOKENS, "failures_per_minute": 3}))
    assert [await refusal(running, "/?token=wrong") for _ in range(4)] == [401, 401, 401, 429]
    assert await refusal(running, "/?token=player's") == 429


async def test_a_page_from_elsewhere_with_a_token_may_connect(guarded: Running) -> None:
    await guarded.player("/?token=player's", origin="https://scratch.example.org")


async def test_a_list_of_origins_holds_for_pages_with_a_token_too(start: Start) -> None:
    running = await start(configured(access=TOKENS, http={"origins": ("https://notebook.example.org",)}))
    assert await refusal(running, "/?token=player's", origin="https://evil.example.org") == 403


async def test_without_tokens_a_page_from_elsewhere_may_not_connect(running: Running) -> None:
    assert await refusal(running, "/", origin="https://evil.example.org") == 403


async def test_a_page_from_here_may_connect(running: Running) -> None:
    await running.player(origin=running.url("").rstrip("/"))


async def test_a_page_from_an_allowed_origin_may_connect(start: Start) -> None:
    running = await start(configured(http={"origins": ("https://notebook.example.org",)}))
    await running.player(origin="https://notebook.example.org")


async def test_a_new_session_s_tokens_take_the_place_of_the_old_ones(guarded: Running) -> None:
    old = await guarded.player("/?token=player's")
    guarded.service.admit(digest("new"), digest("new control"))
    assert await closed(old) == (1008, "the session has ended")
    assert await refusal(guarded, "/?token=player's") == 401
    await guarded.player("/?token=new")
    await guarded.controller("/control?token=new%20control")


async def test_between_sessions_nobody_comes_in(guarded: Running) -> None:
    guarded.service.admit(None, None)
    assert await refusal(guarded, "/?token=player's") == 401


async def test_admitting_the_same_session_again_disturbs_nobody(guarded: Running) -> None:
    guarded.service.admit(digest("player's"), digest("controller's"))
    player = await guarded.player("/?token=player's")
    guarded.service.admit(digest("player's"), digest("controller's"))
    pong = await player.ping()
    await pong
    assert player.close_code is None


async def test_each_peer_gets_turn_credentials_of_its_own(start: Start) -> None:
    running = await start(
        configured(
            webrtc={
                "peer_connection_options": {"iceServers": [{"urls": "stun:stun.example.org"}]},
                "turn_urls": ("turn:turn.example.org:3478",),
                "turn_secret": "shared",
                "turn_ttl": 600,
            }
        )
    )
    usernames = set()
    for _ in range(2):
        config = await heard(await running.connect(running.url("/", "ws")))
        stun, turn = config["peerConnectionOptions"]["iceServers"]
        assert stun == {"urls": "stun:stun.example.org"}
        assert turn["urls"] == ["turn:turn.example.org:3478"]
        expected = hmac.new(b"shared", turn["username"].encode(), hashlib.sha1).digest()
        assert base64.b64decode(turn["credential"]) == expected
        assert 590 < int(turn["username"].partition(":")[0]) - time.time() <= 600
        usernames.add(turn["username"].partition(":")[2])
    assert usernames == {"Player0", "Player1"}


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the service logs, to the last detail."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers, root.level
    logs.configure("debug", stream)
    yield stream
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)


async def test_no_token_and_no_session_description_is_logged(written: io.StringIO, start: Start) -> None:
    running = await start(configured(access=TOKENS))
    streamer = await running.streamer()
    player = await running.player("/?token=player's")
    await running.controller(**bearer("controller's"))
    assert await refusal(running, "/?token=wrong-token") == 401
    await say(player, type="offer", sdp="v=0 secret-description")
    await heard(streamer)
    await say(player, type="offer", sdp=["secret-description"])
    await player.close()
    await eventually(lambda: "Player0 left" in running.follower.told)
    assert '"event": "connected"' in written.getvalue()
    for secret in ("player's", "controller's", "wrong-token", "secret-description", *TOKENS["players"]):
        assert secret not in written.getvalue()


def test_turn_credentials_are_coturn_s() -> None:
    # Computed with: printf 1700000000:Player0 | openssl dgst -sha1 -hmac secret -binary | base64
    assert turn_credentials("secret", "Player0", 1700000000) == ("1700000000:Player0", "LEQ+0/bid3Pp0beqRCfi33/w2M8=")


def test_one_token_may_stand_for_one_role_only() -> None:
    access = Access(AccessSettings(players=(digest("a"),), controllers=(digest("b"),)))
    assert access.role_of("a") == Pass("player", digest("a"))
    assert access.role_of("b") == Pass("controller", digest("b"))
    assert access.role_of(None) is None
    assert access.role_of("\ud800") is None


def test_without_tokens_an_admitted_session_changes_nothing() -> None:
    access = Access(AccessSettings(mode="none"))
    assert not access.admit(digest("a"), None)
    assert access.role_of(None) == Pass(None)


class TestFailures:
    def test_credit_comes_back_with_time(self) -> None:
        now = [0.0]
        failures = Failures(2, lambda: now[0])
        failures.add("192.0.2.1")
        failures.add("192.0.2.1")
        assert failures.blocked_for("192.0.2.1") == pytest.approx(30)
        now[0] = 31
        assert failures.blocked_for("192.0.2.1") == 0

    def test_another_address_is_not_concerned(self) -> None:
        failures = Failures(1, lambda: 0.0)
        failures.add("192.0.2.1")
        assert failures.blocked_for("192.0.2.2") == 0

    def test_the_addresses_of_one_ipv6_subscriber_count_together(self) -> None:
        failures = Failures(1, lambda: 0.0)
        failures.add("2001:db8::1")
        assert failures.blocked_for("2001:db8::2") > 0
        assert failures.blocked_for("2001:db8:0:1::1") == 0

    def test_memory_is_bounded(self) -> None:
        failures = Failures(1, lambda: 0.0, remembered=10)
        for number in range(1000):
            failures.add(f"192.0.2.{number}")
        assert failures.blocked_for("192.0.2.0") == 0
        assert failures.blocked_for("192.0.2.999") > 0
