"""What plain HTTP requests are answered."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from pixel.signalling import service as service_module
from pixel.signalling.site import read_page

from .conftest import Running, Start, configured, digest, say


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page of a few files, which the service serves."""
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html><title>page</title>")
    (folder / "player.js").write_text("start();" * 100)
    (folder / "player.js.gz").write_bytes(gzip.compress((folder / "player.js").read_bytes()))
    (folder / "icon.svg").write_text("<svg/>")
    (folder / ".hidden").write_text("no")
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.setattr(service_module, "installed_page", lambda: read_page(folder))
    return folder


@pytest.fixture
async def browser(page: Path, running: Running) -> AsyncIterator[httpx.AsyncClient]:
    assert page
    async with httpx.AsyncClient(base_url=running.url(""), trust_env=False) as client:
        yield client


async def test_the_page_is_served_with_its_type(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "page" in answer.text


async def test_a_compressed_file_is_served_to_who_takes_it(browser: httpx.AsyncClient) -> None:
    compressed = await browser.get("/player.js", headers={"Accept-Encoding": "br, gzip"})
    plain = await browser.get("/player.js", headers={"Accept-Encoding": "gzip;q=0"})
    assert compressed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert compressed.text == plain.text
    assert compressed.headers["ETag"] != plain.headers["ETag"]
    assert compressed.headers["Vary"] == "Accept-Encoding"


async def test_a_file_that_has_not_changed_is_not_sent_again(browser: httpx.AsyncClient) -> None:
    etag = (await browser.get("/player.js")).headers["ETag"]
    again = await browser.get("/player.js", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


async def test_head_tells_the_length_without_the_body(browser: httpx.AsyncClient) -> None:
    head = await browser.head("/player.js", headers={"Accept-Encoding": "identity"})
    assert head.content == b""
    assert head.headers["Content-Length"] == "800"


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "//secret.txt",
        "/.hidden",
        "/player.js/",
        "/page/index.html",
        "/..%2fsecret.txt",
    ],
)
async def test_nothing_but_the_page_is_served(browser: httpx.AsyncClient, running: Running, path: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", running.service.http_port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())  # as it is: a client would tidy the path
    status = await reader.readline()
    writer.close()
    assert b" 404 " in status


async def test_scripts_and_frames_are_confined(start: Start, page: Path) -> None:
    assert page
    running = await start(configured(http={"frame_ancestors": ("'self'", "https://notebook.example.org")}))
    async with httpx.AsyncClient(trust_env=False) as client:
        policy = (await client.get(running.url())).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'self' https://notebook.example.org" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
async def test_nothing_can_be_changed(browser: httpx.AsyncClient, method: str) -> None:
    assert (await browser.request(method, "/")).status_code == 405


async def test_health_is_not_readiness(browser: httpx.AsyncClient, running: Running) -> None:
    assert (await browser.get("/healthz")).status_code == 200
    assert (await browser.get("/readyz")).status_code == 503
    await running.streamer()
    ready = await browser.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"streamer": True, "accepting": True})
    running.service.refuse_newcomers("over")
    assert (await browser.get("/readyz")).status_code == 503


async def test_the_page_can_ask_what_awaits_it(browser: httpx.AsyncClient, running: Running) -> None:
    assert (await browser.get("/player.json")).json() == {"legacy": False, "streamer": False}
    await running.streamer()
    assert (await browser.get("/player.json")).json() == {"legacy": False, "streamer": True}
    running.service.refuse_newcomers("the session is over")
    over = await browser.get("/player.json")
    assert (over.status_code, over.text.strip()) == (503, "the session is over")


async def test_the_page_can_ask_whether_its_token_is_good(start: Start) -> None:
    access = {"mode": "tokens", "players": (digest("good"),), "failures_per_minute": 1}
    running = await start(configured(access=access))
    async with httpx.AsyncClient(base_url=running.url(""), trust_env=False) as client:
        statuses = [
            (await client.get("/player.json", headers={"Authorization": f"Bearer {token}"})).status_code
            for token in ("good", "bad", "bad")
        ]
    assert statuses == [200, 401, 429]


async def test_metrics_count_what_happens(running: Running, browser: httpx.AsyncClient) -> None:
    _streamer, player = await running.watched()
    await player.send("nonsense")
    await say(player, type="ping", time=1)
    await player.recv()
    text = (await browser.get("/metrics")).text
    assert "pixel_players 1.0" in text
    assert "pixel_streamers 1.0" in text
    assert 'pixel_frames_received_total{role="player"} 3.0' in text
    assert 'pixel_frames_ignored_total{role="player"} 1.0' in text


async def test_metrics_are_for_known_networks(start: Start) -> None:
    running = await start(configured(http={"metrics_networks": ("10.0.0.0/8",)}))
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(running.url("/metrics"))).status_code == 403


async def test_a_request_with_a_body_is_dropped_and_disturbs_nobody(browser: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await browser.post("/", content=b"x" * 100)
    assert (await browser.get("/healthz")).status_code == 200
