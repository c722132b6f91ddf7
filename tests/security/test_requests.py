"""Attacks with headers and origins, and on those who look at the page."""

from __future__ import annotations

import asyncio
from html.parser import HTMLParser

import pytest

from pixel.signalling.site import Asset, installed_page

from .attacker import SOON, Attacker, Followed
from .conftest import PLAYER, Start, attacker_of

OURS = "https://notebook.example.org"
EVIL = "https://evil.example"


# Origins: what a page elsewhere can do with its reader's browser


@pytest.mark.parametrize("origin", [EVIL, "null", f"{OURS}.evil.example", OURS.replace("https", "http"), f"{OURS}:444"])
async def test_a_page_that_is_not_listed_opens_no_socket_even_with_the_token(start: Start, origin: str) -> None:
    attacker = attacker_of(await start(http={"origins": (OURS,)}))
    assert await attacker.status("/", PLAYER, origin=origin) == 403
    assert await attacker.status("/", PLAYER, origin=OURS) == 101


async def test_a_listed_origin_does_not_cover_another_beside_it(start: Start) -> None:
    attacker = attacker_of(await start(http={"origins": (OURS,)}))
    twice = f"{OURS}\r\nOrigin: {EVIL}"
    assert b" 403 " in await attacker.upgrade(f"/?token={PLAYER}", Origin=twice)


async def test_a_forged_host_does_not_make_another_page_ours(start: Start) -> None:
    attacker = attacker_of(await start(http={"origins": (OURS,)}))
    forged = f"evil.example\r\nHost: 127.0.0.1:{attacker.member.service.http_port}"
    assert b" 101 " not in await attacker.upgrade(f"/?token={PLAYER}", Origin=EVIL, X_Forwarded_Host=forged)


async def test_a_name_that_its_owner_has_pointed_here_gives_no_page_a_socket(start: Start) -> None:
    """DNS rebinding: only a service without token and without certificate relies on the origin alone."""
    member = await start(access={"mode": "none"}, tls={"certificate": "", "key": ""})
    attacker, port = attacker_of(member), member.service.http_port
    rebound = (
        "GET / HTTP/1.1\r\nHost: evil.example:{0}\r\nOrigin: http://evil.example:{0}\r\nUpgrade: websocket\r\n\r\n"
    )
    assert b" 403 " in await attacker.request(rebound.format(port), tls=False)


async def test_a_page_cannot_pose_as_unreal_on_the_machine_where_it_is_looked_at(member: Followed) -> None:
    attacker = attacker_of(member)
    for origin in (EVIL, "null", "http://127.0.0.1.evil.example", "http://localhost.evil.example"):
        head = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:8888\r\nOrigin: {origin}\r\nUpgrade: websocket\r\n\r\n"
        answer = await attacker.request(head, port=member.service.streamer_port, tls=False)
        assert b" 403 " in answer, origin


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8888", "127.0.0.1", "ws://localhost:8888"])
async def test_what_unreal_sends_as_its_origin_is_no_page(start: Start, member: Followed, origin: str) -> None:
    head = (
        f"GET / HTTP/1.1\r\nHost: x\r\nOrigin: {origin}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    connection = await attacker_of(member).raw(port=member.service.streamer_port, tls=False)
    await connection.send(head.encode())
    assert b" 101 " in await asyncio.wait_for(connection.reader.readline(), SOON)


# Headers


@pytest.mark.parametrize("header", ["X_Forwarded_For", "Forwarded", "X_Real_IP", "True_Client_IP"])
async def test_an_address_that_is_only_claimed_does_not_reset_the_count_of_failures(start: Start, header: str) -> None:
    attacker = attacker_of(await start(access={"failures_per_minute": 2}))
    answers = [await attacker.upgrade("/?token=wrong", **{header: f"198.51.100.{n}"}) for n in range(4)]
    assert [answer.split()[1] for answer in answers] == [b"401", b"401", b"429", b"429"]


@pytest.mark.parametrize("header", ["X_Forwarded_For", "X_Real_IP"])
async def test_an_address_that_is_only_claimed_reads_no_metrics(start: Start, header: str) -> None:
    attacker = attacker_of(await start(http={"metrics_networks": ("10.0.0.0/8",)}))
    assert b" 403 " in await attacker.get("/metrics", **{header: "10.0.0.1"})


@pytest.mark.parametrize("host", ["", "evil.example/x", "evil.example\\x", "a b", "x" * 300, "é", "evil<script>"])
async def test_a_forged_host_is_not_repeated_in_a_redirect(member: Followed, host: str) -> None:
    attacker = attacker_of(member)
    head = f"GET /a HTTP/1.1\r\nHost: {host}\r\n\r\n".encode("latin-1")
    answer = await attacker.request(head, port=member.service.redirect_port, tls=False)
    assert b"Location" not in answer
    assert b" 301 " not in answer


async def test_nothing_in_a_path_adds_a_header_to_a_redirect(member: Followed) -> None:
    attacker, port = attacker_of(member), member.service.redirect_port
    for path in ("/%0d%0aSet-Cookie:%20a=b", "/\rSet-Cookie: a=b", "/\x0bSet-Cookie: a=b"):
        answer = await attacker.request(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n", port=port, tls=False)
        assert b"\nSet-Cookie" not in answer
        assert b"\rSet-Cookie" not in answer


async def test_a_second_request_behind_the_first_is_not_answered(attacker: Attacker) -> None:
    smuggled = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /player.json HTTP/1.1\r\nHost: x\r\n\r\n"
    assert b'"streamer"' not in await attacker.request(smuggled)


async def test_two_lengths_of_a_body_smuggle_nothing(attacker: Attacker) -> None:
    both = (
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    )
    assert b" 200 " not in await attacker.request(both)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "OPTIONS", "get"])
async def test_no_method_but_reading_is_answered(attacker: Attacker, method: str) -> None:
    answer = await attacker.request(f"{method} / HTTP/1.1\r\nHost: x\r\nCookie: a=TOP\r\n\r\n")
    assert b" 200 " not in answer
    assert b"TOP" not in answer


# Those who look at the page


async def test_the_page_runs_no_script_but_its_own_and_is_framed_by_nobody_else(attacker: Attacker) -> None:
    (policy,) = [
        line for line in (await attacker.get("/")).decode().splitlines() if line.startswith("Content-Security-Policy")
    ]
    directives = dict(part.strip().split(" ", 1) for part in policy.partition(": ")[2].split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == "'self'"
    assert directives["frame-ancestors"] == "'self'"
    assert directives["base-uri"] == directives["form-action"] == "'none'"
    assert "unsafe" not in policy
    assert "*" not in policy


async def test_a_forged_host_adds_nothing_to_the_page_s_policy(attacker: Attacker) -> None:
    answer = await attacker.request("GET / HTTP/1.1\r\nHost: x; script-src *\r\n\r\n")
    assert b"script-src *" not in answer


async def test_no_answer_tells_a_browser_more_than_it_must(attacker: Attacker) -> None:
    for path in ("/", "/healthz", "/nothing"):
        answer = (await attacker.get(path)).lower()
        assert b"x-content-type-options: nosniff" in answer
        assert b"\r\nserver:" not in answer
        assert b"access-control-allow-origin" not in answer
    assert b"referrer-policy: no-referrer" in (await attacker.get("/")).lower()


def test_a_page_s_type_is_never_guessed_by_the_browser() -> None:
    assert not [path for path, asset in shipped().items() if asset.content_type == "application/octet-stream"]


class Markup(HTMLParser):
    """What of a page could run, or load, what its policy does not allow."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one element."""
        if tag in ("script", "style") and "src" not in dict(attrs):
            self.wrong.append(tag)
        for name, value in attrs:
            if name.startswith("on") or name == "style" or (":" in (value or "") and name in ("src", "href", "action")):
                self.wrong.append(f"{tag} {name}")


def test_the_page_that_is_shipped_has_nothing_inline_and_loads_nothing_from_elsewhere() -> None:
    markup = Markup()
    markup.feed(shipped()["/"].plain.body.decode())
    assert markup.wrong == []


def shipped() -> dict[str, Asset]:
    """Return the page as it is installed."""
    page = installed_page()
    assert page, "the page has not been built: run 'make setup'"
    return page
