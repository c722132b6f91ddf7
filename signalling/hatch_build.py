"""Builds the player page into the package when the distribution is built or installed, if its sources have changed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = Path("page")
BUILT = Path("src/pixel/signalling/page")
INGREDIENTS = ("package.json", "package-lock.json", ".npmrc", "build.mjs", "src/*", "static/*")


class PageBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling leaves its configuration's type open
    """Runs `npm ci` and the page's build, once for each change of its sources."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 -- hatchling's signature
        root = Path(self.root)
        if is_older(root / BUILT / "index.html", root / SOURCES):
            self.app.display_info("building the player page")
            build_page(root / SOURCES, root / BUILT)


def is_older(built: Path, sources: Path) -> bool:
    """Tell whether the built page is missing, or older than any of its sources."""
    if not built.is_file():
        return True
    newest = max(path.stat().st_mtime for pattern in INGREDIENTS for path in sources.glob(pattern))
    return newest > built.stat().st_mtime


def build_page(sources: Path, built: Path) -> None:
    """Build the page beside its place, then put it there whole.

    Raises:
        SystemExit: Node.js or npm is missing, or one of the steps failed; the text says which and the mend.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise SystemExit(
            f"the player page cannot be built: {'node' if node is None else 'npm'} is not on PATH; install Node.js 18 "
            "or newer with npm, or install mitlab-pixel from a wheel, which contains the page"
        )
    fresh = built.with_name(f".{built.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    run([npm, "ci", "--omit=dev", "--ignore-scripts", "--no-progress"], sources)
    run([node, "build.mjs", str(fresh)], sources)
    shutil.rmtree(built, ignore_errors=True)
    fresh.rename(built)
    (built / "index.html").touch()  # copied files keep their sources' times, which are not the build's


def run(command: list[str], folder: Path) -> None:
    """Run one step; its output is shown only when it fails."""
    step = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)  # noqa: S603 -- the commands are those above
    if step.returncode != 0:
        name = " ".join([Path(command[0]).stem, *command[1:]])
        raise SystemExit(f"the player page cannot be built: '{name}' in {folder} failed:\n{step.stdout}")
