"""Makes the wake function's code package: this distribution and its pinned requirements, for Lambda's platform.

The same sources and pins make the same bytes, so that the package's SHA-256 tells whether anything changed.

    python tools/wake_package.py OUTPUT.zip
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLATFORM = ("manylinux2014_x86_64", "manylinux_2_28_x86_64")
PYTHON = "3.13"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip file can hold: times of files must not make two packages differ."""

PARTS = ("__init__.py", "naming.py", "tokens.py", "lease", "wake")
"""What the function needs of the distribution: neither the client nor the service, and no page."""


def install_requirements(into: Path) -> None:
    """Install the pinned requirements as Lambda will load them."""
    platforms = [option for name in PLATFORM for option in ("--platform", name)]
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"),
            *("--only-binary", ":all:", "--implementation", "cp", "--python-version", PYTHON, *platforms),
            *("--require-hashes", "--requirement", str(ROOT / "requirements" / "wake.txt"), "--target", str(into)),
        ],
        check=True,
    )


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
    with tempfile.TemporaryDirectory() as folder:
        installed = Path(folder)
        install_requirements(installed)
        output = Path(sys.argv[1])
        output.parent.mkdir(parents=True, exist_ok=True)
        package(installed, output)


if __name__ == "__main__":
    main()
