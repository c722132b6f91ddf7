"""The example notebook, as a student runs it: from a stopped instance to Unreal's answer, and back."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from pixel.sandbox.testing import RunningSandbox
from wake_path import reach

from .conftest import Member

EXAMPLE = Path(__file__).parents[2] / "examples" / "drone.ipynb"


@pytest.mark.slow
@pytest.mark.usefixtures("student")
def test_the_example_wakes_a_machine_commands_it_and_gives_it_back(sandbox: RunningSandbox, member: Member) -> None:
    notebook = nbformat.read(EXAMPLE, as_version=4)
    NotebookClient(notebook, timeout=120).execute()
    outputs = {cell["id"]: cell["outputs"] for cell in notebook.cells if cell["cell_type"] == "code"}
    shown = {name: told[-1]["data"].get("text/plain", "") for name, told in outputs.items()}

    assert "ready at drone-127-" in shown["wake"]
    assert '<iframe src="https://drone-127-' in outputs["show"][0]["data"]["text/html"]
    assert shown["send"] == "Ack(status='delivered', reason=None)"
    assert "where are you?" in shown["ask"]
    assert [json.loads(command) for command in member.heard()] == [
        "where are you?",
        {"Name": "Ada", "MaxSpeed": 3, "Color": "Red"},
    ]
    assert shown["close"].endswith("of pool 'drone': ended>")
    reach(sandbox, [member.instance_id], "stopped")
