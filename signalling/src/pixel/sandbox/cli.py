"""`pixel sandbox up|down|status|reset`."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from pixel.sandbox import daemon, state
from pixel.sandbox.members.members import DEFAULT_KIND, KINDS
from pixel.sandbox.state import SandboxState


def main(argv: Sequence[str]) -> int:
    """Run one command; return its exit code: 1 when it failed, 3 from `status` when no sandbox runs."""
    arguments = _parser().parse_args(argv)
    where = state.folder(arguments.state)
    try:
        code: int = arguments.command(arguments, where)
    except daemon.DaemonError as error:
        sys.stderr.write(f"pixel sandbox: {error}\n")
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pixel sandbox",
        description="An AWS on this machine's loopback. Its account lives in the memory of one process: "
        "it starts with the seeds and is gone when it stops.",
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--state",
        metavar="DIR",
        help=f"folder of sandbox.json and the log (default: ${state.ENVIRONMENT}, else {state.DEFAULT_FOLDER})",
    )
    up = commands.add_parser("up", parents=[common], help="start it, and say how to use it")
    up.add_argument("--port", type=_port, default=0, metavar="N", help="its port on 127.0.0.1 (default: any free one)")
    up.add_argument(
        "--members",
        choices=KINDS,
        help="what runs for an instance of a pool: nothing (`none`); `light`, its part in the lease alone, for "
        "hundreds; `processes`, the real signalling service and a synthetic Unreal on its address; or `canaries`, that "
        "for the canary of a release alone (the default)",
    )
    up.add_argument("--foreground", action="store_true", help="stay, until interrupted")
    up.set_defaults(command=_up)
    down = commands.add_parser("down", parents=[common], help="stop it, with all it started")
    down.set_defaults(command=_down)
    status = commands.add_parser("status", parents=[common], help="say whether it runs, and what is in it")
    status.add_argument("--json", action="store_true", help="as JSON")
    status.set_defaults(command=_status)
    reset = commands.add_parser("reset", parents=[common], help="go back to the seeds; their ids stay")
    reset.set_defaults(command=_reset)
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is no port: give a number from 1 to 65535, or 0 for any free one")
    return int(text)


def _up(arguments: argparse.Namespace, where: Path) -> int:
    if arguments.foreground:
        daemon.serve(arguments.port, where, arguments.members or DEFAULT_KIND)
        return 0
    found, new = daemon.start(arguments.port, where, arguments.members)
    sys.stdout.write(
        f"The sandbox {'is up' if new else 'runs already'} at {found.endpoint}\n{_how_to_use(found, where)}"
    )
    return 0


def _how_to_use(found: SandboxState, where: Path) -> str:
    exports = "".join(f"  export {name}={shlex.quote(value)}\n" for name, value in found.environment().items())
    return (
        f"\nPoint the AWS CLI and SDKs at it:\n{exports}"
        f"\nNames under {found.zone} are answered by the DNS server {found.dns}"
        f"\nIds, keys and addresses: {where / state.FILE}"
        f"\nStop it: pixel sandbox down --state {shlex.quote(str(where))}\n"
    )


def _down(_: argparse.Namespace, where: Path) -> int:
    sys.stdout.write("The sandbox is stopped\n" if daemon.stop(where) else f"No sandbox runs in {where}\n")
    return 0


def _status(arguments: argparse.Namespace, where: Path) -> int:
    found = daemon.running(where)
    if arguments.json:
        known = {**asdict(found), "apis": daemon.ask(found, "GET", "status")["apis"]} if found else {}
        sys.stdout.write(json.dumps({"running": found is not None, **known}) + "\n")
    elif found is None:
        sys.stdout.write(f"No sandbox runs in {where}: start one with 'pixel sandbox up'\n")
    else:
        content = daemon.ask(found, "GET", "status")
        rows = {
            "endpoint": found.endpoint,
            "process": found.pid,
            "names": f"*.{found.zone} at {found.dns}",
            "instances": ", ".join(f"{count} {name}" for name, count in content["instances"].items()) or "none",
            "calls": content["calls"],
            **{f"API {one['name']}": one["url"] for one in content["apis"]},
        }
        sys.stdout.write("".join(f"{name:<11}{value}\n" for name, value in rows.items()))
    return 0 if found else 3


def _reset(_: argparse.Namespace, where: Path) -> int:
    found = daemon.running(where)
    if found is None:
        raise daemon.DaemonError(f"no sandbox runs in {where}: start one with 'pixel sandbox up'")
    daemon.ask(found, "POST", "reset")
    sys.stdout.write("The sandbox is back at its seeds\n")
    return 0
