"""The certificate, and the way from HTTP to HTTPS."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from pixel.signalling.settings import TlsSettings
from pixel.signalling.tls import Certificate, CertificateError

from .conftest import Running, Start, configured, heard, say, write_certificate


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.fixture
async def secure(start: Start, tmp_path: Path) -> Running:
    certificate, key = write_certificate(tmp_path, "first")
    return await start(configured(tls={"certificate": certificate, "key": key, "poll": 0.05}))


async def served_name(running: Running) -> str:
    """Return the name in the certificate that a new connection is shown."""
    _, writer = await asyncio.open_connection("127.0.0.1", running.service.http_port, ssl=trusting())
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return str(x509.load_der_x509_certificate(shown).subject.rfc4514_string())


async def test_players_come_over_tls(secure: Running) -> None:
    player = await secure.connect(secure.url("/", "wss"), ssl=trusting())
    assert (await heard(player))["type"] == "config"


async def test_a_changed_certificate_is_served_without_dropping_anybody(secure: Running, tmp_path: Path) -> None:
    player = await secure.connect(secure.url("/", "wss"), ssl=trusting())
    await heard(player)
    assert await served_name(secure) == "CN=first"
    write_certificate(tmp_path, "second")
    async with asyncio.timeout(5):
        while await served_name(secure) != "CN=second":
            await asyncio.sleep(0.02)
    await say(player, type="ping", time=1)
    assert await heard(player) == {"type": "pong", "time": 1}


def test_a_broken_pair_leaves_the_good_one_in_place(tmp_path: Path) -> None:
    paths = write_certificate(tmp_path, "good")
    served = Certificate(TlsSettings(certificate=paths[0], key=paths[1]))
    other = tmp_path / "other"
    other.mkdir()
    write_certificate(other, "other")
    Path(paths[1]).write_bytes((other / "key.pem").read_bytes())
    served.refresh()
    assert shown_by(served.context) == "CN=good"


def shown_by(context: ssl.SSLContext) -> str:
    """Return the name in the certificate that a handshake with the context shows."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(to_server, to_client, server_side=True)
    client = trusting().wrap_bio(to_client, to_server)
    for side in (client, server, client, server):
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()
    shown = client.getpeercert(binary_form=True)
    assert shown
    return str(x509.load_der_x509_certificate(shown).subject.rfc4514_string())


async def test_plain_http_is_shown_the_way(secure: Running) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{secure.service.redirect_port}/player.js?x=1")
    assert answer.status_code == 308
    assert answer.headers["Location"] == f"https://127.0.0.1:{secure.service.http_port}/player.js?x=1"


@pytest.mark.parametrize("host", ["evil.example.org/x", "a b", ""])
async def test_a_strange_host_is_not_redirected_to(secure: Running, host: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", secure.service.redirect_port)
    writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert b" 400 " in await reader.readline()
    writer.close()


async def test_a_client_that_speaks_no_tls_disturbs_nobody(secure: Running) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", secure.service.http_port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    await writer.drain()
    writer.close()
    await test_players_come_over_tls(secure)


def test_a_missing_certificate_is_named(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match=r"tls\.certificate .*nowhere\.pem cannot be read: No such file"):
        Certificate(TlsSettings(certificate=str(tmp_path / "nowhere.pem"), key=str(tmp_path / "key.pem")))


def test_a_key_that_belongs_to_another_certificate_is_refused(tmp_path: Path) -> None:
    certificate, _ = write_certificate(tmp_path, "one")
    other = tmp_path / "other"
    other.mkdir()
    _, key = write_certificate(other, "other")
    with pytest.raises(CertificateError, match="KEY_VALUES_MISMATCH"):
        Certificate(TlsSettings(certificate=certificate, key=key))
