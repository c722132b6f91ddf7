"""The templates for both Packers: what 1.6 does not know is fenced, and checked where 1.6 cannot."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import hcl2
import pytest

from .scripts import FOLDER, script

downlevel = script("downlevel")

DOCUMENTED = {
    "imds_support": None,
    "deprecate_at": None,
    "metadata_options": {
        "http_endpoint",
        "http_tokens",
        "http_put_response_hop_limit",
        "instance_metadata_tags",
    },
    "fast_launch": {
        "enable_fast_launch",
        "template_id",
        "template_name",
        "template_version",
        "max_parallel_launches",
        "target_resource_count",
    },
}
"""Options of the amazon-ebs builder that 1.6 lacks, with those inside: packer-plugin-amazon 1.8,
.web-docs/components/builder/ebs/README.md."""

GOOD = {
    "release": "1.4.0",
    "pool": "drone",
    "provenance": {"pixel:unreal-version": "5.4"},
    "region": "us-east-2",
    "source_ami": "ami-0123456789abcdef0",
    "builder_cidrs": ["192.0.2.1/32"],
    "host_variables": "/nowhere/host.json",
    "manifest": "/nowhere/manifest.json",
}


def source(text: str) -> dict[str, Any]:
    """Return the builder's block."""
    block: dict[str, Any] = hcl2.loads(text)["source"][0]
    while "region" not in block:
        block = next(iter(block.values()))
    return block


def validate(folder: Path, **variables: Any) -> subprocess.CompletedProcess[str]:
    """Run `packer validate` on the down-levelled templates."""
    subprocess.run([sys.executable, str(FOLDER / "downlevel.py"), str(folder / "packer")], check=True)
    (folder / "variables.pkrvars.json").write_text(json.dumps({**GOOD, **variables}))
    program = Path(sys.executable).with_name("ansible-playbook")
    return subprocess.run(
        [
            *("packer", "validate", f"-var-file={folder}/variables.pkrvars.json"),
            *("-var", f"ansible_playbook={program}", str(folder / "packer")),
        ],
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_fenced_is_documented_by_the_plugin() -> None:
    text = (FOLDER / "source.pkr.hcl").read_text()
    fenced = set(source(text)) - set(source(downlevel.downlevel(text)))
    assert fenced == set(DOCUMENTED)


@pytest.mark.parametrize("block", ["metadata_options", "fast_launch"])
def test_the_options_in_a_fenced_block_are_documented_too(block: str) -> None:
    documented = DOCUMENTED[block]
    assert documented is not None
    found = source((FOLDER / "source.pkr.hcl").read_text())[block]
    options = found[0] if isinstance(found, list) else found
    assert {name for name in options if not name.startswith("__")} <= documented


def test_builder_and_image_ask_for_version_2_of_the_metadata_service() -> None:
    block = source((FOLDER / "source.pkr.hcl").read_text())
    metadata = block["metadata_options"]
    options = metadata[0] if isinstance(metadata, list) else metadata
    assert block["imds_support"].strip('"') == "v2.0"
    assert options["http_tokens"].strip('"') == "required"


def test_a_fence_that_is_not_closed_is_told() -> None:
    with pytest.raises(ValueError, match="opened or closed only"):
        downlevel.downlevel('a = 1\n# [packer>=1.7\nimds_support = "v2.0"\n')


def test_the_downlevelled_templates_are_valid_for_the_packer_that_is_here(tmp_path: Path) -> None:
    run = validate(tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize(
    ("variable", "value", "mend"),
    [
        ("release", "v1.4", "set pixel_release"),
        ("pool", "Drone", "set pixel_pool"),
        ("source_ami", "windows", "set pixel_base_image"),
        ("builder_cidrs", ["0.0.0.0/0"], "pixel_builder_cidrs"),
    ],
)
def test_a_wrong_input_is_refused_with_the_mend(tmp_path: Path, variable: str, value: Any, mend: str) -> None:
    run = validate(tmp_path, **{variable: value})
    assert run.returncode != 0
    assert mend in " ".join((run.stdout + run.stderr).split())
