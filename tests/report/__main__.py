"""Makes the picture of the documentation: four weeks of a school on the sandbox, reported, seen by Chromium.

PYTHONPATH=tests python -m report docs/images/report.png
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from playwright.sync_api import sync_playwright

from pixel.planning.report import main as report
from pixel.sandbox.testing import RunningSandbox, running_sandbox

from .conftest import BERLIN
from .school import School, founded

FIRST = datetime(2026, 10, 26, tzinfo=BERLIN)
DAYS = 28
MEMBERS = 11
LESSONS = {1: ("robotics-101", 11), 3: ("robotics-101", 12), 4: ("film-studio", 8)}
"""Weekday to the class that comes at ten, and its people."""


def four_weeks(school: School, keys: dict[str, str]) -> None:
    """Have the classes come, and people who come as they like."""
    chance = random.Random(5)

    def person(name: str, moment: datetime, minutes: float, *, forgets: bool = False) -> None:
        boot = min(290.0, max(45.0, chance.gauss(100, 28)))
        school.person(keys[name], moment.timestamp(), boot, minutes, forgets=forgets)

    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        lesson = LESSONS.get(day.weekday())
        if lesson is not None:
            for _ in range(lesson[1] - chance.choice((0, 0, 1, 2))):
                person(lesson[0], day + timedelta(hours=10, seconds=chance.uniform(0, 150)), chance.gauss(72, 6))
        for _ in range(chance.choice((1, 2, 2, 3)) if day.weekday() < 5 else chance.choice((0, 0, 1))):
            moment = day + timedelta(hours=chance.uniform(9, 19))
            person("notebook", moment, chance.expovariate(1 / 24) + 4, forgets=chance.random() < 0.04)
    school.run()


def picture(sandbox: RunningSandbox, output: Path, page: Path) -> None:
    """Report the four weeks, and take the picture."""
    names = {"robotics-101", "film-studio", "notebook"}
    gateway = sandbox.client("apigateway")
    keys = {name: gateway.create_api_key(name=name, enabled=True)["id"] for name in sorted(names)}
    four_weeks(founded(sandbox, MEMBERS, FIRST.timestamp()), keys)
    os.environ.update(sandbox.environment())
    last = FIRST + timedelta(days=DAYS - 1)
    report([
        *("--table", sandbox.state.lease_table, "--pool", f"drone={MEMBERS}", "--time-zone", "Europe/Berlin"),
        *("--from", f"{FIRST:%Y-%m-%d}", "--to", f"{last:%Y-%m-%d}", "--snapshot-gb", "180"),
        *("--region", sandbox.state.region, "--endpoint-url", sandbox.endpoint, "--output", str(page)),
    ])  # fmt: skip
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        window = browser.new_page(viewport={"width": 1160, "height": 1300})
        window.goto(page.as_uri())
        window.screenshot(path=output)
        browser.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch, running_sandbox(Path(scratch)) as running:
        kept = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(scratch) / "report.html"
        picture(running, Path(sys.argv[1]), kept.resolve())
