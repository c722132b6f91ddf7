"""`pixel signalling`: run the service, or check its settings."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from pixel.signalling.settings_sources import SettingsError, add_flags, load


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pixel signalling", description="The service that runs beside Unreal on a member."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="<command>")
    for name, summary in (
        ("run", "serve until stopped (Ctrl-C or SIGTERM)"),
        ("check", "check the settings, and the files they name, and serve nothing"),
    ):
        add_flags(commands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + "."))
    service = commands.add_parser("service", help="the Windows service: install, remove, start, stop, status")
    service.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser


def main(argv: Sequence[str]) -> int:
    """Run the command; return the exit code: 0, 1 when it cannot serve, 2 for wrong settings."""
    arguments = _parser().parse_args(argv)
    if arguments.command == "service":
        from pixel.signalling.windows_service import main as service  # only Windows has what it needs

        return service(arguments.arguments)
    try:
        settings = load(arguments, os.environ)
    except SettingsError as problem:
        sys.stderr.write(f"pixel signalling: {problem}\n")
        return 2
    from pixel.signalling import app  # a wrong setting is told without loading the server

    return app.check(settings) if arguments.command == "check" else app.run(settings)
