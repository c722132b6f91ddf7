"""What is measured of signalling: the service as it is shipped, and a bare relay on the same library."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

import psutil

CANDIDATE = {
    "candidate": "candidate:842163049 1 udp 1677729535 198.51.100.7 46154 typ srflx raddr 0.0.0.0 rport 0 " * 2,
    "sdpMid": "0",
    "sdpMLineIndex": 0,
    "usernameFragment": "abcd",
}


class Peer(NamedTuple):
    """What is measured: how it is spoken to.

    Attributes:
        name: for the table.
        ports: of players and of the streamer.
        process: the server.
        to_streamer: the frame that a player sends, to be forwarded.
        to_player: the frame that the streamer sends for a player's id.
    """

    name: str
    ports: tuple[int, int]
    process: psutil.Process
    to_streamer: bytes
    to_player: Callable[[str], bytes]


SERVICE_CONFIG = """
[access]
mode = "none"
[http]
host = "127.0.0.1"
port = 0
[streamer]
port = 0
[limits]
messages_per_second = 1000000000
"""


@contextmanager
def service(log: IO[str]) -> Iterator[Peer]:
    """The service as shipped, logs and all, but for the limit of messages a second."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "pixel.toml")
        config.write_text(SERVICE_CONFIG)
        command = [sys.executable, "-m", "pixel.cli", "signalling", "run", "--config", str(config)]
        process = subprocess.Popen(command, stderr=log)
        try:
            ports = _announced(Path(log.name), process)
            message = {"type": "iceCandidate", "candidate": CANDIDATE}
            yield Peer(
                "pixel signalling",
                ports,
                psutil.Process(process.pid),
                json.dumps(message).encode(),
                lambda player: json.dumps({**message, "playerId": player}).encode(),
            )
        finally:
            process.terminate()
            process.wait()


def _announced(log: Path, process: subprocess.Popen[bytes]) -> tuple[int, int]:
    while process.poll() is None:
        for line in log.read_text().splitlines():
            event = json.loads(line)
            if event["event"] == "listening":
                return event["http"], event["streamer"]
        time.sleep(0.005)
    raise RuntimeError(f"the service has ended: {log.read_text()}")


@contextmanager
def relay() -> Iterator[Peer]:
    """The bare relay."""
    process = subprocess.Popen([sys.executable, str(Path(__file__).with_name("relay.py"))], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        front, back = map(int, process.stdout.readline().split())
        frame = json.dumps({"type": "iceCandidate", "candidate": CANDIDATE})
        yield Peer(
            "bare websockets relay",
            (front, back),
            psutil.Process(process.pid),
            frame.encode(),
            lambda player: f"{player}|{frame}".encode(),
        )
    finally:
        process.terminate()
        process.wait()
