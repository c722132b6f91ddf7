"""What is installed is what was reviewed: every package is pinned, with hashes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKED = sorted((ROOT / "requirements").glob("*.txt"))
NODE = [ROOT / "signalling/page/package-lock.json", ROOT / "tests/security/iam/package-lock.json"]
HASHED = re.compile(r"[A-Za-z0-9._\[\]-]+==[^ ;]+( ; [^\\]+)?( --hash=sha256:[0-9a-f]{64})+")


def requirements(path: Path) -> list[str]:
    """Return the requirements of a file, each on one line."""
    joined = re.sub(r"\s*\\\n\s*", " ", path.read_text())
    return [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: path.name)
def test_every_python_package_is_pinned_with_its_hashes(path: Path) -> None:
    lines = requirements(path)
    assert lines
    assert [line for line in lines if not HASHED.fullmatch(line)] == []


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: path.name)
def test_no_package_comes_from_an_index_or_address_of_its_own(path: Path) -> None:
    assert not re.search(r"^(--|-[a-z])|://| @ ", path.read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", NODE, ids=lambda path: path.parent.name)
def test_every_node_package_has_its_integrity(path: Path) -> None:
    packages = {name: one for name, one in json.loads(path.read_text())["packages"].items() if name}
    assert packages
    assert [name for name, one in packages.items() if not one.get("integrity", "").startswith("sha512-")] == []


@pytest.mark.parametrize("path", NODE, ids=lambda path: path.parent.name)
def test_node_packages_run_nothing_when_they_are_installed(path: Path) -> None:
    """They are installed with `--ignore-scripts`; so none may need its scripts."""
    installed = (ROOT / "signalling/hatch_build.py").read_text() + (
        ROOT / "tests/security/iam/simulator.py"
    ).read_text()
    assert installed.count('"ci",') == installed.count('"--ignore-scripts"') == 2
    assert path.exists()
