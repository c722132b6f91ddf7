"""Many callers, members, outsiders and the reconciler, any of them killed at any step, events late and twice."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from pixel.lease import LeaseTimings
from pixel.lease.model import is_waiting
from pixel.wake.errors import ApiError

from .world import Killed, World, a_world

TIMINGS = LeaseTimings(start=60, connect=30, heartbeat=20, grace=20, cap=240)
SCHEDULE = 60.0
UNLEASED, CONFIRM, STOPPING = 60.0, 20.0, 20.0
BOUND = UNLEASED + CONFIRM + 2 * SCHEDULE + 10
"""Seconds that a member may run without a lease: until it is doubted, confirmed, and two runs of the schedule."""

callers = st.sampled_from(("alice", "bob", "carol", "dave"))
picks = st.integers(0, 3)
deaths = st.none() | st.integers(0, 12)


class Pool(RuleBasedStateMachine):
    """A pool of three members and everybody around it."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.keys: dict[str, int] = {}
        self.sessions: list[tuple[str, str]] = []
        self.unleased_since: dict[str, float] = {}

    @initialize(seed=st.integers(0, 1000))
    def begin(self, seed: int) -> None:
        self.world = self.stack.enter_context(
            a_world(seed, timings=TIMINGS, unleased=UNLEASED, confirm=CONFIRM, stopping=STOPPING, roster=30)
        )
        self.world.fill(3)
        self.reconciled_at = self.world.now

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.settle()
        self.stack.close()

    @rule(caller=callers, again=st.booleans(), death=deaths)
    def a_caller_opens_a_session(self, caller: str, again: bool, death: int | None) -> None:
        if not again:
            self.keys[caller] = self.keys.get(caller, 0) + 1
        key = f"key-{self.keys.setdefault(caller, 1)}"
        view = self.attempt(death, lambda: self.world.wake.sessions.open(caller, key, "drone"))
        if view is not None and (caller, view.session.session) not in self.sessions:
            self.sessions.append((caller, view.session.session))

    @rule(pick=picks, death=deaths)
    def a_caller_polls(self, pick: int, death: int | None) -> None:
        if pick < len(self.sessions):
            self.attempt(death, partial(self.world.wake.sessions.show, *self.sessions[-1 - pick]))

    @rule(pick=picks, death=deaths)
    def a_caller_ends_its_session(self, pick: int, death: int | None) -> None:
        if pick < len(self.sessions):
            self.attempt(death, partial(self.world.wake.sessions.close, *self.sessions[-1 - pick]))

    @rule(seconds=st.sampled_from((1.0, 4.0, 12.0, 30.0)))
    def time_passes(self, seconds: float) -> None:
        left = seconds
        while left > 0:
            self.world.pass_time(min(left, 6.0))
            left -= 6.0
            if self.world.now - self.reconciled_at >= SCHEDULE:
                self.reconciled_at = self.world.now
                self.world.wake.reconciler.run()
            self.note()

    @rule(number=st.integers(0, 3), twice=st.booleans(), death=deaths)
    def an_event_arrives(self, number: int, twice: bool, death: int | None) -> None:
        if number < len(self.world.events):
            event = self.world.events[number] if twice else self.world.events.pop(number)
            self.attempt(death, lambda: self.world.wake.state_changes.handle(event))

    @rule()
    def the_members_act(self) -> None:
        for member in self.world.members.values():
            member.act()

    @rule(pick=picks)
    def a_player_comes(self, pick: int) -> None:
        for member in list(self.world.members.values())[pick : pick + 1]:
            if member.lease is not None and member.instance.state == "running":
                member.players = 1
                member.act()

    @rule(pick=picks)
    def the_players_leave_for_good(self, pick: int) -> None:
        for member in list(self.world.members.values())[pick : pick + 1]:
            if member.lease is not None:
                member.leave()

    @rule(pick=picks)
    def an_operator_stops_a_member(self, pick: int) -> None:
        for instance in self.world.running()[pick : pick + 1]:
            self.world.ec2.halt(instance)

    @rule(pick=picks)
    def an_operator_starts_a_member(self, pick: int) -> None:
        for instance in list(self.world.ec2.instances.values())[pick : pick + 1]:
            if instance.state == "stopped" and instance.az not in self.world.ec2.dry:
                self.world.ec2.start_instances(InstanceIds=[instance.instance_id])

    @rule(pick=picks, seconds=st.sampled_from((20.0, 90.0)))
    def a_class_holds_a_member(self, pick: int, seconds: float) -> None:
        for instance in list(self.world.ec2.instances.values())[pick : pick + 1]:
            self.world.hold(instance, self.world.now + seconds)

    @rule(dry=st.sets(st.sampled_from(("us-east-2a", "us-east-2b", "us-east-2c"))))
    def zones_run_dry(self, dry: set[str]) -> None:
        self.world.ec2.dry = dict.fromkeys(dry, 0)

    @rule(death=deaths)
    def the_reconciler_runs_out_of_turn(self, death: int | None) -> None:
        self.attempt(death, lambda: self.world.wake.reconciler.run())

    @invariant()
    def nobody_shares_a_member(self) -> None:
        if not hasattr(self, "world"):
            return
        items = self.world.table.scan()
        held = [(item["session"], name) for name, item in items.items() if self.live(item)]
        assert len({session for session, _ in held}) == len(held), "a session holds two members"

    @invariant()
    def no_member_runs_without_a_lease_for_long(self) -> None:
        if hasattr(self, "world"):
            self.note()

    def note(self) -> None:
        """Note since when members run without a lease."""
        items = self.world.table.scan()
        now = self.world.now
        for instance in self.world.ec2.instances.values():
            item = items.get(instance.instance_id)
            if instance.state not in ("pending", "running") or self.live(item) or is_waiting(item, now):
                self.unleased_since.pop(instance.instance_id, None)
                continue
            since = self.unleased_since.setdefault(instance.instance_id, now)
            assert now - since <= BOUND, f"{instance.instance_id} runs without a lease for {now - since} s"

    def live(self, item: Any) -> bool:
        """Tell whether an item holds a live lease: the rule that everybody applies."""
        return item is not None and "session" in item and item.get("lease_until", 0) > self.world.now

    def attempt(self, death: int | None, invocation: Any) -> Any:
        """Make an invocation that may be killed, and may be refused."""
        try:
            if death is None:
                return invocation()
            with self.world.wire.killing_after(death):
                return invocation()
        except (Killed, ApiError):
            return None

    def settle(self) -> None:
        """All callers and players vanish: in the end everything is stopped, and free."""
        self.world.ec2.dry.clear()
        self.world.events.clear()
        for member in self.world.members.values():
            member.players, member.lease = 0, None
        for _ in range(10):
            self.time_passes(60.0)
        assert self.world.running() == []
        assert self.world.leased() == []
        assert self.world.route53.records == {}
        items = self.world.table.scan()
        assert {items[name].get("state", "free") for name in self.world.members if name in items} <= {"free"}
        assert {item["state"] for name, item in items.items() if name.startswith("session#")} <= {"ended"}


@pytest.mark.slow
@pytest.mark.parametrize("stories", [10, pytest.param(300, marks=pytest.mark.soak)])
def test_the_invariants_hold_whatever_happens(stories: int) -> None:
    run_state_machine_as_test(
        Pool,
        settings=settings(
            max_examples=stories,
            stateful_step_count=25,
            deadline=None,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking would take longer than it helps
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
