"""Powering the machine off from inside. An EBS-backed instance whose shutdown behaviour is `stop` is then stopped by
EC2, without any permission of AWS ("Change the instance initiated shutdown behavior" in the EC2 user guide)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

TIMEOUT = 30.0


def default_commands() -> list[tuple[str, ...]]:
    """Return the operating system's ways to power off, the best first."""
    if sys.platform == "win32":
        shutdown = Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "shutdown.exe"
        # /f: nobody is there to answer a program that asks before it closes.
        return [(str(shutdown), "/s", "/f", "/t", "0")]
    return [("systemctl", "poweroff"), ("shutdown", "-h", "now")]


def power_off(command: Sequence[str] = ()) -> None:
    """Power this machine off, by the command given or else by the operating system's.

    Raises:
        OSError: none of the commands worked; says which, and what they answered.
    """
    errors = []
    for attempt in [tuple(command)] if command else default_commands():
        try:
            subprocess.run(attempt, check=True, capture_output=True, text=True, timeout=TIMEOUT)  # noqa: S603 - ours
        except (OSError, subprocess.SubprocessError) as error:
            detail = getattr(error, "stderr", None) or ""
            errors.append(f"'{' '.join(attempt)}': {error} {detail.strip()}".strip())
        else:
            return
    raise OSError(f"this machine could not be powered off: {'; '.join(errors)}")
