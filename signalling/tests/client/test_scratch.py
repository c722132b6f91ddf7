"""The Scratch extension's own tests, which run in Node."""

from __future__ import annotations

import subprocess
from pathlib import Path

TESTS = Path(__file__).parent / "scratch" / "pixel.test.mjs"


def test_the_scratch_extension_passes_its_tests() -> None:
    ran = subprocess.run(["node", "--test", TESTS], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout
