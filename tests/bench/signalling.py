"""The signalling service beside a bare relay on the same library: memory, connections, messages, round trips, start."""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import httpx
import psutil

from bench.peers import Peer, relay, service
from bench.wire import Client, connect, framed

MESSAGES = 20_000
ROUNDS = 3
"""Of several rounds the best counts: what else the machine does only ever makes them worse."""
SENDERS = 50
BURST = 20
"""Messages that a sender writes at once."""
ROUND_TRIPS = 500
SIZES = (1, 1_000, 5_000)


class Row(NamedTuple):
    """The figures with one number of players: rates in messages a second, the server's CPU in µs a message."""

    players: int
    connections: float
    memory: float
    up: float
    up_cpu: float
    down: float
    down_cpu: float
    median: float
    p99: float


async def measure(peer: Peer, sizes: Sequence[int]) -> list[Row]:
    """Measure with each number of players, on one server."""
    streamer = await connect(peer.ports[1])
    streamer.send(b'{"type":"endpointId","id":"Bench"}') if peer.name.startswith("pixel") else None
    idle = _memory(peer.process)
    players: list[tuple[str, Client]] = []
    rows = []
    for size in sizes:
        added, began = size - len(players), time.perf_counter()
        while len(players) < size:
            batch = min(64, size - len(players))
            players += await asyncio.gather(*(_player(peer) for _ in range(batch)))
        connections = added / (time.perf_counter() - began)
        memory = _memory(peer.process)
        ups = [await _towards_streamer(peer, streamer, players) for _ in range(ROUNDS)]
        downs = [await _towards_players(peer, streamer, players) for _ in range(ROUNDS)]
        trips = await _round_trips(peer, streamer, players[-1])
        rows.append(
            Row(
                size,
                connections,
                memory,
                *(max(rate for rate, _ in ups), min(cpu for _, cpu in ups)),
                *(max(rate for rate, _ in downs), min(cpu for _, cpu in downs)),
                statistics.median(trips),
                statistics.quantiles(trips, n=100)[98],
            )
        )
    return [Row(0, 0, idle, 0, 0, 0, 0, 0, 0), *rows]


async def _player(peer: Peer) -> tuple[str, Client]:
    client = await connect(peer.ports[0])
    first = await client.next()
    if not peer.name.startswith("pixel"):
        return first.decode(), client
    client.send(b'{"type":"subscribe","streamerId":"Bench"}')
    client.send(b'{"type":"ping","time":1}')
    await client.next()
    return "", client


async def _named(peer: Peer, streamer: Client, players: Sequence[tuple[str, Client]]) -> list[tuple[str, Client]]:
    """Return players with the ids by which the streamer knows them."""
    if not peer.name.startswith("pixel"):
        return list(players)
    named = []
    for _, client in players:
        heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def on_frame(frame: bytes, heard: asyncio.Future[bytes] = heard) -> None:
            if b'"iceCandidate"' in frame and not heard.done():
                heard.set_result(frame)

        streamer.on_frame = on_frame
        client.send(peer.to_streamer)
        named.append((json.loads(await heard)["playerId"], client))
    return named


async def _towards_streamer(peer: Peer, streamer: Client, players: Sequence[tuple[str, Client]]) -> tuple[float, float]:
    senders = [client for _, client in players[:SENDERS]]
    done = asyncio.get_running_loop().create_future()
    streamer.on_frame = _counter(MESSAGES, done, b"iceCandidate")
    burst = framed(peer.to_streamer) * BURST
    with _Cost(peer.process) as cost:
        for number in range(MESSAGES // BURST):
            senders[number % len(senders)].transport.write(burst)
            if number % 8 == 0:
                await asyncio.sleep(0)
        await done
    return MESSAGES / cost.seconds, cost.cpu / MESSAGES * 1e6


async def _towards_players(peer: Peer, streamer: Client, players: Sequence[tuple[str, Client]]) -> tuple[float, float]:
    receivers = await _named(peer, streamer, players[:SENDERS])
    done = asyncio.get_running_loop().create_future()
    count = _counter(MESSAGES, done, b"iceCandidate")
    for _, client in receivers:
        client.on_frame = count
    frames = [framed(peer.to_player(player)) for player, _ in receivers]
    with _Cost(peer.process) as cost:
        for number in range(MESSAGES // BURST):
            streamer.transport.write(b"".join(frames[(number * BURST + n) % len(frames)] for n in range(BURST)))
            if number % 8 == 0:
                await asyncio.sleep(0)
        await done
    return MESSAGES / cost.seconds, cost.cpu / MESSAGES * 1e6


async def _round_trips(peer: Peer, streamer: Client, player: tuple[str, Client]) -> list[float]:
    """Return the microseconds from a player to the streamer and back."""
    [(name, client)] = await _named(peer, streamer, [player])
    answer = framed(peer.to_player(name))
    streamer.on_frame = lambda _frame: streamer.transport.write(answer)
    trips = []
    client.received.clear()
    client.on_frame = client._keep
    for _ in range(ROUND_TRIPS):
        began = time.perf_counter()
        client.send(peer.to_streamer)
        await client.next()
        trips.append((time.perf_counter() - began) * 1e6)
    return trips


def _counter(wanted: int, done: asyncio.Future[None], mark: bytes) -> Callable[[bytes], None]:
    left = wanted

    def count(frame: bytes) -> None:
        nonlocal left
        if mark in frame:
            left -= 1
            if left == 0:
                done.set_result(None)

    return count


class _Cost:
    """The time that something takes, and the server's CPU time in it."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process

    def __enter__(self) -> _Cost:
        self._began, self._cpu = time.perf_counter(), self._spent()
        return self

    def __exit__(self, *_error: object) -> None:
        self.seconds, self.cpu = time.perf_counter() - self._began, self._spent() - self._cpu

    def _spent(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)


def _memory(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 2**20


def start_up(times: int = 5) -> tuple[float, float]:
    """Return seconds from the start of the process to its first answer over HTTP, and of its processor; medians."""
    spans, costs = [], []
    for _ in range(times):
        with tempfile.NamedTemporaryFile("w") as log:
            began = time.perf_counter()
            with service(log) as peer:
                httpx.get(f"http://127.0.0.1:{peer.ports[0]}/healthz", trust_env=False).raise_for_status()
                spans.append(time.perf_counter() - began)
                costs.append(sum(peer.process.cpu_times()[:2]))
    return statistics.median(spans), statistics.median(costs)


def report() -> Iterator[str]:
    """Measure, and give the lines to print as they come."""
    yield "start to first answer: {:.2f} s, {:.2f} s of them the processor's (aim: 0.5)".format(*start_up())
    yield "p→s, s→p: messages a second each way, and µs of the server's processor for one; p50, p99: the round trip"
    yield (
        f"{'':<22}{'players':>8}{'conn/s':>8}{'RSS MB':>8}{'KB each':>9}{'p→s /s':>9}{'µs':>5}{'s→p /s':>9}{'µs':>5}"
        f"{'p50 µs':>8}{'p99 µs':>8}"
    )
    with tempfile.NamedTemporaryFile("w") as log, service(log) as ours:
        mine = asyncio.run(measure(ours, SIZES))
    yield from _lines(ours.name, mine)
    with relay() as bare:
        theirs = asyncio.run(measure(bare, SIZES))
    yield from _lines(bare.name, theirs)
    for one, other in zip(mine[1:], theirs[1:], strict=True):
        yield (
            f"of the relay's rate, with {one.players:,}: to the streamer {one.up / other.up:.2f}, "
            f"to players {one.down / other.down:.2f} (aim: 0.7); by CPU {other.up_cpu / one.up_cpu:.2f} and "
            f"{other.down_cpu / one.down_cpu:.2f}"
        )


def _lines(name: str, rows: Sequence[Row]) -> Iterator[str]:
    first = rows[1].memory
    for row in rows:
        each = f"{(row.memory - first) * 1024 / (row.players - 1):.1f}" if row.players > 1 else ""
        if row.players:
            yield (
                f"{name:<22}{row.players:>8,}{row.connections:>8,.0f}{row.memory:>8.1f}{each:>9}{row.up:>9,.0f}"
                f"{row.up_cpu:>5.0f}{row.down:>9,.0f}{row.down_cpu:>5.0f}{row.median:>8.0f}{row.p99:>8.0f}"
            )
        else:
            yield f"{name:<22}{'idle':>8}{'':>8}{row.memory:>8.1f}"


if __name__ == "__main__":
    for line in report():
        print(line, flush=True)
