"""Attacks on the notebook's client: by who answers in the API's place, or in the member's."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from pixel.client.answers import Access, session_view
from pixel.client.api import open_api
from pixel.client.control import open_control
from pixel.client.errors import ApiUnreachable, MemberUnreachable, PixelError, SettingsError, UntrustedMember
from pixel.client.settings import Settings, resolve
from pixel.signalling.settings import TlsSettings

from .attacker import Followed
from .conftest import CONTROLLER, PLAYER

KEY = "an-api-key-that-nobody-else-may-see"
HOSTNAME = "drone-127-0-0-1.pixel.test"


@contextmanager
def serving(answer: bytes, tls: TlsSettings | None = None) -> Iterator[tuple[int, list[str]]]:
    """Answer every request alike; give the port, and what was heard."""
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer."""
            heard.append(f"{self.requestline}\n{self.headers}")
            self.wfile.write(answer)

        do_POST = do_GET  # noqa: N815 (the name http.server gives it)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name http.server gives it)
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(tls.certificate, tls.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_port, heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def redirect(port: int, scheme: str) -> bytes:
    """Return an answer that leads elsewhere."""
    return f"HTTP/1.1 307 Elsewhere\r\nLocation: {scheme}://127.0.0.1:{port}/\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.mark.parametrize(
    "address",
    [
        "http://api.example/v1",
        "http://127.0.0.1.evil.example/v1",
        "http://localhost.evil.example/v1",
        "http://user@evil.example/v1",
        "http://127.0.0.1@evil.example/v1",
        "HTTP://api.example",
        "ws://api.example",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "//api.example/v1",
        "https:/api.example",
    ],
)
def test_a_key_is_not_sent_in_the_clear(address: str) -> None:
    with pytest.raises(SettingsError):
        resolve(address, KEY, environ={})


async def test_a_redirect_takes_the_key_nowhere() -> None:
    with (
        serving(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") as (elsewhere, heard_there),
        serving(redirect(elsewhere, "http")) as (port, heard),
    ):
        async with open_api(Settings(f"http://127.0.0.1:{port}", KEY)) as api:
            with pytest.raises(PixelError):
                await api.create("drone", "k1")
    assert KEY in heard[0]
    assert heard_there == []


def access(**changed: Any) -> dict[str, Any]:
    """Return an answer of the API for a session that is ready."""
    ready = {
        "session": "s",
        "state": "ready",
        "ip": "127.0.0.1",
        "hostname": HOSTNAME,
        "url": f"https://{HOSTNAME}/#token={PLAYER}",
        "tokens": {"player": PLAYER, "controller": CONTROLLER},
    }
    return ready | changed


ELSEWHERE = {
    "a page without TLS": {"url": f"http://{HOSTNAME}/#token={PLAYER}"},
    "another's page": {"url": f"https://evil.example/#token={PLAYER}"},
    "a page that begins with the name": {"url": f"https://{HOSTNAME}@evil.example/#token={PLAYER}"},
    "a page below the name": {"url": f"https://{HOSTNAME}.evil.example/#token={PLAYER}"},
    "a page with somebody's name": {"url": f"https://user@{HOSTNAME}/#token={PLAYER}"},
    "a script": {"url": "javascript:alert(1)"},
    "another name": {"hostname": "evil.example"},
    "a name for an address": {"ip": "evil.example"},
    "an address with a path": {"ip": "127.0.0.1/x"},
}


@pytest.mark.parametrize("changed", ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_an_answer_that_leads_elsewhere_than_it_says_is_not_believed(changed: dict[str, Any]) -> None:
    assert session_view(access(), {}).access is not None
    with pytest.raises(ApiUnreachable):
        session_view(access(**changed), {})


def access_to(port: int) -> Access:
    """Return how to reach a member on this machine."""
    return Access("127.0.0.1", "127.0.0.1", f"https://127.0.0.1:{port}/#token={PLAYER}", CONTROLLER)


def trusting(tls: TlsSettings) -> ssl.SSLContext:
    """Return a context that trusts one certificate alone."""
    return ssl.create_default_context(cafile=tls.certificate)


async def test_a_member_s_redirect_takes_the_token_nowhere(tls: TlsSettings) -> None:
    with (
        serving(b"HTTP/1.1 200 OK\r\n\r\n", tls) as (elsewhere, heard_there),
        serving(redirect(elsewhere, "wss"), tls) as (port, heard),
        pytest.raises(MemberUnreachable),
    ):
        await open_control(access_to(port), trusting(tls), deque())
    assert CONTROLLER in heard[0]
    assert heard_there == []


async def test_a_token_is_not_shown_to_who_has_no_certificate_of_the_member(member: Followed) -> None:
    with pytest.raises(UntrustedMember):
        await open_control(access_to(member.service.http_port), ssl.create_default_context(), deque())
    assert member.service._present()["controllers"] == 0


async def test_a_certificate_for_another_name_is_not_accepted(tls: TlsSettings, member: Followed) -> None:
    port = member.service.http_port
    posing = Access("127.0.0.1", HOSTNAME, f"https://{HOSTNAME}:{port}/#token={PLAYER}", CONTROLLER)
    with pytest.raises(UntrustedMember):
        await open_control(posing, trusting(tls), deque())


async def test_a_member_that_never_answers_does_not_hold_the_client(tls: TlsSettings) -> None:
    async def nobody(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    server = await asyncio.start_server(nobody, "127.0.0.1", 0)
    try:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await open_control(access_to(server.sockets[0].getsockname()[1]), trusting(tls), deque())
    finally:
        server.close()
