"""The command peer's process, played by small programs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from pixel.signalling.commands.carrier import PeerProcess

from .conftest import eventually

ECHO = """
import json, os, sys
def tell(**event): print(json.dumps(event), flush=True)
tell(event="reply", data=os.environ["TOKEN"])
tell(event="open")
for line in sys.stdin:
    command = json.loads(line)
    tell(event="reply", data=command["descriptor"])
    tell(event="sent", id=command["id"])
tell(event="closed", reason="end of input")
"""


class Events:
    """Keeps what the carrier reports."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def opened(self) -> None:
        self.told.append(("opened",))

    def sent(self, number: int) -> None:
        self.told.append(("sent", number))

    def unsent(self, number: int, reason: str) -> None:
        self.told.append(("unsent", number, reason))

    def replied(self, data: str) -> None:
        self.told.append(("replied", data))

    def closed(self, reason: str) -> None:
        self.told.append(("closed", reason))

    def says(self, *event: object) -> bool:
        return event in self.told


Play = Callable[[str], Awaitable[tuple[PeerProcess, Events]]]


@pytest.fixture
async def play() -> AsyncIterator[Play]:
    """Start a program as the command peer."""
    started = []

    async def start(program: str) -> tuple[PeerProcess, Events]:
        carrier, events = PeerProcess(lambda: {"TOKEN": "t0ken"}, ("-c", program)), Events()
        started.append(carrier)
        carrier.start(events)
        return carrier, events

    yield start
    for carrier in started:
        await carrier.stop()


async def test_commands_go_out_and_replies_come_in(play: Play) -> None:
    carrier, events = await play(ECHO)
    await eventually(lambda: events.says("opened"))
    carrier.hand(7, '"é\u2028"')
    await eventually(lambda: events.says("sent", 7))
    assert events.told == [("replied", "t0ken"), ("opened",), ("replied", '"é\u2028"'), ("sent", 7)]


async def test_stopping_asks_the_child_to_end(play: Play) -> None:
    carrier, events = await play(ECHO)
    await eventually(lambda: events.says("opened"))
    await carrier.stop()
    assert events.told[-1] == ("closed", "end of input")


async def test_a_child_that_dies_is_reported_once(play: Play) -> None:
    carrier, events = await play("raise SystemExit(1)")
    await eventually(lambda: events.told != [])
    await carrier.stop()
    assert events.told == [("closed", "the command peer has ended")]


async def test_a_child_that_talks_nonsense_is_ended(play: Play) -> None:
    _, events = await play("print('hello', flush=True)\nimport time; time.sleep(60)")
    await eventually(lambda: events.told != [])
    assert [event[0] for event in events.told] == ["closed"]


async def test_a_child_that_does_not_listen_is_killed(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pixel.signalling.commands.carrier.FAREWELL", 0.1)
    carrier, events = await play('print(\'{"event":"open"}\', flush=True)\nimport time; time.sleep(60)')
    await eventually(lambda: events.says("opened"))
    async with asyncio.timeout(5):
        await carrier.stop()
    assert [event[0] for event in events.told] == ["opened", "closed"]


async def test_a_stopped_carrier_can_be_started_again(play: Play) -> None:
    carrier, events = await play(ECHO)
    await eventually(lambda: events.says("opened"))
    await carrier.stop()
    again = Events()
    carrier.start(again)
    await eventually(lambda: again.says("opened"))
