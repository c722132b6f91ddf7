"""A service with TLS, a synthetic Unreal and a window of the browser, for each test its own.

The browser itself is shared by a module, and with it the event loop: tests here say `loop_scope="module"`.
"""

from __future__ import annotations

import hashlib
import shutil
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, async_playwright
from websockets.asyncio.client import ClientConnection, connect

from self_signed import self_signed

from .player_page import PlayerPage
from .processes import PATIENCE, Service, Unreal

PLAYER_TOKEN, CONTROLLER_TOKEN = "a-player's-token", "a-controller's-token"
NOTEBOOK = "https://notebook.test"

FLAGS = [
    # as the environment of an automated run needs it
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # addresses instead of multicast names, which need a network that carries them; and a notebook's page, from
    # somewhere else, may show this machine's, as it may show a member's, whose address is public
    "--disable-features=WebRtcHideLocalIpsWithMdns,LocalNetworkAccessChecks",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--screenshots", type=Path, metavar="DIR", help="write the pictures of the documentation into this folder"
    )


@pytest.fixture
def screenshots(request: pytest.FixtureRequest) -> Path | None:
    """Where the documentation's pictures go, when they are asked for: `pytest tests/browser --screenshots DIR`."""
    folder: Path | None = request.config.getoption("--screenshots", None)
    return folder


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for loopback, signed by itself, and its key."""
    return self_signed(["localhost", "127.0.0.1"]).written(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def dialect() -> str:
    """The age of Unreal: `modern` is 5, `legacy` 4.27. Tests of both are parametrized over it."""
    return "modern"


@pytest.fixture
def service_settings(certificate: tuple[Path, Path]) -> str:
    """The service's settings; a module or a test may bring others. It finds out itself how old Unreal is."""
    digests = {token: hashlib.sha256(token.encode()).hexdigest() for token in (PLAYER_TOKEN, CONTROLLER_TOKEN)}
    return f"""
        [http]
        host = "127.0.0.1"
        port = 0
        redirect_port = "off"
        frame_ancestors = ["'self'", "{NOTEBOOK}"]
        [tls]
        certificate = '{certificate[0]}'
        key = '{certificate[1]}'
        [streamer]
        port = 0
        [access]
        players = ["{digests[PLAYER_TOKEN]}"]
        controllers = ["{digests[CONTROLLER_TOKEN]}"]
    """


@pytest.fixture
def service(tmp_path: Path, service_settings: str) -> Iterator[Service]:
    """The signalling service."""
    with Service(tmp_path, service_settings) as running:
        yield running


@pytest.fixture
def unreal(service: Service, dialect: str) -> Iterator[Unreal]:
    """A synthetic Unreal, connected to the service."""
    legacy = dialect == "legacy"
    with Unreal(service, *(["--legacy"] if legacy else [])) as running:
        # Unreal 4.27 comes twice: from how it leaves the first time, the service learns its age.
        running.wait_for("connected", count=2 if legacy else 1)
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """The system's Chromium, without a window."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        pytest.fail("no Chromium on PATH: run `make setup`")
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=executable, args=FLAGS, timeout=PATIENCE * 1000)
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="module")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A person's browser: one window, nothing remembered from before."""
    opened = await browser.new_context(ignore_https_errors=True)
    opened.set_default_timeout(PATIENCE * 1000)
    yield opened
    await opened.close()


@pytest.fixture
def address(service: Service) -> str:
    """Where the player page is."""
    return f"https://127.0.0.1:{service.port}/"


@pytest_asyncio.fixture(loop_scope="module")
async def page(context: BrowserContext, address: str) -> PlayerPage:
    """The player page of somebody who has a token, not yet opened."""
    return await PlayerPage.new(context, address, PLAYER_TOKEN)


@pytest_asyncio.fixture(loop_scope="module")
async def second_page(context: BrowserContext, address: str) -> PlayerPage:
    """Another viewer's."""
    return await PlayerPage.new(context, address, PLAYER_TOKEN)


@pytest_asyncio.fixture(loop_scope="module")
async def controller(service: Service) -> AsyncIterator[ClientConnection]:
    """A controller's socket, as a notebook or Scratch opens it."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    async with connect(
        f"wss://127.0.0.1:{service.port}/control",
        ssl=trusting,
        additional_headers={"Authorization": f"Bearer {CONTROLLER_TOKEN}"},
        proxy=None,
    ) as socket:
        yield socket
