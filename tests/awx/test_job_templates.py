"""The job templates as data: one for each playbook, and each question asks for a setting of the inventory."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from playbook_runs import ROOT

TEMPLATES: list[dict[str, Any]] = yaml.safe_load((ROOT / "playbooks/vars/awx_job_templates.yml").read_text())[
    "pixel_awx_job_templates"
]
WITHOUT_DEFAULT = {"pixel_release"}
"""What is asked for because no setting can know it."""


def settings_of(inventory: str) -> set[str]:
    """Return the names of an inventory's settings."""
    return {name for path in (ROOT / f"inventory/{inventory}/group_vars/all").glob("*.yml") for name in _load(path)}


def _load(path: Any) -> dict[str, Any]:
    return yaml.safe_load(path.read_text()) or {}


def test_every_playbook_but_this_one_has_a_job_template() -> None:
    playbooks = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}

    assert {template["playbook"] for template in TEMPLATES} == playbooks - {"awx"}


@pytest.mark.parametrize("inventory", ["aws", "sandbox"])
def test_every_question_asks_for_a_setting_of_the_inventory(inventory: str) -> None:
    asked = {question["variable"] for template in TEMPLATES for question in template["survey"]}

    assert asked - WITHOUT_DEFAULT <= settings_of(inventory)


def test_every_question_offers_its_setting_as_the_default() -> None:
    questions = [question for template in TEMPLATES for question in template["survey"]]

    wrong = [q for q in questions if (q["variable"] in WITHOUT_DEFAULT) != ("default" not in q)]
    assert wrong == []
    assert [q for q in questions if "default" in q and q["variable"] not in q["default"]] == []


def test_the_documentation_lists_every_job_template_with_its_questions() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", (ROOT / "docs/awx.md").read_text(), flags=re.MULTILINE)
    listed = {name: re.findall(r"`(\w+)`", questions) for name, questions in rows}

    assert listed == {t["playbook"]: [question["variable"] for question in t["survey"]] for t in TEMPLATES}
