"""`pixel`: one command, whose parts are loaded only when they are asked for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import NamedTuple


class Part(NamedTuple):
    """A subcommand: the module whose `main(argv)` runs it, the extra that installs it, and its line in the help."""

    module: str
    extra: str | None
    summary: str


PARTS = {
    "wake": Part("pixel.client.commands.wake", None, "wake a machine of a pool and wait until it is ready"),
    "status": Part("pixel.client.commands.status", None, "say how the session is"),
    "open": Part("pixel.client.commands.open", None, "open the session's page in the browser"),
    "send": Part("pixel.client.commands.send", None, "send a command to Unreal, and show what it answers"),
    "end": Part("pixel.client.commands.end", None, "give the machine back"),
    "plan": Part("pixel.planning.plan", None, "say how many members a pool needs, and what it costs a month"),
    "report": Part("pixel.planning.report", "report", "report what a pool's use has been, and what it has cost"),
    "signalling": Part("pixel.signalling.cli", "signalling", "the service that runs beside Unreal on a member"),
    "sandbox": Part("pixel.sandbox.cli", "sandbox", "an AWS on this machine's loopback, for trying and testing"),
}


def usage() -> str:
    """Return the help text: every part with its one-line summary."""
    rows = "\n".join(f"  {name:<12}{part.summary}" for name, part in PARTS.items())
    return f"usage: pixel [--version] <part> …\n\n{rows}\n\n'pixel <part> --help' tells more about each.\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the part named by the first argument; return its exit code (2 for a wrong call)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help"):
        sys.stdout.write(usage())
        return 0 if arguments else 2
    if arguments[0] == "--version":
        sys.stdout.write(f"pixel {version('mitlab-pixel')}\n")
        return 0
    name, *rest = arguments
    part = PARTS.get(name)
    if part is None:
        sys.stderr.write(f"pixel: '{name}' is no part of pixel; the parts are {', '.join(PARTS)}\n")
        return 2
    try:
        module = importlib.import_module(part.module)
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.startswith("pixel") or part.extra is None:
            raise
        sys.stderr.write(
            f"pixel {name}: {missing.name} is not installed; install it with pip install 'mitlab-pixel[{part.extra}]'\n"
        )
        return 1
    exit_code: int = module.main(rest)
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
