"""`make play`: one member on the sandbox, woken and left running for a person's own browser."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import pixel.client as pixel
from demo.fleet import StepFailedError, Tour
from demo.sandbox import DemoSandbox
from demo.session import NEEDS_443, lay_foundation, members_can_serve, wake
from demo.terminal import Terminal
from playbook_runs import ROOT

HOW_TO_LOOK = """
Open it in a browser of this machine, and accept the sandbox's certificate:

   https://{ip}/#token={token}

Its own name needs a line in /etc/hosts ({ip} {host}), and a browser that trusts
{ca_file}

Close the tab, and the member stops {grace} seconds later. Ctrl-C ends everything."""

GRACE = 60


def main() -> int:
    """Wake a member, say where it is, and wait until its session ends or the person interrupts."""
    parser = argparse.ArgumentParser(prog="make play", description=__doc__)
    parser.add_argument("--state", type=Path, default=ROOT / ".sandbox", help="the sandbox's state folder")
    arguments = parser.parse_args()
    if not members_can_serve():
        sys.stderr.write(f"{NEEDS_443}\n")
        return 1
    terminal = Terminal()
    terminal.step("An AWS on this machine")
    sandbox = DemoSandbox(arguments.state)
    try:
        tour = Tour(sandbox, terminal)
        tour.seed_images("1.0.0")
        tour.playbook("Release 1.0.0 to two members", "release", pixel_release="1.0.0", pixel_size=2)
        lay_foundation(tour, GRACE)
        terminal.step("Wake one of them")
        session = wake(sandbox)
        session.wait_ready()
        print(HOW_TO_LOOK.format(**addresses(session), ca_file=sandbox.facts.ca_file, grace=GRACE), flush=True)
        while session.refresh().state != "ended":
            time.sleep(2)
        terminal.note(f"\nThe session has ended: {session.reason}")
    except KeyboardInterrupt:
        terminal.note("\nInterrupted")
    except (StepFailedError, pixel.PixelError) as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    finally:
        sandbox.down()
    return 0


def addresses(session: pixel.Session) -> dict[str, str]:
    """Return the ready session's name, address and player token."""
    url, token = str(session.url).split("#token=")
    host = url.removeprefix("https://").strip("/")
    return {"host": host, "token": token, "ip": ".".join(host.split(".")[0].split("-")[1:])}


if __name__ == "__main__":
    sys.exit(main())
