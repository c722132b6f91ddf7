"""What the fleet is when calls are throttled, answers are lost, or the run dies."""

from __future__ import annotations

import pytest
from ansible_collections.mitlab.pixel.tests.module.conftest import Modules


@pytest.mark.parametrize("seed", range(3))
def test_lost_answers_make_no_member_twice(modules: Modules, seed: int) -> None:
    modules.publish("1.0.0")
    modules.sandbox.set_faults(lost_answers={"probability": 0.3, "seed": seed, "actions": ["ec2"]})
    modules.fleet(5)
    modules.sandbox.set_faults(lost_answers=None)
    modules.fleet(5)
    assert list(modules.alive().values()) == ["stopped"] * 5


def test_throttled_calls_and_a_dry_zone_only_take_longer(modules: Modules) -> None:
    modules.publish("1.0.0")
    modules.sandbox.set_faults(throttle={"probability": 0.3, "seed": 1}, capacity={"us-east-2a": 0})
    assert not modules.fleet(6).failed
    assert list(modules.alive().values()) == ["stopped"] * 6
