"""The threat table in docs/security.md names tests that exist, and leaves no attack of this folder out."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from .iam.playbooks import POLICIES

HERE = Path(__file__).parent
DOCUMENT = (HERE.parents[1] / "docs/security.md").read_text()
THREATS = [line for line in DOCUMENT.splitlines() if line.startswith("| ") and ".py::" in line]
NAMED = re.findall(r"`([\w/]+\.py)::(\w+)`", DOCUMENT)


@cache
def names_in(name: str) -> set[str]:
    """Return the names of a file's tests."""
    tree = ast.parse((HERE / name).read_text())
    return {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    }


@pytest.mark.parametrize(("file", "test"), NAMED, ids=lambda value: value)
def test_the_document_names_tests_that_exist(file: str, test: str) -> None:
    assert test in names_in(file)


def test_every_threat_has_its_defence_and_its_test() -> None:
    assert len(THREATS) > 30
    assert [line for line in THREATS if len([cell for cell in line.strip("|").split("|") if cell.strip()]) != 3] == []


def test_no_file_of_attacks_is_missing_from_the_table() -> None:
    files = {path.relative_to(HERE).as_posix() for path in HERE.rglob("test_*.py")}
    assert files - {file for file, _ in NAMED} == {"test_document.py", "iam/test_simulator.py"}


def test_the_policies_of_each_playbook_are_those_that_are_tested() -> None:
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (.*?) \|$", DOCUMENT, re.MULTILINE)
    told = {
        playbook: set(re.findall(r"`(\w+Policy)`", policies))
        for playbooks, policies in rows
        for playbook in re.findall(r"`(\w+)`", playbooks)
    }
    assert told == {playbook: set(policies) for playbook, policies in POLICIES.items()}
