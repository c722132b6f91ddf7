"""Plays schedules on real processes, in real time: playbooks, the deployed function's copies, members.

    python -m faults.live FOLDER SEED…

The plan of a seed is the same each time; who is struck by a fault in the middle of what depends on the machine's mood.
Clocks of processes cannot be set off one by one: those faults are left to the stage.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from botocore.exceptions import BotoCoreError, ClientError

from pixel.sandbox.members.members import Kind
from pixel.sandbox.testing import running_sandbox

from . import ending
from .house import CAP, CONFIRM, CONNECT, GRACE, RELEASES, ROOT, START, STOPPING, UNLEASED, House
from .journal import Journal, instances, items_in_table
from .outcome import Outcome
from .plan import CHAOS, Blow, Errand, Plan, Window, draw
from .visitors import Visitor
from .worker import prepare

PACE = 0.12
"""Real seconds for a second of the plan."""
SCHEDULE = 8.0
"""Seconds between two runs of the reconciler."""
ANSWER = 30.0
BOUND = UNLEASED + CONFIRM + STOPPING + 2 * (SCHEDULE + ANSWER) + 20
SETTLE = START + CONNECT + CAP + BOUND
SKEW = 1.0
SIZE = 3


class _Piece:
    """One schedule."""

    def __init__(self, house: House, plan: Plan) -> None:
        self._house = house
        self._sandbox = house.sandbox
        self._plan = plan
        self._chance = random.Random(f"live {plan.seed}")
        # Every other schedule has members that are real processes too.
        self._members: Kind = "processes" if plan.seed % 20 == 0 else "light"
        self._target = next(release for release in RELEASES if release != house.release)
        self._began = time.time()
        self._log: list[str] = []
        self._active: list[Window] = []
        self._disturbed_at = self._began
        self._faults: Counter[str] = Counter()
        self._threads: list[threading.Thread] = []
        self._over = threading.Event()
        self.journal = Journal(time.time, self._note, SKEW, BOUND, self._last_disturbance)

    def _note(self, what: str) -> None:
        self._log.append(f"{time.time() - self._began:9.3f}  {threading.current_thread().name:<24} {what}")

    def _last_disturbance(self) -> float:
        return time.time() if any(window.blocks for window in self._active) else self._disturbed_at

    def _start(self, name: str, action: Callable[[], None]) -> None:
        thread = threading.Thread(target=self._guarded, args=(action,), name=name)
        self._threads.append(thread)
        thread.start()

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:
            self.journal.wrong(f"the suite itself failed: {error!r}")

    def play(self) -> Outcome:
        """Play it."""
        self._sandbox.sandbox.set_faults({"events": self._events()})
        lifecycle = {"grace": GRACE, "first_connection": CONNECT, "start": START, "unleased": UNLEASED}
        self._sandbox.sandbox.members.set_settings({"lifecycle": {**lifecycle, "session_cap": CAP}})
        with ExitStack() as stack:
            stack.enter_context(self._sandbox.sandbox.members.of_kind(self._members))
            stack.enter_context(self._sandbox.sandbox.witnessed(self.journal.witness))
            stack.enter_context(self._watched())
            self._disturbances()
            self._calm()
            settled = self._settle()
            self._look_at_the_end()
        sessions = [one for one in items_in_table("session#").values() if one["created_at"] >= self._began]
        return Outcome(
            seed=self._plan.seed,
            kind="processes",
            violations=self.journal.violations,
            faults=dict(self._faults),
            sessions=dict(Counter(str(one.get("reason")) for one in sessions)),
            settled=settled,
            seconds=time.time() - self._began,
            calls=self._sandbox.sandbox.calls()["total"],
            longest_alone=self.journal.longest_alone,
            log=self._log,
        )

    def _events(self) -> dict[str, Any]:
        event = self._plan.event
        return {**event, "delay": event["delay"] * PACE, "seed": self._plan.seed}

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Look at everything now and then, and let the reconciler run, meanwhile."""
        self._sandbox.reset_calls()
        self._start("watch", self._watch)
        try:
            yield
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join()

    def _watch(self) -> None:
        due = time.monotonic()
        while not self._over.wait(0.5):
            with self._sandbox.sandbox.still():
                self.journal.look()
            if time.monotonic() >= due:
                due = time.monotonic() + SCHEDULE
                self._sandbox.sandbox.fire(self._house.schedule)

    # What disturbs

    def _disturbances(self) -> None:
        for number, visit in enumerate(self._plan.visits):
            key = self._house.keys[number % len(self._house.keys)]
            visitor = Visitor(
                self._sandbox, self._house.api, key, visit, PACE, f"{self._plan.seed}-{number}", self._note
            )
            self._start(f"caller {number}", visitor.act)
        for at, name, action in sorted(self._timeline(), key=lambda one: one[0]):
            self._wait_until(at * PACE)
            threading.current_thread().name = name
            action()
        self._wait_until(CHAOS * PACE)

    def _wait_until(self, seconds: float) -> None:
        # Faults strike at times of their own, whatever the system does: there is nothing to wait for.
        time.sleep(max(0.0, self._began + seconds - time.time()))

    def _timeline(self) -> Iterator[tuple[float, str, Callable[[], None]]]:
        for window in self._plan.windows:
            yield window.begin, window.kind, lambda window=window: self._begin(window)
            yield window.end, window.kind, lambda window=window: self._end(window)
        for blow in self._plan.blows:
            yield blow.at, blow.kind, lambda blow=blow: self._strike(blow)
        for _ in range(self._chance.randint(2, 6)):
            yield self._chance.uniform(0, CHAOS), "kill of the function", self._kill_function
        for errand in self._plan.errands:
            name = f"operator of {errand.playbook}"
            yield errand.at, name, lambda errand=errand: self._start("operator", lambda: self._errand(errand))

    def _begin(self, window: Window) -> None:
        self._faults[window.kind] += 1
        self._active.append(window)
        self._set_faults()

    def _end(self, window: Window) -> None:
        self._active.remove(window)
        self._set_faults()
        self._disturb()

    def _set_faults(self) -> None:
        wanted: dict[str, Any] = dict.fromkeys(
            ("throttle", "lost_answers", "latency", "unreachable", "capacity", "stale")
        )
        for window in self._active:
            for name, fault in window.faults.items():
                paced = "seconds" in fault and {"seconds": fault["seconds"] * PACE * 2}
                wanted[name] = {**fault, **(paced or {})}
        self._note(f"faults: {wanted}")
        self._sandbox.sandbox.set_faults(wanted)

    def _disturb(self) -> None:
        self._disturbed_at = time.time()

    def _kill_function(self) -> None:
        copies = [one for one in psutil.Process().children() if "pixel.sandbox.functions.worker" in _command(one)]
        if copies:
            self._disturb()
            self._faults["kills of the function"] += 1
            with suppress(psutil.NoSuchProcess):
                self._chance.choice(copies).kill()

    def _strike(self, blow: Blow) -> None:
        if blow.kind in ("kill signalling", "kill streamer"):
            part = "pixel.cli" if blow.kind == "kill signalling" else "pixel.sandbox.unreal.cli"
            computers = [
                one for one in psutil.Process().children() if "pixel.sandbox.members.computer" in _command(one)
            ]
            found = [p for one in computers for p in one.children() if part in _command(p)]
            if found:
                self._disturb()
                self._faults[blow.kind] += 1
                with suppress(psutil.NoSuchProcess):
                    found[blow.place % len(found)].kill()
        elif blow.kind.endswith("by hand"):
            self._by_hand(blow)

    def _by_hand(self, blow: Blow) -> None:
        wanted = {"stop": ("running",), "start": ("stopped",), "terminate": ("running", "stopped")}
        verb = blow.kind.split()[0]
        with self._sandbox.sandbox.still():
            there = sorted(one for one, state, _ in instances() if state in wanted[verb])
        if not there:
            return
        one = there[blow.place % len(there)]
        self._disturb()
        self.journal.excused.add(one)
        try:
            getattr(self._sandbox.ec2, f"{verb}_instances")(InstanceIds=[one])
            self._faults[blow.kind] += 1
            self._note(f"{blow.kind}: {one}")
        except (BotoCoreError, ClientError) as error:
            self._note(f"{blow.kind}: {error}")
        finally:
            self.journal.excused.discard(one)

    def _errand(self, errand: Errand) -> None:
        """A playbook, killed with all its processes after a while, or not."""
        self._faults["playbooks"] += 1
        size = SIZE + max(-1, min(1, errand.size - self._plan.size))
        variables: dict[str, Any] = {"pixel_size": size}
        if errand.playbook == "release":
            variables["pixel_release"] = self._target
        with subprocess.Popen(
            self._house.command(errand.playbook, **variables),
            cwd=ROOT,
            env=self._house.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as playbook:
            patience = None if errand.killed_after is None else errand.killed_after * 1.0
            try:
                playbook.wait(patience)
            except subprocess.TimeoutExpired:
                self._note(f"{errand.playbook} is killed")
                self._faults["kills of playbooks"] += 1
                self._disturb()
                _kill_tree(playbook.pid)

    # The end

    def _calm(self) -> None:
        self._active.clear()
        self._set_faults()
        self._sandbox.sandbox.set_faults({"events": None})
        self._disturb()
        self._note("the faults are over")

    def _settle(self) -> float:
        began = time.monotonic()
        found = ["nothing was looked at"]
        pause = 0.5
        while time.monotonic() - began < SETTLE:
            acting = [one.name for one in self._threads if one.name != "watch" and one.is_alive()]
            with self._sandbox.sandbox.still():
                found = [*ending.unsettled(self._sandbox.state.zone_id), *(f"{one} still acts" for one in acting)]
            if not found:
                return time.monotonic() - began
            time.sleep(pause)
            pause = min(2.0, pause * 1.3)
        for what in found:
            self.journal.wrong(f"after {SETTLE:.0f} s without faults: {what}")
        return time.monotonic() - began

    def _look_at_the_end(self) -> None:
        wrong = ending.without_reason()
        try:
            self._house.must("release", pixel_release=self._target, pixel_size=SIZE)
        except RuntimeError as error:
            wrong.append(f"the last release failed: {error}")
        self._house.release = self._target
        for what in wrong + ending.pool_is_not(SIZE, self._target):
            self.journal.wrong(what)


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def _kill_tree(pid: int) -> None:
    """Kill Ansible with its workers and modules: those have sessions of their own, and would end their task."""
    with suppress(psutil.NoSuchProcess):
        main_process = psutil.Process(pid)
        for process in [*main_process.children(recursive=True), main_process]:
            with suppress(psutil.NoSuchProcess):
                process.kill()


def main(arguments: list[str]) -> int:
    """Play the schedules of the seeds."""
    parser = argparse.ArgumentParser(prog="faults.live")
    parser.add_argument("folder", type=Path)
    parser.add_argument("seeds", type=int, nargs="+")
    asked = parser.parse_args(arguments)
    prepare()
    with running_sandbox(asked.folder) as sandbox:
        house = House(sandbox, asked.folder)
        house.must("release", pixel_release=RELEASES[0], pixel_size=SIZE)
        for seed in asked.seeds:
            print(json.dumps(dataclasses.asdict(_Piece(house, draw(seed)).play())), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
