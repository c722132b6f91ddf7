"""The player page's sources: their types, their own tests, their pins."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "page"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the page's sources, with everything that their development needs."""
    folder = tmp_path_factory.mktemp("development") / "page"
    shutil.copytree(PAGE, folder, ignore=shutil.ignore_patterns("node_modules", "dist"))
    npm("ci", "--ignore-scripts", folder=folder)
    return folder


def npm(*arguments: str, folder: Path) -> None:
    step = subprocess.run(["npm", *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert step.returncode == 0, step.stdout


@pytest.fixture(scope="module")
def lock() -> dict[str, Any]:
    contents: dict[str, Any] = json.loads((PAGE / "package-lock.json").read_text())
    return contents


def test_the_types_agree(installed: Path) -> None:
    npm("run", "check", folder=installed)


def test_its_own_tests_pass(installed: Path) -> None:
    npm("test", folder=installed)


def test_every_package_is_pinned_to_one_version_and_content(lock: dict[str, Any]) -> None:
    packages = {path: package for path, package in lock["packages"].items() if path}

    assert [path for path, package in packages.items() if "integrity" not in package or "version" not in package] == []


def test_the_lock_names_no_registry(lock: dict[str, Any]) -> None:
    assert [path for path, package in lock["packages"].items() if "resolved" in package] == []


def test_direct_dependencies_are_exact() -> None:
    package = json.loads((PAGE / "package.json").read_text())
    wanted = {**package["dependencies"], **package["devDependencies"]}

    assert [name for name, version in wanted.items() if not version[0].isdigit()] == []
