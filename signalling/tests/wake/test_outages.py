"""A service of AWS that cannot be reached: what needs it waits, and all else goes on."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from .world import SETTINGS, World


def unreachable(**_: Any) -> Any:
    raise EndpointConnectionError(endpoint_url="https://ec2.us-east-2.amazonaws.com/")


def test_while_route_53_is_away_a_member_that_runs_for_nobody_is_stopped(world: World) -> None:
    world.add("drone", "us-east-2a", state="running")
    world.route53.reachable = False
    world.pass_time(SETTINGS.unleased + 1)
    world.wake.reconciler.run()
    world.pass_time(SETTINGS.confirm + 1)
    world.wake.reconciler.run()
    assert world.running() == []


@pytest.mark.parametrize("action", ["ListResourceRecordSets", "ChangeResourceRecordSets"])
def test_while_route_53_takes_no_more_calls_the_reconciler_runs_to_its_end(world: World, action: str) -> None:
    world.fill(1)
    world.route53.records["drone-198-51-100-200.pixel.test"] = "198.51.100.200"
    world.wake.reconciler.run()
    world.pass_time(SETTINGS.confirm + 1)
    world.route53.throttled.add(action)
    assert world.wake.reconciler.run()["running"] == 0
    world.route53.throttled.clear()
    world.wake.reconciler.run()
    assert world.route53.records == {}


def test_a_session_is_opened_while_ec2_is_away_and_its_member_started_when_it_is_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.fill(1)
    world.wake.reconciler.run()
    with monkeypatch.context() as away:
        away.setattr(world.ec2, "start_instances", unreachable)
        session = world.wake.sessions.open("alice", "k1", "drone").session.session
    assert world.ready("alice", session)["state"] == "ready"
