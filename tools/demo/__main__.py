"""`make demo`: start the sandbox, take the tour, stop the sandbox. `--keep` leaves it up."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from demo.fleet import StepFailedError, Tour
from demo.sandbox import DemoSandbox
from demo.session import NEEDS_443, lay_foundation, members_can_serve, one_session
from demo.terminal import Terminal
from playbook_runs import ROOT

KEPT = """
The sandbox stays up. Point Ansible at it (it is the default inventory):
   ansible-playbook playbooks/fleet.yml -e pixel_size=4
Point the AWS CLI at it:
{exports}
   aws ec2 describe-instances --query 'Reservations[].Instances[].[InstanceId,State.Name]'
Stop it:
   make down
"""


def main() -> int:
    """Take the tour; return 1, with the message of what went wrong, when a step fails."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--state", type=Path, default=ROOT / ".sandbox", help="the sandbox's state folder")
    parser.add_argument("--keep", action="store_true", help="leave the sandbox up")
    arguments = parser.parse_args()

    began = time.monotonic()
    terminal = Terminal()
    terminal.step("An AWS on this machine")
    sandbox = DemoSandbox(arguments.state)
    terminal.note(f"{sandbox.facts.endpoint}, empty but for a network, a DNS zone and a Windows base image")
    try:
        tour = Tour(sandbox, terminal)
        tour.fleet()
        tour.closing_table()
        if members_can_serve():
            lay_foundation(tour)
            one_session(tour)
        else:
            print(NEEDS_443)
    except StepFailedError as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    finally:
        if not arguments.keep:
            sandbox.down()
    terminal.note(f"\n   {time.monotonic() - began:.0f} seconds in all")
    if arguments.keep:
        exports = "\n".join(f"   export {name}={value}" for name, value in sandbox.facts.environment().items())
        print(KEPT.format(exports=exports))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
