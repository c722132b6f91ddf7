"""The report in a real browser: nothing is fetched, it fits a phone, and it says what the data say."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from .conftest import Reported

pytestmark = pytest.mark.xdist_group("report")  # one school for all

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield browser
        browser.close()


class Window:
    """The report in a window, with what the browser asked for and complained about."""

    def __init__(self, page: Page, reported: Reported) -> None:
        self.page = page
        self.asked: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(reported.page.as_uri())


@pytest.fixture
def window(browser: Browser, reported: Reported, request: pytest.FixtureRequest) -> Iterator[Window]:
    """A window, as wide as the test says."""
    width, scheme = getattr(request, "param", (1200, "light"))
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    yield Window(context.new_page(), reported)
    context.close()


def test_the_page_fetches_nothing_and_breaks_no_rule_of_its_own(window: Window, reported: Reported) -> None:
    assert window.asked == [reported.page.as_uri()]
    assert window.complaints == []
    assert "default-src 'none'" in reported.page.read_text()


def test_the_page_says_what_the_data_say(window: Window, reported: Reported) -> None:
    tiles = window.page.locator(".tile").all_inner_texts()
    total = reported.data["total"]
    assert tiles[0].startswith(f"{total['sessions']}\n")
    assert tiles[4].startswith(f"${total['cost']:.2f}\n")
    rows = window.page.locator("table").nth(1).inner_text()
    assert "robotics\tdrone\t3" in rows


def test_every_chart_is_drawn(window: Window) -> None:
    bars = {
        name: window.page.locator(f"#chart-{name} .bar rect").count()
        for name in ("sessions", "peak", "waits", "refused", "classes")
    }
    assert bars == {"sessions": 14, "peak": 7, "waits": 7, "refused": 7, "classes": 2}


@pytest.mark.parametrize("window", [(360, "light"), (360, "dark"), (1400, "light")], indirect=True)
def test_the_page_is_as_wide_as_its_window(window: Window) -> None:
    assert window.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("window", [(1200, "dark")], indirect=True)
def test_the_page_is_dark_for_who_wants_it_dark(window: Window) -> None:
    assert window.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 21, 27)"
