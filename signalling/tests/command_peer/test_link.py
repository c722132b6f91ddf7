"""The headless peer and a synthetic Unreal's player, face to face."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from pixel.sandbox.unreal import wire
from pixel.sandbox.unreal.player import Description, Player
from pixel.sandbox.unreal.scene import Scene
from pixel.signalling.command_peer.interaction import encode, reply_in
from pixel.signalling.command_peer.link import Link


class Both:
    """A player of Unreal that echoes, a link, and what each has received."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.replies: asyncio.Queue[str | None] = asyncio.Queue()
        self.heard: list[str | None] = []
        self.player = Player(Scene(), self._echo)
        self.link = Link(self.opened.set, lambda message: self.replies.put_nowait(reply_in(message)))

    def _echo(self, data: bytes, answer: Callable[[bytes], None]) -> None:
        self.heard.append(wire.read(data).text)
        answer(wire.response(f"echo {self.heard[-1]}"))

    async def meet(self, *, legacy: bool) -> None:
        if legacy:
            answer = await self.player.answer(await self.link.offer())
            await self.link.accept_answer(answer.sdp)
            await self._tell_candidates(answer)
        else:
            offer = await self.player.offer()
            await self.player.accept_answer(await self.link.answer(offer.sdp))
            await self._tell_candidates(offer)
        await asyncio.wait_for(self.opened.wait(), 20)

    async def _tell_candidates(self, description: Description) -> None:
        for candidate in description.candidates:
            await self.link.add_candidate(candidate)

    async def part(self) -> None:
        await asyncio.gather(self.link.close(), self.player.close())


@pytest.mark.parametrize("legacy", [False, True], ids=["modern", "legacy"])
async def test_commands_arrive_in_order_and_their_replies_come_back(legacy: bool) -> None:
    both = Both()
    await both.meet(legacy=legacy)
    commands = [f'{{"n":{number}}}' for number in range(50)]
    for command in commands:
        both.link.send(encode(command))

    replies = [await asyncio.wait_for(both.replies.get(), 20) for _ in commands]
    await both.part()

    assert both.heard == commands
    assert replies == [f"echo {command}" for command in commands]


async def test_unreal_draws_and_encodes_nothing_for_it() -> None:
    both = Both()
    await both.meet(legacy=False)
    both.link.send(encode("look"))
    await asyncio.wait_for(both.replies.get(), 20)
    await both.part()

    assert both.player.video.frames == 0


async def test_it_ends_when_unreal_takes_its_leave() -> None:
    both = Both()
    await both.meet(legacy=False)
    await both.player.close()
    await asyncio.wait_for(both.link.ended.wait(), 20)
    await both.link.close()

    assert both.link.why


async def test_nothing_is_sent_before_it_is_open() -> None:
    link = Link(lambda: None, lambda _: None)
    with pytest.raises(ConnectionError):
        link.send(b"")
    await link.close()
