"""Every job template's playbook, run by ansible-runner as AWX runs it: the survey's answers as extra variables.

In check mode, as their real runs are tested elsewhere (tests/end_to_end, foundation, acme, packer, and their own
parts' tests); but for the release, which the others find. That too is why most of them are soak tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ansible_runner
import pytest

from pixel.sandbox import state
from pixel.sandbox.testing import RunningSandbox, running_sandbox
from playbook_runs import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("awx")]

CHECKED = ["schedule", "releases"]
REPEATED = ["rollback", "fleet", "power", "dns_prune", "image_prune", "certificate", "site", "report"]
"""What runs here only in the soak tests."""
Templates = dict[str, dict[str, Any]]
Job = Callable[..., ansible_runner.Runner]


@pytest.fixture(scope="module")
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where sandbox.json is."""
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture(scope="module")
def sandbox(state_folder: Path) -> Iterator[RunningSandbox]:
    """A sandbox with an image of release 1.0.0, and the bucket that a first site.yml makes."""
    with running_sandbox(state_folder) as sandbox:
        tags = {"pixel:pool": "drone", "pixel:release": "1.0.0", "pixel:verified": "true"}
        sandbox.ec2.register_image(
            Name="pixel-drone-1.0.0",
            Architecture="x86_64",
            RootDeviceName="/dev/sda1",
            TagSpecifications=[
                {"ResourceType": "image", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
            ],
        )
        location: Any = {"LocationConstraint": sandbox.state.region}
        sandbox.client("s3").create_bucket(Bucket="pixel-code", CreateBucketConfiguration=location)
        yield sandbox


@pytest.fixture(scope="module")
def environment(sandbox: RunningSandbox, state_folder: Path) -> dict[str, str]:
    """The environment of jobs, where the role's credential would be."""
    return {state.ENVIRONMENT: str(state_folder), "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"}


@pytest.fixture(scope="module")
def inventory(environment: dict[str, str]) -> str:
    """The settings as AWX hands them to a job: a script that prints what the inventory's source was."""
    exported = subprocess.run(
        ["ansible-inventory", "-i", "inventory/sandbox", "--list", "--export"],
        cwd=ROOT,
        env={**os.environ, **environment},
        check=True,
        capture_output=True,
        text=True,
    )
    return f"#!/bin/sh\ncat <<'EOF'\n{exported.stdout}\nEOF\n"


@pytest.fixture(scope="module")
def job(
    environment: dict[str, str],
    inventory: str,
    job_templates: Templates,
    tmp_path_factory: pytest.TempPathFactory,
) -> Job:
    """Run a job template's playbook with answers to its survey, and its defaults where none is given."""

    def run(playbook: str, *options: str, **answers: Any) -> ansible_runner.Runner:
        folder = tmp_path_factory.mktemp(playbook)
        (folder / "project").symlink_to(ROOT)
        (folder / "inventory").mkdir()
        (folder / "inventory" / "hosts").write_text(inventory)
        (folder / "inventory" / "hosts").chmod(0o755)
        questions = job_templates[playbook]["survey_spec"]["spec"]
        defaults = {question["variable"]: question["default"] for question in questions if "default" in question}
        return ansible_runner.run(
            private_data_dir=str(folder),
            playbook=job_templates[playbook]["playbook"],
            extravars={**defaults, **answers},
            envvars=environment,
            cmdline=" ".join(["--diff", *options]),
            quiet=True,
        )

    return run


@pytest.fixture(scope="module")
def released(job: Job) -> ansible_runner.Runner:
    """The one real job: release 1.0.0 to one member."""
    return job("release", pixel_release="1.0.0", pixel_size=1, pixel_canary="false")


def output(runner: ansible_runner.Runner) -> str:
    """Return what the job printed."""
    return (Path(runner.config.artifact_dir) / "stdout").read_text()


def test_the_release_job_releases(released: ansible_runner.Runner) -> None:
    assert released.status == "successful", output(released)
    assert released.stats["changed"]


@pytest.mark.parametrize("playbook", [*CHECKED, *(pytest.param(name, marks=pytest.mark.soak) for name in REPEATED)])
def test_a_job_runs_with_its_surveys_defaults(
    playbook: str, job: Job, job_templates: Templates, released: ansible_runner.Runner
) -> None:
    required = {"pixel_release": "1.0.0"} if playbook == "rollback" else {}

    runner = job(playbook, "--check", **required)

    assert runner.status == "successful", output(runner)


def test_the_image_job_goes_as_far_as_the_files_that_an_image_needs(job: Job) -> None:
    runner = job("image", pixel_release="1.1.0")

    assert runner.status == "failed"
    assert "pixel_cloudwatch_agent" in output(runner)


def test_every_job_template_is_run_here(job_templates: Templates) -> None:
    assert set(job_templates) == {"release", "image", *CHECKED, *REPEATED}
