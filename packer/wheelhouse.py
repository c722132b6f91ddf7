"""Makes the wheelhouse of a Windows member: a zip of `mitlab-pixel` and all it needs, with their requirements.txt.

Every wheel is named with its hash, so that pip on the host installs these and nothing else, and asks no index. The same
sources and pins make the same bytes.

    python packer/wheelhouse.py OUTPUT.zip
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PINNED = ROOT / "requirements" / "signalling-windows.txt"
PYTHON = "3.11"
PROJECT = "mitlab-pixel"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip file can hold: times of files must not make two wheelhouses differ."""

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


def build_own_wheel(into: Path) -> Path:
    """Build this distribution's wheel; return its path."""
    subprocess.run(  # noqa: S603 - the command is built here
        [*PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(into), str(ROOT / "signalling")],
        check=True,
    )
    return next(into.glob(f"{PROJECT.replace('-', '_')}-*.whl"))


def download_pinned(into: Path) -> None:
    """Download the pinned wheels for Windows; what does not have its hash is refused."""
    subprocess.run(  # noqa: S603 - the command is built here
        [
            *(*PIP, "download", "--only-binary", ":all:", "--platform", "win_amd64", "--implementation", "cp"),
            *("--python-version", PYTHON, "--require-hashes", "--requirement", str(PINNED), "--dest", str(into)),
        ],
        check=True,
    )


def requirements(own_wheel: Path) -> str:
    """Return the pinned requirements and this distribution's, with its wheel's hash."""
    version = own_wheel.name.split("-")[1]
    digest = hashlib.sha256(own_wheel.read_bytes()).hexdigest()
    return f"{PINNED.read_text()}{PROJECT}=={version} --hash=sha256:{digest}\n"


def pack(folder: Path, output: Path) -> None:
    """Zip the folder's files, sorted and without times; wheels are compressed already."""
    with zipfile.ZipFile(output, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.iterdir()):
            archive.writestr(zipfile.ZipInfo(path.name, EPOCH), path.read_bytes())


def main() -> None:
    """Make the wheelhouse named on the command line."""
    if len(sys.argv) != 2:
        sys.exit("usage: wheelhouse.py OUTPUT.zip")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        own_wheel = build_own_wheel(folder)
        download_pinned(folder)
        (folder / "requirements.txt").write_text(requirements(own_wheel))
        pack(folder, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
