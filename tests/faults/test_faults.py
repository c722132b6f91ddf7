"""A short form of the fault suite (`make faults` is the long one), and the proof that it can fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]  # the schedules are played once for all

TESTS = Path(__file__).resolve().parents[1]
SHORT = (2, 3, 4, 5, 6, 9, 11, 13)


@contextmanager
def played(folder: Path, *seeds: int, plant: str | None = None) -> Iterator[Iterator[dict[str, Any]]]:
    """Play schedules in a process of their own, which ends with the block; give their outcomes as they come."""
    planted = ["--plant", plant] if plant else []
    with subprocess.Popen(
        [sys.executable, "-m", "faults.worker", *planted, str(folder), *map(str, seeds)],
        stdout=subprocess.PIPE,
        stderr=(folder / "errors").open("w"),
        text=True,
        env={**os.environ, "PYTHONPATH": str(TESTS), "PYTHONHASHSEED": "0"},
    ) as process:
        try:
            yield map(json.loads, process.stdout or ())
        finally:
            process.kill()


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What came of eight schedules, the first of which is played again at the end."""
    folder = tmp_path_factory.mktemp("faults")
    with played(folder, *SHORT, SHORT[0]) as given:
        found = list(given)
    assert len(found) == len(SHORT) + 1, (folder / "errors").read_text()
    return found


def test_eight_schedules_of_faults_break_no_promise(outcomes: list[dict[str, Any]]) -> None:
    assert {one["seed"]: one["violations"] for one in outcomes if one["violations"]} == {}


def test_a_schedule_can_be_played_again_to_the_letter(outcomes: list[dict[str, Any]]) -> None:
    assert outcomes[-1]["log"] == outcomes[0]["log"]


def test_the_schedules_have_faults_of_every_kind(outcomes: list[dict[str, Any]]) -> None:
    struck = set().union(*(one["faults"] for one in outcomes))
    assert struck >= {
        "throttled calls", "dry zones", "lost answers", "slow calls", "stale describes", "outages", "timeouts",
        "late events", "duplicated events", "lost events", "kills of the function", "kills of playbooks",
        "kill signalling", "kill streamer", "step a member's clock", "step the function's clock", "stop by hand",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("plant", "seeds"), [("inexact-records", (6, 9, 11, 13)), ("open-without-condition", (2, 3, 4, 5))]
)
def test_a_planted_mistake_is_found(tmp_path: Path, plant: str, seeds: tuple[int, ...]) -> None:
    with played(tmp_path, *seeds, plant=plant) as given:
        assert any(one["violations"] for one in given), (tmp_path / "errors").read_text()
