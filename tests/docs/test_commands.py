"""Every command of the documentation is run by a test, or is marked with what it takes."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from .documented import ROOT, Command, commands, pages

PROOFS: list[Mapping[str, Any]] = yaml.safe_load(Path(__file__).with_name("proofs.yml").read_text())
COMMANDS = [command for page in pages() for command in commands(page)]
OF_AN_ACCOUNT = re.compile(r"^(ansible-playbook )-i inventory/(?:aws|lab) ")
NEEDS_AN_ACCOUNT = re.compile(r"real (AWS )?account|real AWS|on AWS|not .*against one", re.IGNORECASE)


def proof_of(command: Command) -> Mapping[str, Any] | None:
    """Return the first rule for a command; one for an account's inventory is shown by the same one on the sandbox."""
    text = OF_AN_ACCOUNT.sub(r"\1", command.text)
    return next((rule for rule in PROOFS if re.fullmatch(rule["pattern"], text)), None)


def test_every_command_has_a_proof_or_says_what_it_takes() -> None:
    assert [str(command) for command in COMMANDS if proof_of(command) is None] == []


def test_no_proof_is_left_over() -> None:
    used = [proof_of(command) for command in COMMANDS]
    assert [rule["pattern"] for rule in PROOFS if rule not in used] == []


@pytest.mark.parametrize("test", sorted({rule["test"] for rule in PROOFS if "test" in rule}))
def test_the_test_that_is_named_exists(test: str) -> None:
    path, _, name = test.partition("::")
    assert re.search(rf"^(async )?def {name}\(" if name else r"^(async )?def test_", (ROOT / path).read_text(), re.M)


def test_a_page_with_commands_for_an_account_says_that_they_need_one() -> None:
    for_an_account = {
        command.page
        for command in COMMANDS
        if OF_AN_ACCOUNT.match(command.text) or (proof_of(command) or {}).get("needs") == "AWS"
    }
    assert [page for page in sorted(for_an_account) if not NEEDS_AN_ACCOUNT.search((ROOT / page).read_text())] == []


@pytest.mark.parametrize(
    "text", sorted({command.text for command in COMMANDS if (proof_of(command) or {}).get("run") is True})
)
def test_it_runs_as_it_stands(text: str) -> None:
    ended = subprocess.run(shlex.split(text), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, bool(ended.stdout)) == (0, True), ended.stderr


def test_the_example_of_settings_can_be_used() -> None:
    # That a service and a streamer play in the browser is shown by tests/browser, at ports of its own.
    command = ["pixel", "signalling", "check", "--config", "examples/signalling.toml"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (0, "the settings can be used\n"), ended.stderr
