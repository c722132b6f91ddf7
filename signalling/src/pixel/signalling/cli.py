"""`pixel signalling`: run the service, or check its settings."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from pixel.signalling.settings_sources import SettingsError, add_flags, load

ELSEWHERE = {
    "service": ("pixel.signalling.windows_service", "the Windows service: install, remove, start, stop, status"),
    "certificate": ("pixel.signalling.certificate", "fetch the certificate from where it is stored"),
}
"""Commands whose modules read their own arguments, by module and summary."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pixel signalling", description="The service that runs beside Unreal on a member."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="<command>")
    for name, summary in (
        ("run", "serve until stopped by Ctrl-C or SIGTERM"),
        ("check", "check the settings, and the files they name, and serve nothing"),
    ):
        usage = f"pixel signalling {name} [--config FILE] [settings]"
        add_flags(
            commands.add_parser(name, help=summary, usage=usage, description=f"{summary[0].upper()}{summary[1:]}.")
        )
    for name, (_, summary) in ELSEWHERE.items():
        commands.add_parser(name, help=summary, add_help=False)
    return parser


def main(argv: Sequence[str]) -> int:
    """Run the command; return the exit code: 0, 1 when it cannot serve, 2 for wrong settings."""
    if argv and argv[0] in ELSEWHERE:
        exit_code: int = importlib.import_module(ELSEWHERE[argv[0]][0]).main(argv[1:])
        return exit_code
    arguments = _parser().parse_args(argv)
    try:
        settings = load(arguments, os.environ)
    except SettingsError as problem:
        sys.stderr.write(f"pixel signalling: {problem}\n")
        return 2
    from pixel.signalling import app  # a wrong setting is told without loading the server

    return app.check(settings) if arguments.command == "check" else app.run(settings)
