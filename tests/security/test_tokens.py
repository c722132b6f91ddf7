"""Attacks on tokens: guessing, timing, replaying, and what they open."""

from __future__ import annotations

import hmac
import time
from itertools import product
from types import SimpleNamespace

import pytest

from pixel.signalling import access as access_module
from pixel.signalling.access import Access
from pixel.signalling.settings import AccessSettings
from pixel.tokens import digest, mint

from .attacker import Attacker, Followed, heard
from .conftest import CONTROLLER, PLAYER, SECRET, SESSION, Start, attacker_of

GUESSES = {
    "none": "",
    "an empty one": "?token=",
    "a wrong one": "?token=" + "A" * 43,
    "the right one's beginning": f"?token={PLAYER[:-1]}",
    "the right one and more": f"?token={PLAYER}A",
    "the right one in capitals": f"?token={PLAYER.upper()}",
    "the right one's digest": f"?token={digest(PLAYER)}",
    "one that ends early": f"?token={PLAYER}%00",
    "a long one": "?token=" + "A" * 6000,
    "half a character": "?token=%ff%fe",
    "half a surrogate": "?token=%ed%a0%80",
    "a second one that is right": f"?token=wrong&token={PLAYER}",
}


@pytest.mark.parametrize("path", ["/", "/control"])
@pytest.mark.parametrize("query", GUESSES.values(), ids=GUESSES.keys())
async def test_a_guess_opens_nothing(attacker: Attacker, path: str, query: str) -> None:
    assert b" 401 " in await attacker.upgrade(path + query)


@pytest.mark.parametrize("header", ["Basic {}", "bearer{}", "Bearer  ", "Token {}", "Bearer {} x", "Bearer wrong"])
async def test_a_token_in_another_form_opens_nothing(attacker: Attacker, header: str) -> None:
    assert b" 401 " in await attacker.upgrade(Authorization=header.format(PLAYER))


async def test_a_header_with_a_wrong_token_is_not_mended_by_the_address(attacker: Attacker) -> None:
    assert b" 401 " in await attacker.upgrade(f"/?token={PLAYER}", Authorization="Bearer wrong")


async def test_guessing_is_stopped_for_the_guesser_alone(start: Start) -> None:
    member = await start(access={"failures_per_minute": 3})
    guesser, player = attacker_of(member), attacker_of(member)
    assert [await guesser.status("/", f"guess-{n}") for n in range(5)] == [401, 401, 401, 429, 429]
    assert await guesser.status("/", PLAYER) == 429
    assert await player.status("/", PLAYER) == 101


async def test_guessing_at_the_page_s_own_question_is_stopped_too(start: Start) -> None:
    guesser = attacker_of(await start(access={"failures_per_minute": 3}))
    answers = [await guesser.get("/player.json", Authorization=f"Bearer guess-{n}") for n in range(5)]
    assert [answer.split()[1] for answer in answers] == [b"401", b"401", b"401", b"429", b"429"]


async def test_a_guesser_learns_nothing_from_how_it_is_refused(attacker: Attacker) -> None:
    answers = {(await attacker.upgrade(f"/?token={guess}")) for guess in ("", "A" * 43, PLAYER[:-1])}
    assert len(answers) == 1


DIGESTS = [digest(str(number)) for number in range(6)]


@pytest.mark.parametrize("token", ["0", "2", "5", "none of them", ""])
def test_as_much_is_compared_whatever_is_guessed(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each digest is compared with each stored one in constant time, whichever is right: so time tells nothing.

    Seen in the comparisons themselves: measured times vary with the machine more than with what is compared.
    """
    compared: list[tuple[int, str]] = []

    def compare(one: str, other: str) -> bool:
        compared.append((len(one), other))
        return hmac.compare_digest(one, other)

    monkeypatch.setattr(access_module, "hmac", SimpleNamespace(compare_digest=compare))
    access = Access(AccessSettings(players=tuple(DIGESTS[:3]), controllers=tuple(DIGESTS[3:])))
    access.role_of(token)
    assert compared == [(64, stored) for stored in DIGESTS]


def test_only_digests_are_kept_of_tokens() -> None:
    access = Access(AccessSettings(players=(digest(PLAYER),)))
    assert PLAYER not in repr(vars(access))


def test_each_token_is_for_one_session_generation_and_role() -> None:
    made = {
        mint(SECRET, session, generation, role)
        for session, generation, role in product((SESSION, "b" * 26), (1, 11, 2), ("player", "controller"))  # type: ignore[arg-type] # roles
    }
    assert len(made) == 12


# Replaying


async def test_an_ended_session_s_token_opens_nothing_in_the_next_one(member: Followed) -> None:
    attacker = attacker_of(member)
    assert await attacker.status("/", PLAYER) == 101
    player, controller = (mint(SECRET, SESSION, 8, role) for role in ("player", "controller"))
    member.service.admit(digest(player), digest(controller))
    assert await attacker.status("/", PLAYER) == 401
    assert await attacker.status("/control", CONTROLLER) == 401
    assert await attacker.status("/", player) == 101


async def test_between_sessions_no_token_opens_anything(member: Followed) -> None:
    member.service.admit(None, None)
    attacker = attacker_of(member)
    assert [await attacker.status(path, token) for path in ("/", "/control") for token in (PLAYER, CONTROLLER)] == [
        401
    ] * 4


async def test_a_token_of_another_member_opens_nothing(member: Followed) -> None:
    assert await attacker_of(member).status("/", mint(SECRET, "b" * 26, 7, "player")) == 401


# TURN


TURN = {"turn_urls": ("turn:turn.example.org:3478",), "turn_secret": "the TURN server's own secret", "turn_ttl": 600}


async def test_turn_credentials_are_each_player_s_own_and_end_with_the_session(start: Start) -> None:
    member = await start(webrtc=TURN)
    servers = []
    for _ in range(2):
        config = await heard(await member.connect("/", PLAYER))
        (server,) = config["peerConnectionOptions"]["iceServers"]
        servers.append(server)
        assert int(server["username"].partition(":")[0]) <= time.time() + 600
        assert TURN["turn_secret"] not in str(config)
    assert servers[0]["username"] != servers[1]["username"]
    assert servers[0]["credential"] != servers[1]["credential"]


async def test_without_a_token_no_turn_credentials_leave(start: Start) -> None:
    attacker = attacker_of(await start(webrtc=TURN))
    for path in ("/", "/control", "/?token=wrong"):
        connection = await attacker.raw()
        head = f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        key = "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        await connection.send((head + key).encode())
        assert b"turn" not in await connection.rest()
    assert b"turn" not in await attacker.get("/player.json")
