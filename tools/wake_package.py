"""Makes the wake function's code package: this distribution and its pinned requirements, for Lambda's platform.

The same sources and pins make the same bytes, so that the package's SHA-256 tells whether anything changed.

    python tools/wake_package.py OUTPUT.zip
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLATFORM = ("manylinux2014_x86_64", "manylinux_2_28_x86_64")
PYTHON = "3.13"
CACHE = ROOT / ".cache" / "wake"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip file can hold: times of files must not make two packages differ."""

PARTS = ("__init__.py", "naming.py", "tokens.py", "lease", "wake")
"""What the function needs of the distribution: neither the client nor the service, and no page."""


def installed_requirements() -> Path:
    """Return the folder with the pinned requirements as Lambda will load them; install them when they have changed."""
    pins = ROOT / "requirements" / "wake.txt"
    folder = CACHE / hashlib.sha256(pins.read_bytes()).hexdigest()[:16]
    if folder.exists():
        return folder
    CACHE.mkdir(parents=True, exist_ok=True)
    platforms = [option for name in PLATFORM for option in ("--platform", name)]
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        part = Path(scratch) / "requirements"
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"),
                *("--only-binary", ":all:", "--implementation", "cp", "--python-version", PYTHON, *platforms),
                *("--require-hashes", "--requirement", str(pins), "--target", str(part)),
            ],
            check=True,
        )
        part.replace(folder)
    return folder


def package(installed: Path, output: Path) -> None:
    """Zip the requirements and the distribution's parts, sorted and without times."""
    source = ROOT / "signalling" / "src"
    files = {path.relative_to(installed): path for path in installed.rglob("*") if path.is_file()}
    for part in PARTS:
        top = source / "pixel" / part
        for path in [top] if top.is_file() else top.rglob("*.py"):
            files[path.relative_to(source)] = path
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            if "__pycache__" in name.parts or name.parts[0] == "bin":
                continue
            entry = zipfile.ZipInfo(name.as_posix(), EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name].read_bytes())


def main() -> None:
    """Make the package named on the command line."""
    if len(sys.argv) != 2:
        sys.exit("usage: wake_package.py OUTPUT.zip")
    output = Path(sys.argv[1])
    output.parent.mkdir(parents=True, exist_ok=True)
    package(installed_requirements(), output)


if __name__ == "__main__":
    main()
