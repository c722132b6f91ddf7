"""The image in which AWX runs the playbooks has what the tests ran with."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from playbook_runs import ROOT

DEFINITION: dict[str, Any] = yaml.safe_load((ROOT / "execution-environment.yml").read_text())
PINNED = (ROOT / "requirements" / "execution-environment.txt").read_text()
PINS = dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", PINNED, flags=re.MULTILINE))


def test_every_pinned_package_is_installed_here_in_the_same_version() -> None:
    assert {name: version(name) for name in PINS} == PINS


def test_every_pinned_package_has_hashes() -> None:
    requirements = re.split(r"\n(?=[a-z])", PINNED.replace("\\\n", " "))

    assert [line for line in requirements if "--hash=sha256:" not in line] == []


def test_ansible_in_the_definition_is_the_pinned_one() -> None:
    dependencies = DEFINITION["dependencies"]

    assert dependencies["ansible_core"]["package_pip"] == f"ansible-core=={PINS['ansible-core']}"
    assert dependencies["ansible_runner"]["package_pip"] == f"ansible-runner=={PINS['ansible-runner']}"


def test_the_image_has_the_distribution_of_this_repository(tmp_path: Path) -> None:
    context = created(tmp_path)

    assert (context / "_build/collections/mitlab/pixel/galaxy.yml").is_file()
    assert (context / "_build/requirements/execution-environment.txt").read_text() == PINNED
    assert "--require-hashes" in (context / "Dockerfile").read_text()


def created(tmp_path: Path) -> Path:
    """Have ansible-builder make what a container engine builds from; return the folder."""
    for name in ("execution-environment.yml", "requirements", "collections"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "mitlab_pixel-0.1.0-py3-none-any.whl").touch()
    subprocess.run(
        [str(Path(sys.executable).with_name("ansible-builder")), "create", "--output-filename", "Dockerfile"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    return tmp_path / "context"
