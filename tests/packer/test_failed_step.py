"""What is said of a build that failed."""

from __future__ import annotations

from .scripts import script

failed_step = script("failed_step").failed_step

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


def test_a_task_that_fails_is_named_with_its_whole_message() -> None:
    expected = "step 'Prove that the service answers' failed: the service answered 503 and not 200"
    assert failed_step(IN_ANSIBLE) == expected


def test_an_error_of_packers_own_is_told() -> None:
    said = "Build 'pixel.amazon-ebs.member' errored after 2 s: Error launching source instance: VcpuLimitExceeded\n"
    assert failed_step(said).endswith("failed: Error launching source instance: VcpuLimitExceeded")


def test_output_of_another_form_is_shown_by_its_end() -> None:
    assert failed_step("something else") == "step 'packer build' failed: something else"
