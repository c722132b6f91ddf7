"""`make demo`: the whole way from two images to a session in a real browser, and back to a stopped fleet."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from playbook_runs import ROOT

STEPS = [
    "now it is a member of 1.0.0",
    "stopped 5 new members after the first boot",
    "= nothing to change",
    "made release 1.0.0 the default version of pixel-drone",
    "deleted 200 stale records of pixel.test",
    "the browser shows Unreal's first picture",
    "Unreal answers 'done: \"DroneColor-Red\"'",
    "its record is deleted",
    "free: the next person can have it",
]
"""What the tour must come to, in this order."""


@pytest.mark.slow
def test_the_tour_goes_through_a_fleets_life_and_a_session_and_leaves_nothing_running(tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    folder = tmp_path / "sandbox"

    tour = subprocess.run(
        [sys.executable, "-m", "demo", "--state", str(folder)],
        cwd=ROOT,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "tools")},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )

    assert tour.returncode == 0, tour.stdout + tour.stderr
    at = 0
    for step in STEPS:
        at = tour.stdout.find(step, at)
        assert at >= 0, f"'{step}' is not where it should be in:\n{tour.stdout}"
    left = subprocess.run(["pgrep", "--full", str(folder)], capture_output=True, text=True, check=False)
    assert left.stdout == ""
