"""`pixel signalling service`: the signalling service as a Windows service."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def main(argv: Sequence[str]) -> int:
    """Do what is asked; return the exit code: 0, 1 when Windows refuses, 2 for a wrong call, 3 for `status` of a
    service that does not run."""
    arguments = _parser().parse_args(argv)
    if sys.platform != "win32":
        return _refuse("Windows services exist on Windows only: run it with 'pixel signalling run --config FILE'", 2)
    else:  # noqa: RET505 - mypy checks a platform's branch only where it is a branch
        try:
            from pixel.signalling import windows_control as control
        except ModuleNotFoundError as missing:
            return _refuse(f"{missing.name} is not installed: install it with 'pip install pywin32'", 1)
        try:
            if arguments.action == "install":
                config = Path(arguments.config).absolute()
                if not config.is_file():
                    return _refuse(f"the settings file {config}, given with --config, does not exist", 2)
                said = control.install(str(config))
            else:
                said = {
                    "remove": control.remove,
                    "start": control.start,
                    "stop": control.stop,
                    "status": control.status,
                }[arguments.action]()
        except control.ControlError as refusal:
            return _refuse(str(refusal), 1)
        sys.stdout.write(f"{said}\n")
        return 3 if arguments.action == "status" and said != "running" else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pixel signalling service", description="The signalling service as a Windows service."
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="<action>")
    install = actions.add_parser(
        "install", help="install it, or change it: started with Windows, and again after a failure"
    )
    install.add_argument("--config", required=True, metavar="FILE", help="the settings file")
    for name, summary in (
        ("remove", "stop it and remove it"),
        ("start", "start it and wait until it listens"),
        ("stop", "stop it"),
        ("status", "print its state; exit code 0 when it is running, 3 when not"),
    ):
        actions.add_parser(name, help=summary)
    return parser


def _refuse(problem: str, exit_code: int) -> int:
    sys.stderr.write(f"pixel signalling service: {problem}\n")
    return exit_code
