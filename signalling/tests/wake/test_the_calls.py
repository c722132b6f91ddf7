"""How few calls to AWS the function makes."""

from __future__ import annotations

from collections import Counter

import pytest

from pixel.wake.errors import ApiError

from .world import World

DYNAMODB = {"get_item", "batch_get_item", "update_item", "transact_write_items", "scan"}


def by_service(calls: Counter[str]) -> dict[str, int]:
    services = {"dynamodb": 0, "ec2": 0, "route53": 0}
    for action, count in calls.items():
        if action in DYNAMODB:
            services["dynamodb"] += count
        else:
            services["ec2" if action.endswith("instances") else "route53"] += count
    return services


def test_a_lone_wake(world: World) -> None:
    world.fill(3)
    world.wake.reconciler.run()
    world.wire.calls.clear()
    session = world.wake.sessions.open("alice", "k1", "drone").session.session
    assert by_service(world.wire.calls) == {"dynamodb": 6, "ec2": 1, "route53": 0}
    world.pass_time(6)
    world.wire.calls.clear()
    world.deliver()
    assert by_service(world.wire.calls) == {"dynamodb": 5, "ec2": 1, "route53": 1}
    world.pass_time(4)
    world.wire.calls.clear()
    for member in world.members.values():
        member.act()
    assert world.wake.sessions.show("alice", session).body()["state"] == "ready"
    assert by_service(world.wire.calls) == {"dynamodb": 7, "ec2": 0, "route53": 1}


def test_a_poll_that_finds_nothing_to_do(world: World) -> None:
    world.fill(3)
    session = world.wake.sessions.open("alice", "k1", "drone").session.session
    world.pass_time(1)
    world.wire.calls.clear()
    world.wake.sessions.show("alice", session)
    assert by_service(world.wire.calls) == {"dynamodb": 3, "ec2": 0, "route53": 0}


def test_the_first_refusal_of_a_full_pool_spares_the_others_the_search(world: World) -> None:
    world.fill(1)
    world.wake.sessions.open("alice", "k1", "drone")
    calls = []
    for key in ("k1", "k2"):
        world.wire.calls.clear()
        with pytest.raises(ApiError, match="in use"):
            world.wake.sessions.open("bob", key, "drone")
        calls.append(by_service(world.wire.calls))
    assert calls == [{"dynamodb": 6, "ec2": 0, "route53": 0}, {"dynamodb": 2, "ec2": 0, "route53": 0}]


def test_thirty_wakes_of_a_class_are_started_and_published_with_a_handful_of_calls(world: World) -> None:
    world.fill(30)
    world.wake.reconciler.run()
    world.wire.calls.clear()
    for n in range(30):
        world.wake.sessions.open("class", f"k{n}", "drone")
        world.pass_time(0.1)
    world.live(20)
    assert len(world.running()) == len(world.leased()) == 30
    assert world.wire.calls["start_instances"] <= 3
    assert world.wire.calls["change_resource_record_sets"] <= 4


def test_a_reconcile_that_finds_all_well_grows_with_pages_not_with_members(world: World) -> None:
    world.fill(30)
    world.wake.reconciler.run()
    world.wire.calls.clear()
    world.wake.reconciler.run()
    assert world.wire.calls.total() <= 10


def test_in_a_burst_a_claim_that_another_starts_takes_five_calls(world: World) -> None:
    world.fill(3)
    world.wake.reconciler.run()
    world.wake.sessions.open("class", "k1", "drone")
    world.wire.calls.clear()
    world.wake.sessions.open("class", "k2", "drone")
    assert by_service(world.wire.calls) == {"dynamodb": 5, "ec2": 0, "route53": 0}
