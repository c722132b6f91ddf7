"""The commands' queue: in order, at most once, and never without a word."""

from __future__ import annotations

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from pixel.signalling.commands.queue import CommandQueue, Effect, Hand, Tell

LIMIT, EXPIRY = 4, 10.0


def queue() -> CommandQueue[str]:
    return CommandQueue(LIMIT, EXPIRY)


def test_a_command_goes_at_once_when_there_is_a_way() -> None:
    commands = queue()
    commands.opened(0)
    assert commands.submit(0, "a", "ticket") == [Hand(0, "a")]
    assert commands.sent(0) == [Tell("ticket", "delivered")]


def test_a_command_waits_for_a_way() -> None:
    commands = queue()
    assert commands.submit(0, "a", "ticket") == [Tell("ticket", "queued", "the application cannot be reached yet")]
    assert commands.opened(1) == [Hand(0, "a")]


def test_a_command_that_waited_too_long_is_refused_and_never_sent() -> None:
    commands = queue()
    commands.submit(0, "a", "ticket")
    assert commands.tick(9.9) == []
    assert commands.opened(10) == [Tell("ticket", "refused", "the application could not be reached within 10 s")]


def test_too_many_are_refused() -> None:
    commands = queue()
    for number in range(LIMIT):
        commands.submit(0, "a", str(number))
    assert commands.submit(0, "a", "late") == [Tell("late", "refused", "4 commands are waiting already")]


def test_a_command_whose_fate_is_unknown_is_told_so_and_not_sent_again() -> None:
    commands = queue()
    commands.opened(0)
    commands.submit(0, "a", "ticket")
    assert commands.closed("the peer has ended") == [Tell("ticket", "unknown", "the peer has ended")]
    assert commands.opened(1) == []


def test_a_command_that_could_not_be_sent_is_refused() -> None:
    commands = queue()
    commands.opened(0)
    commands.submit(0, "a", "ticket")
    assert commands.unsent(0, "too long") == [Tell("ticket", "refused", "too long")]


def test_a_carrier_that_does_not_send_is_noticed() -> None:
    commands = queue()
    commands.opened(0)
    commands.submit(0, "a", "ticket")
    assert not commands.stuck(9.9)
    assert commands.stuck(10)


def test_a_new_session_begins_with_nothing_waiting() -> None:
    commands = queue()
    commands.submit(0, "a", "ticket")
    assert commands.clear("over") == [Tell("ticket", "refused", "over")]
    assert commands.opened(1) == []


class AnyOrder(RuleBasedStateMachine):
    """Commands come, the carrier opens, sends and dies, time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: CommandQueue[int] = CommandQueue(LIMIT, EXPIRY)
        self.now = 0.0
        self.open = False
        self.submitted = 0
        self.handed: list[int] = []
        self.finals: Counter[int] = Counter()

    def carry(self, effects: list[Effect[int]]) -> None:
        for effect in effects:
            if isinstance(effect, Hand):
                assert self.open, "handed over without a way"
                self.handed.append(effect.number)
            elif effect.status != "queued":
                self.finals[effect.ticket] += 1

    @rule()
    def submit(self) -> None:
        self.submitted += 1
        self.carry(self.queue.submit(self.now, "x", self.submitted))

    @precondition(lambda self: not self.open)
    @rule()
    def opens(self) -> None:
        self.open = True
        self.carry(self.queue.opened(self.now))

    @precondition(lambda self: self.handed)
    @rule(which=st.integers(min_value=0))
    def sends(self, which: int) -> None:
        self.carry(self.queue.sent(self.handed[which % len(self.handed)]))

    @precondition(lambda self: self.open)
    @rule()
    def closes(self) -> None:
        self.open = False
        self.carry(self.queue.closed("gone"))

    @rule(seconds=st.floats(0, 20))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.carry(self.queue.tick(self.now))

    @invariant()
    def each_is_handed_over_once_and_in_order(self) -> None:
        assert self.handed == sorted(set(self.handed))

    @invariant()
    def each_has_at_most_one_fate(self) -> None:
        assert all(count == 1 for count in self.finals.values())

    def teardown(self) -> None:
        if self.open:
            self.carry(self.queue.closed("gone"))
        self.carry(self.queue.tick(self.now + EXPIRY))
        assert sorted(self.finals) == list(range(1, self.submitted + 1)), "a command without a word"


AnyOrder.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestAnyOrder = AnyOrder.TestCase
