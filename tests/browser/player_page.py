"""The player page in a browser, in the words of a person who looks at it."""

from __future__ import annotations

from typing import Self

from playwright.async_api import BrowserContext, Page, expect

FRAMES = "() => document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames"


class PlayerPage:
    """A tab with the player page.

    Attributes:
        tab: the browser's own page.
        complaints: errors on its console, violations of the content security policy among them.
    """

    def __init__(self, tab: Page, address: str, token: str) -> None:
        self.tab = tab
        self.complaints: list[str] = []
        self._address, self._token = address, token
        tab.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))

    @classmethod
    async def new(cls, context: BrowserContext, address: str, token: str) -> Self:
        """Open a tab, with nothing in it yet."""
        return cls(await context.new_page(), address, token)

    async def open(self) -> None:
        """Follow the session's link."""
        await self.tab.goto(f"{self._address}#token={self._token}")

    async def reload(self) -> None:
        """Load the page again, as the browser's button does."""
        await self.tab.reload()

    async def reaches(self, phase: str) -> None:
        """Wait until the page is in this phase."""
        await expect(self.tab.locator("#stage")).to_have_attribute("data-phase", phase, timeout=60_000)

    async def plays(self, frames: int = 20) -> None:
        """Wait until the browser has shown so many more pictures than now."""
        await self.reaches("playing")
        before = await self.frames()
        await self.tab.wait_for_function(f"wanted => ({FRAMES})() >= wanted", arg=before + frames)

    async def frames(self) -> int:
        """Return how many pictures the browser has shown."""
        return int(await self.tab.evaluate(FRAMES))

    async def says(self, text: str) -> None:
        """Wait until the page shows this text."""
        await expect(self.tab.locator("#overlay")).to_contain_text(text, timeout=60_000)

    async def send(self, command: object) -> bool:
        """Send a command as a script in the page does."""
        return bool(await self.tab.evaluate("command => window.pixel.send(command)", command))

    async def hears(self, reply: str) -> None:
        """Wait until Unreal has replied this."""
        await self.tab.wait_for_function("reply => window.pixel.replies.includes(reply)", arg=reply)
