"""The player page in the package that people install."""

from __future__ import annotations

import gzip
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

DISTRIBUTION = Path(__file__).parents[2]
FILES = ("index.html", "player.js", "player.css", "icon.svg", "third-party.txt")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a wheel holds of the page, by name."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(DISTRIBUTION)]
    step = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert step.returncode == 0, step.stdout
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        prefix = "pixel/signalling/page/"
        return {n.removeprefix(prefix): archive.read(n) for n in archive.namelist() if n.startswith(prefix)}


def test_a_wheel_contains_the_page_and_nothing_else_of_it(wheel: dict[str, bytes]) -> None:
    assert set(wheel) == {*FILES, *(f"{name}.gz" for name in FILES)}


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_there_compressed_too(wheel: dict[str, bytes], name: str) -> None:
    assert gzip.decompress(wheel[f"{name}.gz"]) == wheel[name]


def test_the_page_asks_nobody_else_for_anything(wheel: dict[str, bytes]) -> None:
    assert b"//" not in wheel["index.html"]
    assert b"url(" not in wheel["player.css"]


def test_whose_work_is_in_the_page_is_told(wheel: dict[str, bytes]) -> None:
    assert b"lib-pixelstreamingfrontend-ue5.7 0.3.1\nCopyright Epic Games\nLicence: MIT" in wheel["third-party.txt"]
