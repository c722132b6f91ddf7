"""`make reference`: the collection's reference, from the documentation in its modules and roles."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import yaml

from .documented import ROOT

COLLECTION = ROOT / "collections/ansible_collections/mitlab/pixel"


def test_every_module_and_role_has_a_page(tmp_path: Path) -> None:
    subprocess.run([sys.executable, ROOT / "tools/reference.py", tmp_path], check=True, capture_output=True)
    modules = {f"{path.stem}_module.html" for path in (COLLECTION / "plugins/modules").glob("[a-z]*.py")}
    roles = {f"{path.name}_role.html" for path in (COLLECTION / "roles").iterdir()}
    assert modules | roles <= {path.name for path in tmp_path.iterdir()}


def test_every_module_takes_the_defaults_of_the_action_group() -> None:
    group = yaml.safe_load((COLLECTION / "meta/runtime.yml").read_text())["action_groups"]["aws"]
    assert {path.stem for path in (COLLECTION / "plugins/modules").glob("[a-z]*.py")} <= set(map(str, group))
