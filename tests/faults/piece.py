"""One schedule, played: the system set up, disturbed, left alone, and looked at."""

from __future__ import annotations

import random
import sys
import time
import traceback
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import botocore.session
import pytest
from ansible_collections.mitlab.pixel.plugins.module_utils.waiting import Deadline
from ansible_collections.mitlab.pixel.plugins.modules import dns_prune
from botocore.config import Config
from moto.moto_api._internal import mock_random

from pixel.lease import LeaseTimings
from pixel.naming import RECORD_TTL, record_name
from pixel.signalling.host import machine
from pixel.signalling.lifecycle_settings import LifecycleSettings
from pixel.wake import api
from pixel.wake.function import Clients
from pixel.wake.handler import PATIENT
from pixel.wake.settings import Settings

from . import ending
from .callers import Caller
from .function import Function
from .journal import Journal, instances, items_in_table, members_in_table
from .members import Members
from .operators import Operators, Output, stage_datetime
from .outcome import Outcome
from .plan import CHAOS, SKEW, Blow, Errand, Plan, Window
from .stage import AWS_FAILS, Actor, Stage
from .theatre import BEGIN, Theatre, loader
from .wire import Wire

SCHEDULE = 60.0
"""Seconds between two runs of the reconciler."""
TIMINGS = LeaseTimings(start=120, connect=60, heartbeat=20, grace=20, cap=600)
UNLEASED, CONFIRM, STOPPING = 60.0, 20.0, 30.0
DELAYS = {"start": 4, "stop": 5, "terminate": 3, "status": 8, "dns": 6}
ANSWER = 30.0
"""Seconds that an invocation may take, so that a run of the reconciler may end so late."""
BOUND = UNLEASED + CONFIRM + STOPPING + 2 * (SCHEDULE + ANSWER) + 20
"""Seconds that a member may run without a lease when nothing disturbs: doubted, confirmed, drained, two runs."""
SETTLE = TIMINGS.start + TIMINGS.connect + TIMINGS.cap + BOUND
"""Seconds from the last fault until everything must have come to rest: a session's longest life, and the bound."""


class Piece:
    """One schedule under way."""

    def __init__(self, theatre: Theatre, plan: Plan, *, never_loads: float = 0.05) -> None:
        self._theatre = theatre
        self.sandbox = theatre.sandbox
        self._plan = plan
        self._chance = random.Random(f"piece {plan.seed}")
        sandbox, state = theatre.sandbox, theatre.state
        sandbox.reset()
        sandbox.step()  # what it has to tell of the last schedule's instances, nobody hears
        sandbox.set_faults({"delays": DELAYS})
        mock_random.seed(plan.seed)
        random.seed(plan.seed)
        self.stage = stage = theatre.stage = Stage(BEGIN)
        self._active: list[Window] = []
        self._disturbed_at = BEGIN
        self._faults: Counter[str] = Counter()
        self.journal = Journal(lambda: stage.now, stage.note, 2 * SKEW + 1, BOUND, self._last_disturbance)
        self.wire = Wire(stage, sandbox.application, self._lag, self._chance)
        settings = Settings(
            lease_table=state.lease_table,
            zone=state.zone,
            zone_id=state.zone_id,
            token_secret="unused",
            sessions_per_key=20,
            timings=TIMINGS,
            unleased=UNLEASED,
            confirm=CONFIRM,
            stopping=STOPPING,
            roster=30,
        )
        clients = Clients(*(theatre.client(name, PATIENT) for name in ("dynamodb", "ec2", "route53")))
        self.function = Function(stage, settings, clients, self._chance, plan.invocation_dies, plan.event)
        lifecycle = LifecycleSettings(
            enabled=True,
            start=TIMINGS.start,
            first_connection=TIMINGS.connect,
            grace=TIMINGS.grace,
            session_cap=TIMINGS.cap,
            unleased=UNLEASED,
            lease_table=state.lease_table,
            zone=state.zone,
            zone_id=state.zone_id,
        )
        self._clients = {name: theatre.client(name, machine._config()) for name in ("dynamodb", "ec2", "route53")}
        self.members = Members(
            stage, self._clients["dynamodb"], lifecycle, TIMINGS, self._shut_down, self._chance, never_loads
        )
        self.operators = Operators(stage, state, {})
        self.callers: list[Actor] = []
        self._people: list[Caller] = []
        self._by_hand_ever: set[str] = set()

    # The stage

    @contextmanager
    def on_stage(self, *, alone: bool = False) -> Iterator[None]:
        """Put everything in its place meanwhile; `alone`: there are no members' computers, and no wake function."""
        sandbox, stage = self._theatre.sandbox, self.stage
        with ExitStack() as stack:
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            for name, virtual in (("time", stage.clock), ("monotonic", stage.monotonic), ("sleep", stage.sleep)):
                patch.setattr(time, name, virtual)
            patch.setattr(sys, "stdout", Output(stage))
            patch.setattr(uuid, "uuid4", lambda: uuid.UUID(int=self._chance.getrandbits(128), version=4))
            patch.setattr(Deadline.__init__, "__defaults__", (stage.monotonic, stage.sleep))
            patch.setattr(api.logger, "error", self._complain)
            patch.setattr(dns_prune, "datetime", stage_datetime(stage))
            patch.setattr(machine, "_session", lambda _facts: self)
            patch.setattr(botocore.session, "create_loader", lambda *_: loader())
            stack.enter_context(self.wire.in_place())
            stack.enter_context(sandbox.witnessed(self.journal.witness))
            for observer in () if alone else (self.members, self.function):
                sandbox.observe(observer)
                stack.callback(sandbox.unobserve, observer)
            stack.callback(stage.close)
            stage.spawn("EC2", self._machinery)
            if not alone:
                stage.spawn("schedule", self._schedule, after=SCHEDULE)
            yield

    def client(self, service: str, config: Config) -> Any:
        """Return a member's client: they share theirs."""
        del config
        return self._clients[service]

    def _machinery(self) -> None:
        """Let EC2's changes happen, and look at everything now and then."""
        looked = 0.0
        while True:
            self._theatre.sandbox.step()
            if self.stage.now - looked >= 2:
                looked = self.stage.now
                self.journal.look()
            self.stage.sleep(0.25)

    def _schedule(self) -> None:
        while True:
            self.stage.spawn("reconcile", self.function.reconcile)
            self.stage.sleep(SCHEDULE)

    def _lag(self, service: str, action: str) -> float:
        latency = self._theatre.sandbox.faults()["latency"]
        if latency is None or not (latency["actions"] is None or {service, action} & set(latency["actions"])):
            return 0.0
        return float(latency["seconds"]) * self._chance.uniform(0.5, 1.0)

    def _last_disturbance(self) -> float:
        return self.stage.now if any(window.blocks for window in self._active) else self._disturbed_at

    def _disturb(self) -> None:
        self._disturbed_at = max(self._disturbed_at, self.stage.now)

    def _shut_down(self, instance_id: str) -> None:
        """What a machine's own power-off does."""
        self.journal.stopping("power-off", [instance_id])
        try:
            self._theatre.sandbox.shut_down(instance_id)
        except ValueError as error:
            raise OSError(str(error)) from None

    def _complain(self, what: str, exc_info: BaseException) -> None:
        """The API's code failed: unless AWS did, that is a fault of the code."""
        self.stage.note(f"{what}: {exc_info!r}")
        if not isinstance(exc_info, AWS_FAILS):
            self.stage.crashes.append(f"{what}: {''.join(traceback.format_exception(exc_info))}")

    # The acts

    def play(self) -> Outcome:
        began = time.monotonic()
        plan, stage = self._plan, self.stage
        with self.on_stage():
            self.set_up()
            opening = stage.now
            self._disturbed_at = opening
            self.open(opening)
            stage.play(opening + CHAOS)
            self._calm()
            settled = self.settle()
            self._look_at_the_end()
            self.journal.violations += stage.crashes
        counts = self._faults + self.wire.faults + self.function.counts + self.operators.counts
        return Outcome(
            seed=plan.seed,
            kind="stage",
            violations=self.journal.violations,
            faults=dict(counts),
            sessions=dict(self.sessions()),
            settled=settled,
            seconds=time.monotonic() - began,
            calls=self.wire.calls.total(),
            longest_alone=self.journal.longest_alone,
            log=stage.log,
        )

    def register_images(self) -> None:
        """Leave the images of two releases, as builds would."""
        for release in ("1.0.0", "1.1.0"):
            tags = {"pixel:pool": "drone", "pixel:release": release, "pixel:verified": "true"}
            self.operators.images[release] = self._clients["ec2"].register_image(
                Name=f"pixel-drone-{release}",
                Architecture="x86_64",
                RootDeviceName="/dev/sda1",
                TagSpecifications=[
                    {"ResourceType": "image", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
                ],
            )["ImageId"]

    def set_up(self) -> None:
        """Make the pool, at its first release."""
        self.register_images()
        told = self.perform(Errand(0, "release", "1.0.0", self._plan.size))
        if told.get("failed"):
            raise RuntimeError(f"the pool could not be made: {told}")

    def publish(self, addresses: Sequence[str]) -> None:
        """Publish the names of members at addresses."""
        zone = self._theatre.state.zone
        changes = [
            {
                "Action": "CREATE",
                "ResourceRecordSet": {
                    "Name": record_name(address, zone),
                    "Type": "A",
                    "TTL": RECORD_TTL,
                    "ResourceRecords": [{"Value": address}],
                },
            }
            for address in addresses
        ]
        self._clients["route53"].change_resource_record_sets(
            HostedZoneId=self._theatre.state.zone_id, ChangeBatch={"Changes": changes}
        )

    def members_by_state(self) -> Counter[str]:
        """Count the instances that are not gone."""
        return Counter(state for _, state, _ in instances())

    def outcomes(self) -> Counter[str]:
        """Count what callers met with."""
        return sum((caller.outcomes for caller in self._people), Counter())

    def perform(self, errand: Errand) -> dict[str, Any]:
        """Run a playbook to its end, and return what its last module told."""
        actor = self.operators.start(errand)
        while not actor.done:
            self.stage.play(self.stage.now + 1)
        if actor.error is not None:
            raise actor.error
        return dict(actor.result)

    def open(self, opening: float) -> None:
        """Let everything begin that the plan has, at its time."""
        stage, plan = self.stage, self._plan
        for window in plan.windows:
            stage.spawn(window.kind, partial(self._through, window), after=window.begin)
        for blow in plan.blows:
            stage.spawn(blow.kind, partial(self._strike, blow), after=blow.at)
        for number, visit in enumerate(plan.visits):
            caller = Caller(stage, self.function, self.members, visit, number, self._chance, self._ready)
            self._people.append(caller)
            self.callers.append(stage.spawn(f"caller {number}", caller.act, after=visit.at))
        for errand in plan.errands:
            stage.spawn(f"operator of {errand.playbook}", partial(self.operators.start, errand), after=errand.at)

    def _ready(self, told: Mapping[str, Any]) -> None:
        """A caller was told that its session is ready: then its name has to be known, while its lease lives."""
        found = ((name, one) for name, one in members_in_table().items() if one.session == told["session"])
        name, held = next(found, ("", None))
        if name in self._by_hand_ever:
            return  # stopped and started under its lease, it has another name until the reconciler sees that
        if (
            held is not None
            and self.journal.lives(held)
            and f"{told['hostname']}." not in ending.records(self._theatre.state.zone_id)
        ):
            self.journal.wrong(
                f"session {told['session']} was told to be ready at {told['hostname']}, which is no name"
            )

    def _through(self, window: Window) -> None:
        """One fault of the sandbox, from its beginning to its end."""
        self._faults[window.kind] += 1
        self._active.append(window)
        self._set_faults()
        self.stage.note(f"begins: {window.faults}")
        self.stage.sleep(window.end - window.begin)
        if window in self._active:
            self._active.remove(window)
            self._set_faults()
            self._disturb()
            self.stage.note("ends")

    def _set_faults(self) -> None:
        wanted: dict[str, Any] = dict.fromkeys(
            ("throttle", "lost_answers", "latency", "unreachable", "capacity", "stale")
        )
        for window in self._active:
            wanted |= window.faults
        self._theatre.sandbox.set_faults(wanted)

    def _strike(self, blow: Blow) -> None:
        self._disturb()
        computer = self.members.one(blow.place)
        match blow.kind:
            case "kill signalling" if computer is not None:
                computer.kill_service()
            case "kill streamer" if computer is not None:
                computer.kill_streamer()
            case "step a member's clock" if computer is not None:
                computer.offset = blow.seconds
            case "step the function's clock":
                self.function.offset = blow.seconds
            case "stop by hand" | "start by hand" | "terminate by hand":
                if not self._by_hand(blow):
                    return
            case _:
                return
        self.stage.note(f"strikes {computer.name if computer else ''} {blow.seconds:.1f}")
        self._faults[blow.kind] += 1

    def _by_hand(self, blow: Blow) -> bool:
        wanted = {"stop": ("running",), "start": ("stopped",), "terminate": ("running", "stopped")}
        verb = blow.kind.split()[0]
        there = sorted(one for one, state, _ in instances() if state in wanted[verb])
        if not there:
            return False
        one = there[blow.place % len(there)]
        self.journal.excused.add(one)
        self._by_hand_ever.add(one)
        try:
            getattr(self._clients["ec2"], f"{verb}_instances")(InstanceIds=[one])
        except AWS_FAILS as error:
            self.stage.note(f"{blow.kind}: {error}")
            return False
        finally:
            self.journal.excused.discard(one)
        return True

    def _calm(self) -> None:
        """The faults are over: whatever happens from now on, the system has to answer for."""
        self._active.clear()
        self._set_faults()
        self.function.dies = 0.0
        self.function.event = {"delay": 1.0, "lost": 0.0, "duplicate": 0.0}
        self._disturb()
        self.stage.note("the faults are over")

    def settle(self) -> float:
        """Wait until everything has come to rest; return how long that took."""
        began = self.stage.now
        while found := self._unsettled():
            if self.stage.now - began >= SETTLE:
                for what in found:
                    self.journal.wrong(f"after {SETTLE:.0f} s without faults: {what}")
                break
            self.stage.play(self.stage.now + 5)
        return self.stage.now - began

    def _unsettled(self) -> list[str]:
        acting = [f"{one.name} still acts" for one in self.callers if not one.done]
        return acting + ending.unsettled(self._theatre.state.zone_id)

    def _look_at_the_end(self) -> None:
        """Finish what operators began, and look at what is there."""
        wrong = ending.without_reason()
        for playbook in ("release", "power", "dns_prune"):
            told = self.perform(Errand(0, playbook, "1.1.0", self._plan.size))
            if told.get("failed"):
                wrong.append(f"the last {playbook} failed: {told.get('msg')}")
        for what in wrong + ending.pool_is_not(self._plan.size, "1.1.0"):
            self.journal.wrong(what)

    def sessions(self) -> Counter[str]:
        """Count the sessions by the reason of their end."""
        return Counter(str(item.get("reason")) for item in items_in_table("session#").values())
