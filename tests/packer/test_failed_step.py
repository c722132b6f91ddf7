"""What is said of a build that failed."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

PREFIX = "    pixel.amazon-ebs.member: "
IN_ANSIBLE = "\n".join(
    PREFIX + line
    for line in (
        "TASK [mitlab.pixel.streaming_host : Keep UTC] **********",
        "ok: [default]",
        "",
        "TASK [mitlab.pixel.streaming_host : Prove that the service answers] ****",
        "[ERROR]: Task failed: Module failed: x",
        "fatal: [default]: FAILED! =>",
        "    changed: false",
        "    msg: 'the service answered 503",
        "        and not 200'",
        "    status_code: 503",
        "",
        "PLAY RECAP *****",
    )
)


@pytest.fixture(scope="module")
def module() -> ModuleType:
    file = Path(__file__).parents[2] / "packer/failed_step.py"
    spec = importlib.util.spec_from_file_location("failed_step", file)
    assert spec is not None and spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def test_a_task_that_fails_is_named_with_its_whole_message(module: ModuleType) -> None:
    expected = "step 'Prove that the service answers' failed: the service answered 503 and not 200"
    assert module.failed_step(IN_ANSIBLE) == expected


def test_an_error_of_packers_own_is_told(module: ModuleType) -> None:
    said = "Build 'pixel.amazon-ebs.member' errored after 2 s: Error launching source instance: VcpuLimitExceeded\n"
    assert module.failed_step(said).endswith("failed: Error launching source instance: VcpuLimitExceeded")


def test_output_of_another_form_is_shown_by_its_end(module: ModuleType) -> None:
    assert module.failed_step("something else") == "step 'packer build' failed: something else"
