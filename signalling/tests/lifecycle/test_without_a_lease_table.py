"""Grace and deadlines alone: the member of somebody who runs no lease table."""

from __future__ import annotations

import pytest

from pixel.signalling.lifecycle import State
from pixel.signalling.lifecycle_effects import CloseAll, DeleteRecord, Drain, RefuseNewcomers, StopInstance

from .world import World

SOON = 10.0
"""More than the confirmation takes."""


def test_a_member_whose_application_never_comes_stops_after_the_start_deadline():
    world = World(start=60)
    assert world.until(lambda: world.stop_requested, within=60 + SOON) >= 60
    assert world.life.reason == "the application has not come, or not come back"


def test_a_member_that_nobody_connects_to_stops_after_the_first_connection_deadline():
    world = World(first_connection=60)
    world.streamer_comes()
    assert world.state is State.WAITING
    assert world.until(lambda: world.stop_requested, within=60 + SOON) >= 60


def test_an_application_that_keeps_crashing_does_not_put_the_first_connection_off():
    world = World(first_connection=100)
    for _ in range(10):
        world.streamer_comes()
        world.pass_time(9)
        world.streamer_goes()
        world.pass_time(1)
    world.until(lambda: world.stop_requested, within=SOON)


def test_a_member_in_use_goes_on():
    world = World().in_use()
    world.pass_time(3600)
    assert world.state is State.IN_USE
    assert world.asked == []


def test_the_last_player_s_leaving_stops_the_member_after_the_grace():
    world = World(grace=60).in_use()
    world.leaves()
    assert world.state is State.GRACE
    assert world.until(lambda: world.stop_requested, within=60 + SOON) >= 60
    assert world.life.reason == "everybody has left"


@pytest.mark.parametrize("absence", [1, 6, 30, 119], ids="away {} s".format)
def test_a_reload_or_a_lost_network_within_the_grace_keeps_the_session(absence):
    world = World(grace=120).in_use()
    world.leaves()
    world.pass_time(absence)
    world.joins("Player1")
    world.pass_time(1000)
    assert world.state is State.IN_USE
    assert not world.stop_requested


def test_many_reloads_keep_the_session_and_the_grace_begins_anew_at_each():
    world = World(grace=60).in_use()
    for reload in range(50):
        world.leaves(f"Player{reload}" if reload else "Player0")
        world.pass_time(50)
        world.joins(f"Player{reload + 1}")
        world.pass_time(5)
    assert not world.stop_requested


def test_one_of_two_tabs_closing_changes_nothing():
    world = World(grace=60).in_use()
    world.joins("Player1")
    world.leaves("Player0")
    world.pass_time(600)
    assert world.state is State.IN_USE


def test_a_player_who_returns_in_the_last_moment_is_not_dropped():
    world = World(grace=60).in_use()
    world.leaves()
    world.pass_time(61)
    world.joins("Player1")
    world.pass_time(60)
    assert world.state is State.IN_USE


def test_an_application_that_does_not_come_back_ends_the_session_although_a_tab_is_open():
    world = World(start=60).in_use()
    world.streamer_goes()
    assert world.until(lambda: world.stop_requested, within=60 + SOON) >= 60


def test_an_application_that_crashes_and_comes_back_keeps_the_session():
    world = World(start=60).in_use()
    world.streamer_goes()
    world.pass_time(59)
    world.streamer_comes()
    world.pass_time(600)
    assert world.state is State.IN_USE


def test_a_session_ends_at_its_cap_however_busy():
    world = World(session_cap=600).in_use()
    assert world.until(lambda: world.stop_requested, within=600 + SOON) >= 600
    assert CloseAll("the session has reached its longest duration") in world.effects()


def test_an_idle_session_ends_when_idle_is_set():
    world = World(idle=300).in_use()
    assert world.until(lambda: world.stop_requested, within=300 + SOON) >= 300


def test_a_command_keeps_a_session_from_being_idle():
    world = World(idle=300).in_use()
    for _ in range(10):
        world.pass_time(250)
        world.do(world.life.activity(world.now))
    assert world.state is State.IN_USE


def test_never_means_never():
    world = World(grace="never", first_connection="never", session_cap="never").in_use()
    world.leaves()
    world.pass_time(100_000)
    assert not world.stop_requested


def test_the_end_is_refuse_then_close_then_delete_then_stop_and_asks_no_table():
    world = World(grace=60).in_use()
    world.leaves()
    world.until(lambda: world.stop_requested, within=80)
    reason = "everybody has left"
    assert world.effects() == [RefuseNewcomers(reason), CloseAll(reason), DeleteRecord(), StopInstance()]
    assert not world.effects(Drain)


def test_a_stepped_wall_clock_ends_nothing():
    world = World(grace=60).in_use()
    world.leaves()
    world.step = 86_400.0
    world.pass_time(30)
    assert world.state is State.GRACE
