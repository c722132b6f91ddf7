"""From the confirmed end to the machine's end: whatever fails, it stops."""

from __future__ import annotations

from pixel.signalling.lifecycle import State
from pixel.signalling.lifecycle_effects import DeleteRecord, StopInstance
from pixel.signalling.remote_attempts import DNS_PATIENCE, STOP_AGAIN

from .world import World


def stopping(**faults: bool) -> World:
    """A member that has just begun to stop."""
    world = World(grace=10).in_use()
    for fault, there in faults.items():
        setattr(world, fault, there)
    world.leaves()
    world.until(lambda: world.state is State.STOPPING, within=30)
    return world


def test_the_record_is_deleted_before_the_stop():
    world = stopping()
    world.pass_time(1)
    assert world.effects()[-2:] == [DeleteRecord(), StopInstance()]


def test_dns_trouble_never_prevents_the_stop():
    world = stopping(dns_down=True)
    assert world.until(lambda: world.stop_requested, within=DNS_PATIENCE + 2) >= DNS_PATIENCE - 1


def test_the_record_is_tried_again_while_the_machine_still_runs():
    world = stopping(dns_down=True)
    world.pass_time(60)
    world.dns_down = False
    world.pass_time(60)
    deletions = len(world.effects(DeleteRecord))
    world.pass_time(600)
    assert len(world.effects(DeleteRecord)) == deletions > 2


def test_a_dns_call_that_hangs_does_not_hold_the_stop_up():
    world = World(grace=10).in_use()
    world.answer = lambda effect: [] if isinstance(effect, DeleteRecord) else World.answer(world, effect)
    world.leaves()
    world.until(lambda: world.stop_requested, within=10 + 5 + DNS_PATIENCE)


def test_a_stop_that_is_refused_is_asked_for_again_with_back_off_for_ever():
    world = stopping(ec2_down=True)
    world.pass_time(600)
    assert 20 <= len(world.effects(StopInstance)) <= 30


def test_a_machine_that_still_runs_after_an_accepted_stop_is_asked_again():
    world = stopping()
    world.pass_time(3 * STOP_AGAIN + 5)
    assert len(world.effects(StopInstance)) == 4


def test_nothing_that_happens_afterwards_takes_the_stop_back():
    world = stopping(ec2_down=True)
    world.joins("Player9")
    world.streamer_comes()
    world.pass_time(60)
    assert world.state is State.STOPPING
