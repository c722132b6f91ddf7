"""`playbooks/schedule.yml`, as AWX and cron run it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.mitlab.pixel.tests.module.conftest import Modules

from playbook_runs import Run

Playbook = Callable[..., Run]


def in_ten_minutes(**more: Any) -> dict[str, Any]:
    """A class that begins in ten minutes, in a time zone where that is still today."""
    zone = next(name for name in ("Europe/Berlin", "America/New_York") if 1 <= datetime.now(ZoneInfo(name)).hour < 22)
    begins = datetime.now(ZoneInfo(zone)) + timedelta(minutes=10)
    return {
        "name": "robotics",
        "weekdays": [f"{begins:%a}".lower()],
        "start": f"{begins:%H:%M}",
        "end": f"{begins + timedelta(minutes=50):%H:%M}",
        "time_zone": zone,
        "seats": 4,
        "hot": 3,
        **more,
    }


@pytest.mark.slow
def test_a_class_in_ten_minutes_has_its_pool_and_its_members_and_again_nothing_changes(
    modules: Modules, playbook: Playbook
) -> None:
    modules.publish("1.0.0")
    settings = {"pixel_classes": [in_ten_minutes()], "pixel_size": 2}
    first = playbook("schedule", **settings)
    assert first.ok, first.message
    assert "held 3 members for robotics" in first.changes
    assert Counter(modules.alive().values()) == {"running": 3, "stopped": 1}
    assert "robotics  drone  4      3" in first.output

    again = playbook("schedule", **settings)
    assert again.ok, again.message
    assert (again.changed, again.changes) == (False, [])


def test_a_class_that_cannot_be_meant_is_refused_before_anything_is_asked_of_aws(
    modules: Modules, playbook: Playbook
) -> None:
    modules.sandbox.reset_calls()
    refused = playbook("schedule", pixel_classes=[in_ten_minutes(time_zone="Mars/Base")])
    assert refused.message.startswith("pixel_classes: class robotics: time_zone is 'Mars/Base', and no such time zone")
    assert modules.sandbox.calls() == {}
