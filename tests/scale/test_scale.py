"""The size the system is made for (`make soak`): a fleet of 1,000, a zone of 10,000 names, a day of 500 sessions,
half an hour of visits (`PIXEL_SOAK_MINUTES`)."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).resolve().parents[1]
MEMBERS, RECORDS, SESSIONS = 1000, 10_000, 500
MINUTES = float(os.environ.get("PIXEL_SOAK_MINUTES", "30"))

pytestmark = pytest.mark.soak


def play(module: str, *arguments: object) -> list[dict[str, Any]]:
    """Run a module of this folder in a process of its own; return what it tells, line by line."""
    done = subprocess.run(
        [sys.executable, "-m", f"scale.{module}", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What each playbook took, by what it was to do."""
    return {one["what"]: one for one in play("fleet", tmp_path_factory.mktemp("fleet"), MEMBERS, RECORDS)}


def test_every_playbook_comes_to_its_end_with_a_thousand_members(fleet: dict[str, dict[str, Any]]) -> None:
    assert {what: one["failed"] for what, one in fleet.items() if one["failed"]} == {}
    assert fleet["release to an empty pool"]["members"] == {"stopped": MEMBERS}
    assert fleet["start all"]["members"] == {"running": MEMBERS}
    assert fleet["the next release"]["members"] == {"stopped": MEMBERS}
    assert fleet["no members"]["members"] == {}


@pytest.mark.parametrize(
    ("what", "most"),
    [
        ("release to an empty pool", 30),
        ("the same release again", 5),
        ("start all", 20),
        ("stop all", 20),
        ("prune the records", 60),
        ("prune the images", 5),
        ("no members", 20),
    ],
)
def test_calls_that_aws_takes_grow_with_pages_and_batches_and_never_with_members(
    fleet: dict[str, dict[str, Any]], what: str, most: int
) -> None:
    assert fleet[what]["total"] - fleet[what]["throttled"] <= most, fleet[what]["calls"]


def test_five_hundred_sessions_are_woken_used_and_ended_and_none_is_lost(tmp_path: Path) -> None:
    (told,) = play("sessions", tmp_path, SESSIONS)
    assert told["violations"] == []
    assert told["outcomes"]["ready"] == SESSIONS
    assert set(told["sessions"]) <= {"left", "closed"}
    assert sum(told["sessions"].values()) == SESSIONS


def test_the_service_needs_no_more_memory_after_half_an_hour_of_visits(tmp_path: Path) -> None:
    (told,) = play("signalling", tmp_path, MINUTES)
    memory, counts = told["memory"], told["counts"]
    fifth = len(memory) // 5
    assert statistics.mean(memory[-fifth:]) < statistics.mean(memory[fifth : 2 * fifth]) * 1.05, memory
    assert not [what for what in counts if what.startswith("refused")], counts
    assert counts["commands delivered"] > 0
    assert set(counts) & {"commands refused", "commands unknown"} == set()
