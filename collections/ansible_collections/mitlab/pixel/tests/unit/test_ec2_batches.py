from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.mitlab.pixel.plugins.module_utils.ec2 import (
    STOP_BATCH,
    start_instances,
    stop_instances,
    tag_filters,
)
from ansible_collections.mitlab.pixel.plugins.module_utils.errors import PixelError
from ansible_collections.mitlab.pixel.tests.unit.builders import member
from botocore.exceptions import ClientError


class Ec2:
    """EC2's StartInstances and StopInstances: all ids of a call or none.

    Args:
        refused: the code by id for which it refuses a call.
        capacity: how many more can be started.
    """

    def __init__(self, refused: dict[str, str] | None = None, capacity: int = 1_000_000) -> None:
        self.refused = refused or {}
        self.capacity = capacity
        self.changed: list[str] = []
        self.calls = 0

    def stop_instances(self, InstanceIds: Sequence[str], **_options: Any) -> None:  # noqa: N803 - boto3's name
        self._change(InstanceIds)

    def start_instances(self, InstanceIds: Sequence[str], **_options: Any) -> None:  # noqa: N803 - boto3's name
        if len(InstanceIds) > self.capacity:
            self.calls += 1
            raise ClientError({"Error": {"Code": "InsufficientInstanceCapacity"}}, "StartInstances")
        self.capacity -= len(InstanceIds)
        self._change(InstanceIds)

    def _change(self, ids: Sequence[str]) -> None:
        self.calls += 1
        for one in ids:
            if one in self.refused:
                raise ClientError({"Error": {"Code": self.refused[one]}}, "StopInstances")
        self.changed += ids


def test_many_members_are_stopped_in_batches() -> None:
    ec2 = Ec2()
    assert stop_instances(ec2, [f"i-{number}" for number in range(2 * STOP_BATCH)]) == {}
    assert (ec2.calls, len(ec2.changed)) == (2, 2 * STOP_BATCH)


def test_a_member_that_has_moved_on_does_not_keep_the_others_from_being_stopped() -> None:
    ec2 = Ec2(refused={"i-3": "IncorrectInstanceState"})
    left = stop_instances(ec2, [f"i-{number}" for number in range(8)])
    assert left == {"i-3": "changed by someone else meanwhile (IncorrectInstanceState)"}
    assert sorted(ec2.changed) == [f"i-{number}" for number in range(8) if number != 3]


def test_a_refusal_that_is_about_no_member_is_raised() -> None:
    with pytest.raises(ClientError, match="UnauthorizedOperation"):
        stop_instances(Ec2(refused={"i-1": "UnauthorizedOperation"}), ["i-1"])


def test_as_many_members_are_started_as_a_zone_has_capacity_for() -> None:
    ec2 = Ec2(capacity=3)
    left = start_instances(ec2, [member(f"i-{number}") for number in range(8)])
    assert (len(ec2.changed), len(left)) == (3, 5)
    assert set(left.values()) == {"no capacity in us-east-2a (InsufficientInstanceCapacity)"}


def test_zones_are_started_apart_so_that_a_dry_one_does_not_hold_up_the_other() -> None:
    ec2 = Ec2(refused={"i-1": "InsufficientInstanceCapacity"})
    left = start_instances(ec2, [member("i-1"), member("i-2", zone="us-east-2b")])
    assert (list(left), ec2.changed) == (["i-1"], ["i-2"])


def test_an_empty_tag_filter_is_refused() -> None:
    with pytest.raises(PixelError, match="tags is empty"):
        tag_filters({})
