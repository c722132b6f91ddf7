"""What playbooks/awx.yml makes of an empty AWX, and what a second run makes of the first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from playbook_runs import ROOT, Run

from .conftest import SETTINGS
from .stand_in.rules import moments
from .stand_in.server import Awx

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("awx")]

NIGHTLY = {"name": "nightly stop", "playbook": "power", "time": "23:30", "variables": {"pixel_power_state": "stopped"}}


def test_the_first_run_makes_what_jobs_run_from(awx: Awx, applied: Run) -> None:
    assert applied.ok, applied.message
    assert awx.named("projects", "mitlab.pixel")["scm_update_on_launch"]
    source = awx.named("inventory_sources", "mitlab.pixel")
    assert (source["source"], source["source_path"]) == ("scm", "inventory/sandbox")
    assert source["summary_fields"]["credential"]["name"] == "mitlab.pixel"


def test_every_playbook_has_a_job_template_that_tells_of_failures(awx: Awx, applied: Run) -> None:
    templates = [awx.named("job_templates", name) for name in awx.names("job_templates")]
    failures = awx.named("notification_templates", "mitlab.pixel failures")["id"]

    playbooks = {str(path.relative_to(ROOT)) for path in ROOT.glob("playbooks/*.yml")} - {"playbooks/awx.yml"}
    assert {template["playbook"] for template in templates} == playbooks
    for template in templates:
        assert awx.linked("job_templates", template["name"], "notification_templates_error") == [failures]
        assert awx.linked("job_templates", template["name"], "credentials")


def test_a_release_is_built_before_it_is_released_and_a_failed_one_is_cleaned_up(awx: Awx, applied: Run) -> None:
    nodes = {name: awx.named("workflow_job_template_nodes", name) for name in awx.names("workflow_job_template_nodes")}

    def after(name: str, outcome: str) -> list[str]:
        return [other for other, node in nodes.items() if node["id"] in nodes[name][f"{outcome}_nodes"]]

    assert after("image", "success") == ["release"]
    assert after("release", "success") == ["image_prune"]
    assert after("release", "failure") == ["power"]
    assert nodes["power"]["extra_data"] == {"pixel_power_state": "stopped"}


def test_a_class_has_runs_before_and_after_it_at_its_own_hour_all_year(awx: Awx, applied: Run) -> None:
    def hours(name: str) -> set[str]:
        schedule = awx.named("schedules", f"mitlab.pixel {name}")
        assert schedule["extra_data"] == {"pixel_pool": "drone"}
        year = moments(schedule["rrule"]).between(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
        return {f"{moment.astimezone(ZoneInfo('Europe/Berlin')):%a %H:%M}" for moment in year}

    assert hours("robotics grow") == {"Mon 09:00", "Wed 09:00"}
    assert hours("robotics hold") == {"Mon 09:45", "Wed 09:45"}
    assert hours("robotics shrink") == {"Mon 12:00", "Wed 12:00"}


def test_every_schedule_has_a_next_run(awx: Awx, applied: Run) -> None:
    schedules = [awx.named("schedules", name) for name in awx.names("schedules")]

    assert len(schedules) == 4 + 3
    assert [schedule["name"] for schedule in schedules if not schedule["next_run"]] == []


def test_a_second_run_changes_nothing_and_leaves_no_token(awx: Awx, applied: Run, apply: Callable[..., Run]) -> None:
    again = apply(**SETTINGS)

    assert again.ok, again.message
    assert not again.changed
    assert awx.writes == []
    assert awx.tokens == {}


@pytest.mark.usefixtures("job_templates")
def test_a_changed_setting_changes_just_that(awx: Awx, applied: Run, apply: Callable[..., Run]) -> None:
    mark = awx.named("schedules", "mitlab.pixel robotics hold")["description"]
    mine = awx.store.create("schedules", {**_schedule(awx), "name": "mine", "description": "by hand"})
    environment = awx.named("execution_environments", "mitlab.pixel")
    power = awx.named("job_templates", "mitlab.pixel power")
    gone = [item["id"] for item in awx.store.all("schedules") if item["description"] == mark]

    run = apply(
        pixel_awx_image="registry.example.org/mitlab/pixel-ee:0.2.0",
        pixel_awx_schedules=[NIGHTLY],
        pixel_awx_job_templates=[
            {"playbook": "power", "description": "Stops", "timeout": 3600, "survey": _survey(awx)}
        ],
    )

    assert run.ok, run.message
    assert sorted(awx.writes) == sorted(
        [
            f"PATCH {environment['url']}",
            f"PATCH {power['url']}",
            f"POST {power['url']}survey_spec/",
            "POST /api/v2/schedules/",
            *(f"DELETE /api/v2/schedules/{identity}/" for identity in gone),
        ]
    )
    assert awx.names("schedules") == ["mine", "mitlab.pixel nightly stop"]
    assert mine["id"] in [item["id"] for item in awx.store.all("schedules")]


@pytest.mark.usefixtures("job_templates")
def test_absent_leaves_nothing_but_the_organization(awx: Awx, applied: Run, apply: Callable[..., Run]) -> None:
    run = apply(pixel_awx_state="absent")

    assert run.ok, run.message
    assert {endpoint: awx.names(endpoint) for endpoint in awx.store.endpoints if awx.names(endpoint)} == {
        "organizations": ["mitlab"]
    }
    assert awx.tokens == {}


def _schedule(awx: Awx) -> dict[str, Any]:
    template = awx.named("job_templates", "mitlab.pixel power")
    return {"unified_job_template": template["id"], "rrule": "DTSTART:20260101T000000Z RRULE:FREQ=DAILY;INTERVAL=1"}


def _survey(awx: Awx) -> list[dict[str, Any]]:
    template = awx.store.get("job_templates", awx.named("job_templates", "mitlab.pixel power")["id"])
    return [{**template["survey_spec"]["spec"][0], "question_name": "Bring them to"}]
