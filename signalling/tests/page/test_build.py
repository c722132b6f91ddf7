"""How the player page gets into the package."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest

HOOK = Path(__file__).parents[2] / "hatch_build.py"


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    """The build hook, which lies outside the package."""
    spec = importlib.util.spec_from_file_location("hatch_build", HOOK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """The page's sources, last changed at 100."""
    folder = tmp_path / "page"
    for name in ("package.json", "src/player.ts", "static/index.html", "node_modules/other.js"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (100, 100))
    return folder


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A built page, from 200."""
    path = tmp_path / "index.html"
    path.touch()
    os.utime(path, (200, 200))
    return path


def test_a_page_newer_than_its_sources_is_kept(hook: ModuleType, built: Path, sources: Path) -> None:
    assert not hook.is_older(built, sources)


def test_a_missing_page_is_built(hook: ModuleType, tmp_path: Path, sources: Path) -> None:
    assert hook.is_older(tmp_path / "nothing", sources)


@pytest.mark.parametrize("changed", ["package.json", "src/player.ts", "static/index.html"])
def test_a_page_is_built_again_when_a_source_has_changed(
    hook: ModuleType, built: Path, sources: Path, changed: str
) -> None:
    os.utime(sources / changed, (300, 300))

    assert hook.is_older(built, sources)


def test_what_npm_installs_is_no_source(hook: ModuleType, built: Path, sources: Path) -> None:
    os.utime(sources / "node_modules/other.js", (300, 300))

    assert not hook.is_older(built, sources)


@pytest.mark.parametrize(("there", "missing"), [((), "node"), (("node",), "npm")])
def test_a_machine_without_node_is_told_what_to_install(
    hook: ModuleType,
    built: Path,
    sources: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    there: tuple[str, ...],
    missing: str,
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in there:
        (programs / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(programs))

    with pytest.raises(SystemExit, match=f"{missing} is not on PATH; install Node.js 18 or newer"):
        hook.build_page(sources, built.parent)


def test_a_step_that_fails_leaves_the_old_page_and_shows_what_it_said(
    hook: ModuleType, sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("node", "npm"):
        (programs / name).write_text("#!/bin/sh\necho the disk is full\nexit 1\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    old = tmp_path / "built"
    old.mkdir()

    with pytest.raises(SystemExit, match=r"'npm ci .*' in .* failed:\nthe disk is full"):
        hook.build_page(sources, old)
    assert old.is_dir()
