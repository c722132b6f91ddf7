from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from ansible_collections.mitlab.pixel.plugins.module_utils.fleet_launch import (
    RUN_BATCH,
    Launched,
    client_token,
    launch,
    launch_request,
)
from ansible_collections.mitlab.pixel.plugins.module_utils.fleet_plan import spread
from ansible_collections.mitlab.pixel.plugins.module_utils.launch_template_plan import Template, Version
from ansible_collections.mitlab.pixel.plugins.module_utils.members import FIRST_BOOT_TAG, Member
from ansible_collections.mitlab.pixel.tests.unit.builders import ZONES, member
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st


class Killed(BaseException):
    """The run dies here."""


@dataclass
class Cloud:
    """EC2's RunInstances: capacity by zone, and one answer for one ClientToken however often it comes.

    Attributes:
        capacity: how many more each zone can run; zones not named have no limit.
        limit: the code of an account's limit that every call hits.
        die_in: in which call the caller dies: after it is carried out, before the answer.
    """

    capacity: dict[str, int] = field(default_factory=dict)
    limit: str = ""
    die_in: int | None = None
    calls: int = 0
    answers: dict[str, list[Member]] = field(default_factory=dict)

    def run_instances(self, request: Mapping[str, Any]) -> list[Member]:
        token = request["ClientToken"]
        if token not in self.answers:
            self.answers[token] = self._run(request)
        self.calls += 1
        if self.calls == self.die_in:
            raise Killed
        return self.answers[token]

    def terminate_all(self) -> None:
        self.answers = {
            token: [replace(one, state="terminated") for one in members] for token, members in self.answers.items()
        }

    def members(self) -> list[Member]:
        return [one for answer in self.answers.values() for one in answer]

    def _run(self, request: Mapping[str, Any]) -> list[Member]:
        zone = ZONES[request["SubnetId"]]
        free = self.capacity.get(zone, request["MaxCount"])
        code = self.limit or ("InsufficientInstanceCapacity" if free < request["MinCount"] else "")
        if code:
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "RunInstances")
        count = min(free, request["MaxCount"])
        if zone in self.capacity:
            self.capacity[zone] -= count
        first = sum(len(answer) for answer in self.answers.values())
        return [member(f"i-{first + number}", "pending", zone=zone) for number in range(count)]


def launched(cloud: Cloud, size: int, seen: list[Member] | None = None) -> Launched:
    """Launch what a pool of this size lacks, given what EC2 shows."""
    there = seen or []
    alive = [one for one in there if not one.gone]
    wanted = spread(size - len(alive), alive, ZONES)
    return launch(cloud.run_instances, {"LaunchTemplate": "lt-1"}, wanted, ZONES, there, "1.0.0")


def test_one_call_launches_all_members_of_a_zone() -> None:
    cloud = Cloud()
    assert len(launched(cloud, 6).members) == 6
    assert cloud.calls == 3


def test_many_members_of_a_zone_are_launched_in_batches() -> None:
    cloud = Cloud()
    assert len(launched(cloud, 3 * RUN_BATCH + 3).members) == 3 * RUN_BATCH + 3
    assert cloud.calls == 6


def test_when_a_zone_is_dry_the_others_fill_in() -> None:
    outcome = launched(Cloud(capacity={"us-east-2a": 0}), 6)
    assert [one.zone for one in outcome.members].count("us-east-2a") == 0
    assert (len(outcome.members), outcome.missing) == (6, {})


def test_a_zone_that_gives_some_is_filled_up_by_the_others() -> None:
    outcome = launched(Cloud(capacity={"us-east-2a": 1}), 6)
    assert (len(outcome.members), outcome.missing) == (6, {})


def test_when_all_zones_are_dry_what_is_missing_is_told_by_zone() -> None:
    outcome = launched(Cloud(capacity={"us-east-2a": 1, "us-east-2b": 0, "us-east-2c": 0}), 3)
    assert len(outcome.members) == 1
    assert outcome.missing == {"us-east-2b": 1, "us-east-2c": 1}
    assert "2 members could not be launched (1 in us-east-2b, 1 in us-east-2c)" in outcome.shortage()


def test_an_account_limit_ends_the_launch_at_once() -> None:
    cloud = Cloud(limit="VcpuLimitExceeded")
    outcome = launched(cloud, 6)
    assert cloud.calls == 0
    assert sum(outcome.missing.values()) == 6
    assert "ask AWS for a higher quota" in outcome.shortage()


def test_any_other_refusal_is_raised() -> None:
    with pytest.raises(ClientError, match="InvalidAMIID"):
        launched(Cloud(limit="InvalidAMIID.NotFound"), 1)


@given(st.integers(1, 8), st.integers(1, 4), st.booleans())
def test_a_run_that_died_and_is_repeated_makes_no_member_twice(size: int, die_in: int, consistent: bool) -> None:
    cloud = Cloud(die_in=die_in)
    try:
        launched(cloud, size)
    except Killed:
        made = cloud.members()
        unseen = 0 if consistent else len(list(cloud.answers.values())[-1])
        launched(cloud, size, made[: len(made) - unseen])
    assert len(cloud.members()) == size


@given(st.integers(1, 8), st.integers(1, 4), st.dictionaries(st.sampled_from(list(ZONES.values())), st.integers(0, 2)))
def test_a_run_that_died_is_completed_also_when_zones_are_dry(size: int, die_in: int, capacity: dict[str, int]) -> None:
    cloud = Cloud(capacity=dict(capacity), die_in=die_in)
    try:
        launched(cloud, size)
    except Killed:
        launched(cloud, size, cloud.members())
    possible = size if len(capacity) < len(ZONES) else min(size, sum(capacity.values()))
    assert len(cloud.members()) == possible


def test_a_pool_that_was_terminated_and_forgotten_is_launched_anew() -> None:
    cloud = Cloud()
    launched(cloud, 3)
    cloud.terminate_all()
    outcome = launched(cloud, 3, seen=[])
    assert [one.state for one in outcome.members] == ["pending"] * 3


def test_a_token_depends_on_the_request_the_zone_and_the_attempt() -> None:
    tokens = {
        client_token({"MaxCount": 1}, ["i-1"], 0),
        client_token({"MaxCount": 2}, ["i-1"], 0),
        client_token({"MaxCount": 1}, ["i-1", "i-2"], 0),
        client_token({"MaxCount": 1}, ["i-1"], 1),
    }
    assert len(tokens) == 4
    assert all(len(token) <= 64 and token.isascii() for token in tokens)


TEMPLATE = Template("lt-1", "pixel-drone", default=2, latest=2, versions=())
VERSION = Version(
    2, "1.1.0", {"TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}]}
)


def test_a_launch_names_the_version_by_number() -> None:
    request = launch_request(TEMPLATE, VERSION, "drone", {FIRST_BOOT_TAG: "stop"})
    assert request["LaunchTemplate"] == {"LaunchTemplateId": "lt-1", "Version": "2"}


def test_members_and_volumes_carry_all_tags_from_the_launch_on() -> None:
    request = launch_request(TEMPLATE, VERSION, "drone")
    tags = {one["ResourceType"]: {t["Key"]: t["Value"] for t in one["Tags"]} for one in request["TagSpecifications"]}
    marks = {"pixel:pool": "drone", "pixel:release": "1.1.0", "Name": "drone-1.1.0"}
    assert tags == {"instance": {"a": "b", **marks}, "volume": marks}


def test_a_member_that_is_to_be_stopped_after_its_first_boot_says_so() -> None:
    request = launch_request(TEMPLATE, VERSION, "drone", {FIRST_BOOT_TAG: "stop"})
    assert {"Key": "pixel:first-boot", "Value": "stop"} in request["TagSpecifications"][0]["Tags"]
