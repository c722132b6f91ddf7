"""The stand-in refuses what AWX refuses: a playbook that passes where everything is taken would prove nothing."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from playbook_runs import ROOT

from .stand_in.server import Answer, Awx

ADMINISTRATOR = "Basic " + base64.b64encode(f"{Awx.username}:{Awx.password}".encode()).decode()
DAILY = "DTSTART:20260101T000000Z RRULE:FREQ=DAILY;INTERVAL=1"


class Client:
    """Asks a stand-in without a socket between."""

    def __init__(self) -> None:
        self.awx = Awx(ROOT)
        self.organization = self.made("organizations", name="mitlab")

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """Send one request as the administrator."""
        return self.awx.answer(method, f"/api/v2/{path}", ADMINISTRATOR, body or {})

    def made(self, endpoint: str, **fields: Any) -> int:
        """Make an object that must be right; return its id."""
        answer = self.ask("POST", f"{endpoint}/", fields)
        assert answer.status == 201, answer.body
        return int(answer.body["id"])

    def job_template(self) -> int:
        """Make a job template with a survey, and all that it needs."""
        project = self.made("projects", name="p", organization=self.organization, scm_type="git", scm_url="https://x")
        update = self.ask("GET", f"projects/{project}/").body["summary_fields"]["current_update"]["id"]
        while self.ask("GET", f"project_updates/{update}/").body["finished"] is None:
            pass
        inventory = self.made("inventories", name="i", organization=self.organization)
        fields = {"name": "power", "project": project, "inventory": inventory, "playbook": "playbooks/power.yml"}
        template = self.made("job_templates", survey_enabled=True, **fields)
        question = {"question_name": "State", "variable": "state", "type": "text", "required": True}
        spec = {"name": "", "description": "", "spec": [question]}
        assert self.ask("POST", f"job_templates/{template}/survey_spec/", spec).status == 200
        return template


@pytest.fixture
def client() -> Client:
    """An administrator of an AWX with one organization."""
    return Client()


def test_a_field_that_is_not_there_is_refused(client: Client) -> None:
    answer = client.ask("POST", "organizations/", {"name": "other", "colour": "red"})

    assert (answer.status, list(answer.body)) == (400, ["colour"])


def test_a_name_is_taken_once(client: Client) -> None:
    assert client.ask("POST", "organizations/", {"name": "mitlab"}).status == 400


def test_an_id_of_nothing_is_refused(client: Client) -> None:
    answer = client.ask("POST", "inventories/", {"name": "i", "organization": 999})

    assert (answer.status, "does not exist" in str(answer.body)) == (400, True)


def test_a_filter_by_a_field_that_is_not_there_is_refused(client: Client) -> None:
    assert client.ask("GET", "organizations/?colour=red").status == 400


def test_a_long_list_comes_in_pages(client: Client) -> None:
    for number in range(30):
        client.made("organizations", name=f"organization {number}")

    first = client.ask("GET", "organizations/").body
    second = client.awx.answer("GET", first["next"], ADMINISTRATOR, {}).body

    assert (first["count"], len(first["results"]), len(second["results"]), second["next"]) == (31, 25, 6, None)


@pytest.mark.parametrize("authorization", ["", "Bearer stolen", "Basic YWRtaW46d3Jvbmc="])
def test_nobody_else_is_let_in(client: Client, authorization: str) -> None:
    assert client.awx.answer("GET", "/api/v2/organizations/", authorization, {}).status == 401


def test_a_playbook_that_is_not_in_the_project_is_refused(client: Client) -> None:
    template = client.job_template()

    answer = client.ask("PATCH", f"job_templates/{template}/", {"playbook": "playbooks/tea.yml"})

    assert answer.body == {"playbook": ["Playbook not found for project."]}


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("RRULE:FREQ=DAILY;INTERVAL=1", "DTSTART"),
        ("DTSTART:20260101T000000 RRULE:FREQ=DAILY;INTERVAL=1", "naive"),
        ("DTSTART:20260101T000000Z RRULE:FREQ=DAILY", "INTERVAL"),
        ("DTSTART;TZID=Europe/Atlantis:20260101T000000 RRULE:FREQ=DAILY;INTERVAL=1", "Atlantis"),
        ("DTSTART:20260101T000000Z RRULE:FREQ=MONTHLY;INTERVAL=1;BYDAY=2MO", "numeric prefix"),
    ],
)
def test_a_recurrence_that_awx_cannot_read_is_refused(client: Client, rule: str, told: str) -> None:
    fields = {"name": "s", "unified_job_template": client.job_template(), "rrule": rule, "extra_data": {"state": "x"}}

    answer = client.ask("POST", "schedules/", fields)

    assert (answer.status, told in str(answer.body)) == (400, True), answer.body


@pytest.mark.parametrize("answers", [{}, {"state": 1}, {"state": "stopped", "speed": "high"}])
def test_a_schedule_whose_answers_do_not_fit_the_survey_is_refused(client: Client, answers: dict[str, Any]) -> None:
    fields = {"name": "s", "unified_job_template": client.job_template(), "rrule": DAILY, "extra_data": answers}

    assert client.ask("POST", "schedules/", fields).status == 400


def test_a_secret_is_never_told_and_kept_when_it_comes_back_hidden(client: Client) -> None:
    inputs = {"fields": [{"id": "key", "label": "Key", "secret": True}]}
    kind = client.made("credential_types", name="t", kind="cloud", inputs=inputs)
    fields = {"name": "c", "organization": client.organization, "credential_type": kind}
    credential = client.made("credentials", **fields, inputs={"key": "s3cret"})

    shown = client.ask("PATCH", f"credentials/{credential}/", {"inputs": {"key": "$encrypted$"}}).body

    assert shown["inputs"] == {"key": "$encrypted$"}
    assert client.awx.store.get("credentials", credential)["inputs"] == {"key": "s3cret"}


def test_a_type_of_credential_in_use_cannot_be_deleted(client: Client) -> None:
    kind = client.made("credential_types", name="t", kind="cloud", inputs={"fields": []})
    client.made("credentials", name="c", organization=client.organization, credential_type=kind)

    assert client.ask("DELETE", f"credential_types/{kind}/").status == 403


def test_a_deleted_job_template_takes_its_schedules_with_it(client: Client) -> None:
    template = client.job_template()
    fields = {"name": "s", "unified_job_template": template, "rrule": DAILY, "extra_data": {"state": "stopped"}}
    client.made("schedules", **fields)

    assert client.ask("DELETE", f"job_templates/{template}/").status == 204
    assert client.awx.names("schedules") == []
