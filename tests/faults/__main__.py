"""Plays schedules of faults, and tells what came of them.

python -m faults [--schedules N] [--jobs N] [--seed SEED] [--plant MISTAKE] [--report FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from queue import Empty, Queue
from typing import Any

from .plan import on_processes
from .report import Report

TESTS = Path(__file__).resolve().parents[1]
PART = 6
"""Schedules that a process plays before another takes its place: moto's memory only grows."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Play; return 1 when a schedule has broken a promise."""
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("--schedules", type=int, default=200, help="how many, from seed 1 on")
    parser.add_argument("--jobs", type=int, default=2, help="processes that play at the same time")
    parser.add_argument("--seed", type=int, help="play this one schedule again, and print its log")
    parser.add_argument("--on", choices=("stage", "processes"), help="only the schedules that are played there")
    parser.add_argument("--plant", help="a mistake to plant in the product: see planted.py")
    parser.add_argument("--report", type=Path, default=TESTS.parent / ".cache" / "faults.json", help="where to")
    asked = parser.parse_args(arguments)
    seeds = [asked.seed] if asked.seed is not None else range(1, asked.schedules + 1)
    left_out = {"stage": True, "processes": False}.get(asked.on)
    wanted = [seed for seed in seeds if on_processes(seed) is not left_out]
    report = Report(len(wanted), verbose=asked.seed is not None)
    _play(wanted, asked.jobs, asked.plant, report)
    print(report.summary())
    if asked.seed is None and asked.plant is None:
        asked.report.parent.mkdir(parents=True, exist_ok=True)
        asked.report.write_text(json.dumps(report.as_json(), indent=2) + "\n")
    return 0 if report.ok else 1


def _play(seeds: Sequence[int], jobs: int, plant: str | None, report: Report) -> None:
    parts: Queue[list[int]] = Queue()
    live = [seed for seed in seeds if on_processes(seed)]
    staged = [seed for seed in seeds if not on_processes(seed)]
    # Those on real processes take long and mostly wait: they begin first, so that the others fill the time.
    for kind in (live, staged):
        for first in range(0, len(kind), PART):
            parts.put(kind[first : first + PART])
    players = [threading.Thread(target=_player, args=(parts, plant, report)) for _ in range(jobs)]
    for player in players:
        player.start()
    for player in players:
        player.join()


def _player(parts: Queue[list[int]], plant: str | None, report: Report) -> None:
    while True:
        try:
            part = parts.get_nowait()
        except Empty:
            return
        _play_part(part, plant, report)


def _play_part(seeds: list[int], plant: str | None, report: Report) -> None:
    module = "faults.live" if on_processes(seeds[0]) else "faults.worker"
    planted = ["--plant", plant] if plant else []
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "PYTHONHASHSEED": "0"}
    told: set[int] = set()
    with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as folder:
        errors = Path(folder) / "errors"
        with (
            errors.open("w") as sink,
            subprocess.Popen(
                [sys.executable, "-m", module, *planted, folder, *map(str, seeds)],
                stdout=subprocess.PIPE,
                stderr=sink,
                text=True,
                env=environment,
            ) as process,
        ):
            for line in process.stdout or ():
                outcome: dict[str, Any] = json.loads(line)
                told.add(outcome["seed"])
                report.add(outcome)
        for seed in set(seeds) - told:
            report.failed(seed, f"its process ended with {process.returncode}:\n{errors.read_text()[-3000:]}")


if __name__ == "__main__":
    began = time.monotonic()
    code = main()
    print(f"{time.monotonic() - began:.0f} seconds in all")
    sys.exit(code)
