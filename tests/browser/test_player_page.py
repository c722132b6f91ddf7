"""What a person meets on the player page, in a real browser."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, expect

from pixel.signalling.service import SignallingService
from pixel.signalling.settings import AccessSettings, HttpSettings, Settings, StreamerSettings

from .conftest import NOTEBOOK, PLAYER_TOKEN
from .player_page import PlayerPage
from .processes import PATIENCE, Service, Unreal

pytestmark = pytest.mark.asyncio(loop_scope="module")
both = pytest.mark.parametrize("dialect", ["modern", "legacy"])


@pytest.fixture
def settings() -> Settings:
    """Of a service in this process, whose doors a test opens and closes as the member's lifecycle does."""
    return Settings(
        http=HttpSettings(host="127.0.0.1", port=0, redirect_port="off"),
        streamer=StreamerSettings(port=0),
        access=AccessSettings(players=(hashlib.sha256(PLAYER_TOKEN.encode()).hexdigest(),)),
    )


@both
async def test_the_page_plays_the_stream(page: PlayerPage, unreal: Unreal) -> None:
    await page.open()
    await page.plays(frames=40)

    assert page.complaints == []


@both
async def test_a_reload_keeps_the_session(page: PlayerPage, unreal: Unreal) -> None:
    await page.open()
    await page.plays()
    assert PLAYER_TOKEN not in page.tab.url

    await page.reload()

    await page.plays()


@both
async def test_a_command_of_the_page_reaches_unreal_once_and_its_reply_comes_back(
    page: PlayerPage, unreal: Unreal
) -> None:
    await page.open()
    await page.plays()

    assert await page.send({"DroneColor": "Rød 🚁"})

    await page.hears('done: {"DroneColor":"Rød 🚁"}')
    assert unreal.interactions(1) == ['{"DroneColor":"Rød 🚁"}']


async def test_a_command_can_be_typed(page: PlayerPage, unreal: Unreal, screenshots: Path | None) -> None:
    await page.open()
    await page.plays()

    await page.tab.get_by_role("button", name="Command").click()
    await page.tab.get_by_label("Command", exact=True).fill("DroneColor-Red")
    await page.tab.keyboard.press("Enter")

    await expect(page.tab.locator("#reply")).to_have_text('done: "DroneColor-Red"', timeout=PATIENCE * 1000)
    assert unreal.interactions(1) == ['"DroneColor-Red"']
    if screenshots is not None:
        await page.plays()
        await page.tab.screenshot(path=screenshots / "player.png")


async def test_sound_is_switched_on_by_a_click_where_the_browser_wants_one(page: PlayerPage, unreal: Unreal) -> None:
    # As a browser does before a gesture. This one does not, here: it takes the driver's own looks at it for gestures.
    await page.tab.add_init_script(
        """
        const play = HTMLMediaElement.prototype.play;
        let touched = false;
        addEventListener('click', event => { touched ||= event.isTrusted; }, true);
        HTMLMediaElement.prototype.play = function () {
            if (this.muted || touched) return play.call(this);
            return Promise.reject(new DOMException('a gesture is needed first', 'NotAllowedError'));
        };
        """
    )
    await page.open()
    await page.plays()
    assert await page.tab.evaluate("document.querySelector('video').muted")

    await page.tab.get_by_role("button", name="Sound on").click()

    await page.tab.wait_for_function("() => !document.querySelector('video').muted")
    await page.plays()


@both
async def test_the_page_waits_for_unreal(page: PlayerPage, service: Service, dialect: str) -> None:
    await page.open()
    await page.reaches("starting")
    await page.says("Waiting for the application")

    with Unreal(service, *(["--legacy"] if dialect == "legacy" else [])):
        await page.plays()


async def test_the_page_plays_again_when_unreal_has_restarted(page: PlayerPage, service: Service) -> None:
    with Unreal(service) as first:
        first.wait_for("connected")
        await page.open()
        await page.plays()
    await page.reaches("starting")

    with Unreal(service):
        await page.plays()


async def test_the_page_says_that_the_session_has_ended_and_why(
    page: PlayerPage, service: Service, unreal: Unreal
) -> None:
    await page.open()
    await page.plays()

    service.stop()

    await page.reaches("ended")
    await page.says("the service is shutting down")


async def test_the_page_says_that_the_session_is_over(context: BrowserContext, settings: Settings) -> None:
    async with SignallingService(settings) as service:
        page = await PlayerPage.new(context, f"http://127.0.0.1:{service.http_port}/", PLAYER_TOKEN)
        await page.open()
        await page.reaches("starting")

        service.admit(None, None)

        await page.reaches("ended")
        await page.says("This session is over")


async def test_the_page_says_why_a_machine_lets_nobody_in(context: BrowserContext, settings: Settings) -> None:
    async with SignallingService(settings) as service:
        service.refuse_newcomers("this machine is about to stop")
        page = await PlayerPage.new(context, f"http://127.0.0.1:{service.http_port}/", PLAYER_TOKEN)
        await page.open()
        await page.reaches("ended")
        await page.says("this machine is about to stop")

        service.accept_newcomers()
        await page.tab.get_by_role("button", name="Try again").click()

        await page.reaches("starting")


@pytest.mark.parametrize(
    "token", [pytest.param("of a session long ago", id="expired"), pytest.param("", id="guessed the host name")]
)
async def test_the_page_says_that_a_link_is_not_valid(context: BrowserContext, address: str, token: str) -> None:
    page = await PlayerPage.new(context, address, token)

    await page.open()

    await page.reaches("ended")
    await page.says("This link is not valid")


async def test_the_page_fits_a_phone(browser: Browser, address: str, unreal: Unreal) -> None:
    phone = await browser.new_context(
        ignore_https_errors=True, viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True
    )
    page = await PlayerPage.new(phone, address, PLAYER_TOKEN)

    await page.open()
    await page.plays()
    await page.tab.get_by_role("button", name="Command").tap()

    width, height = await page.tab.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert (width, height) == (360, 640)
    for button in await page.tab.get_by_role("button").all():
        box = await button.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        assert box["height"] >= 44


async def test_a_notebook_around_the_page_sends_commands_and_hears_replies(
    context: BrowserContext, address: str, unreal: Unreal
) -> None:
    notebook = await context.new_page()
    frame = f'<iframe src="{address}#token={PLAYER_TOKEN}" allow="autoplay" width="640" height="360"></iframe>'
    await notebook.route(f"{NOTEBOOK}/", lambda route: route.fulfill(content_type="text/html", body=frame))
    await notebook.goto(f"{NOTEBOOK}/")
    await notebook.evaluate("window.heard = []; addEventListener('message', event => heard.push(event.data))")
    await expect(notebook.frame_locator("iframe").locator("#stage")).to_have_attribute(
        "data-phase", "playing", timeout=PATIENCE * 1000
    )

    await notebook.evaluate(
        "address => frames[0].postMessage({type: 'pixel.command', id: 7, command: {Name: 'Ada'}}, address)", address
    )

    await notebook.wait_for_function("() => heard.some(message => message.type === 'pixel.reply')")
    assert await notebook.evaluate("heard") == [
        {"type": "pixel.sent", "id": 7, "sent": True},
        {"type": "pixel.reply", "reply": 'done: {"Name":"Ada"}'},
    ]
    assert unreal.interactions(1) == ['{"Name":"Ada"}']
