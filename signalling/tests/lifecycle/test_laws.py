"""What holds whatever happens, in whatever order, and whatever fails."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pixel.signalling.lifecycle import Lifecycle, State
from pixel.signalling.lifecycle_effects import StopInstance

from .world import GRACE, LeaseTable, World, a_lease

UNLEASED, ISOLATION, START = 300.0, 900.0, 400.0
SLACK = 60.0
"""Looks at the table, back-off and confirmation."""

durations = st.integers(1, 400)
players = st.sampled_from(["Player0", "Player1", "Player2"])


class AnyLife(RuleBasedStateMachine):
    """A member among callers, players, crashes, faults and restarts of its service."""

    def __init__(self) -> None:
        super().__init__()
        self.table = LeaseTable(a_lease())
        self.world = World(self.table, unleased=UNLEASED, isolation=ISOLATION, start=START, grace=GRACE)
        self.here: set[str] = set()
        self.table_down_since: float | None = None
        self.unleased_since: float | None = None
        self.for_good = False
        self.isolated = False

    @rule(seconds=durations)
    def time_passes(self, seconds: int) -> None:
        for _ in range(seconds):
            self.world.pass_time(1)
            self.every_second()

    @rule()
    def streamer_comes(self) -> None:
        self.world.streamer_comes()

    @rule()
    def streamer_goes(self) -> None:
        self.world.streamer_goes()

    @rule(player=players)
    @precondition(lambda self: self.world.state not in (State.DRAINING, State.STOPPING))
    def player_joins(self, player: str) -> None:
        self.here.add(player)
        self.world.joins(player)

    @rule(player=players)
    def player_leaves(self, player: str) -> None:
        if player in self.here:
            self.here.discard(player)
            self.world.leaves(player)

    @rule()
    def table_fails(self) -> None:
        self.table.down = True
        if self.table_down_since is None:
            self.table_down_since = self.world.monotonic

    @rule()
    def table_fails_for_good(self) -> None:
        self.table_fails()
        self.for_good = True

    @rule()
    @precondition(lambda self: not self.for_good)
    def table_recovers(self) -> None:
        self.table.down = False
        self.table_down_since = None

    @rule(dns=st.booleans(), ec2=st.booleans())
    def faults_change(self, dns: bool, ec2: bool) -> None:
        self.world.dns_down, self.world.ec2_down = dns, ec2

    @rule()
    @precondition(lambda self: self.table.lease.state != "draining")
    def caller_ends_the_session(self) -> None:
        self.table.end()

    @rule()
    @precondition(lambda self: self.table.lease.state != "draining")
    def lease_expires(self) -> None:
        self.table.lease = replace(self.table.lease, lease_until=0.0)

    @rule()
    @precondition(lambda self: self.table.live(self.world.now.wall) is None and self.table.lease.state != "draining")
    def somebody_else_claims(self) -> None:
        wall = self.world.now.wall
        generation = self.table.lease.generation + 1
        self.table.lease = a_lease(generation, lease_until=wall + 600, cap_until=wall + 4 * 3600)

    @rule(seconds=durations)
    def it_is_held(self, seconds: int) -> None:
        """As the Ansible module does it: only a member that nobody has, and that does not drain."""
        if self.table.live(self.world.now.wall) is None and self.table.lease.state != "draining":
            self.table.held_until = max(self.table.held_until, self.world.now.wall + seconds)

    @rule()
    def somebody_else_is_faster_than_the_next_drain(self) -> None:
        def take() -> None:
            self.world.just_before_a_drain = lambda: None
            if self.table.lease.state != "draining":
                self.somebody_else_claims()

        self.world.just_before_a_drain = take

    @rule()
    @precondition(lambda self: self.world.monotonic > 0)
    def service_restarts(self) -> None:
        world = self.world
        world.life = Lifecycle(world.settings, world.now, leased=True, chance=lambda: 0.0)
        self.here.clear()
        self.unleased_since = None

    def every_second(self) -> None:
        world, now = self.world, self.world.monotonic
        nobodys = self.table.live(world.now.wall) is None and world.now.wall >= self.table.held_until
        unleased = nobodys and not self.table.down
        stopping = world.state is State.STOPPING
        if not unleased or stopping:
            self.unleased_since = None
        elif self.unleased_since is None:
            self.unleased_since = now
        else:
            assert now - self.unleased_since <= UNLEASED + SLACK, "it runs on without a lease"

    @invariant()
    def a_stop_is_confirmed_by_the_table_or_nothing_has_been_heard_of_it_for_the_bound(self) -> None:
        down = 0.0 if self.table_down_since is None else self.world.monotonic - self.table_down_since
        self.isolated |= down >= ISOLATION
        if self.world.effects(StopInstance):
            assert self.table.lease.state == "draining" or self.isolated

    def teardown(self) -> None:
        """Left alone every member stops, even if DNS, EC2 and, for good, the table go on failing."""
        self.table.down = self.for_good
        for player in sorted(self.here):
            self.world.leaves(player)
        self.world.until(lambda: self.world.stop_requested, within=2000)


TestAnyLife = AnyLife.TestCase
TestAnyLife.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
