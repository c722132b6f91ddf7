"""Some days of a school on the sandbox, and the report of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pixel.planning.report import main
from pixel.sandbox.testing import RunningSandbox

from .school import School, founded

BERLIN = ZoneInfo("Europe/Berlin")
MEMBERS = 3


@dataclass(frozen=True)
class Reported:
    """What happened, and what the report says of it. The sandbox may be others' by now."""

    school: School
    keys: dict[str, str]
    """Ids of the API keys, by name."""
    data: dict[str, Any]
    page: Path


def moment(day: int, hour: int, minute: int = 0) -> float:
    """Return the epoch second of a moment in November 2026, in Berlin."""
    return datetime(2026, 11, day, hour, minute, tzinfo=BERLIN).timestamp()


@pytest.fixture(scope="session")
def reported(shared_sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Reported:
    """A class of four on three members, some who come one by one, and one who forgets; and the report."""
    sandbox = shared_sandbox
    sandbox.reset()
    gateway = sandbox.client("apigateway")
    keys = {name: gateway.create_api_key(name=name, enabled=True)["id"] for name in ("robotics", "notebook")}
    school = founded(sandbox, MEMBERS, moment(2, 8))
    for number in range(4):
        school.person(keys["robotics"], moment(3, 10) + 20 * number, boot=80 + 10 * number, minutes=45)
    school.person(keys["notebook"], moment(2, 9), boot=70, minutes=12.5)
    school.person(keys["notebook"], moment(4, 23, 50), boot=100, minutes=30)  # until the next day
    school.person(keys["notebook"], moment(5, 12), boot=0, minutes=0, forgets=True)
    school.run()
    folder = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in sandbox.environment().items():
            patch.setenv(name, value)
        page, data = folder / "report.html", folder / "report.json"
        assert main([*arguments(sandbox), "--output", str(page), "--output", str(data)]) == 0
    return Reported(school, keys, json.loads(data.read_text()), page)


def arguments(sandbox: RunningSandbox) -> list[str]:
    """Return what a person would ask `pixel report` for."""
    return [
        *("--table", sandbox.state.lease_table, "--pool", f"drone={MEMBERS}", "--time-zone", "Europe/Berlin"),
        *("--from", "2026-11-02", "--to", "2026-11-08", "--snapshot-gb", "60"),
        *("--region", sandbox.state.region, "--endpoint-url", sandbox.endpoint),
    ]
