"""What a person sees of the player page, in a real browser, with Unreal 5 and with Unreal 4.27."""

from __future__ import annotations

from .player_page import PlayerPage
from .processes import Unreal


async def test_the_page_plays_the_stream(page: PlayerPage, unreal: Unreal) -> None:
    await page.open()
    await page.plays(frames=40)
