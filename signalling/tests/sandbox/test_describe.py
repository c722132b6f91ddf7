"""DescribeInstances: filters, pages, and a pace that lets a test have a thousand."""

from __future__ import annotations

import time
from typing import Any

import pytest

from pixel.sandbox.testing import RunningSandbox, refusal


def found(sandbox: RunningSandbox, **filters: str) -> set[str]:
    wanted = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]
    return ids(sandbox.ec2.describe_instances(Filters=wanted))


def ids(answer: Any) -> set[str]:
    return {one["InstanceId"] for reservation in answer["Reservations"] for one in reservation["Instances"]}


def tagged(**tags: str) -> list[dict[str, Any]]:
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    return [{"ResourceType": "instance", "Tags": pairs}]


@pytest.mark.parametrize(
    "filters",
    [
        {"tag:pool": "drone"},
        {"tag:pool": "dr*e"},
        {"tag:pool": "dron?"},
        {"tag-key": "pool"},
        {"tag-value": "drone"},
        {"availability-zone": "us-east-2b"},
        {"client-token": "mine"},
        {"instance-state-name": "stopped"},
        {"instance-state-code": "80"},
    ],
)
def test_a_filter_finds_what_it_names(sandbox: RunningSandbox, filters: dict[str, str]) -> None:
    wanted = sandbox.launch(zone="us-east-2b", TagSpecifications=tagged(pool="drone"), ClientToken="mine")
    sandbox.launch(TagSpecifications=tagged(other="else"))
    sandbox.ec2.stop_instances(InstanceIds=wanted)
    assert found(sandbox, **filters) == set(wanted)


def test_all_filters_must_match(sandbox: RunningSandbox) -> None:
    sandbox.launch(TagSpecifications=tagged(pool="drone"))
    assert found(sandbox, **{"tag:pool": "drone", "availability-zone": "us-east-2b"}) == set()


def test_an_unknown_filter_is_refused(sandbox: RunningSandbox) -> None:
    assert refusal(found, sandbox, colour="x") == "InvalidParameterValue"


@pytest.mark.parametrize(
    ("instance_id", "code"), [("i-bogus", "InvalidInstanceID.Malformed"), ("i-01234567", "InvalidInstanceID.NotFound")]
)
def test_an_instance_that_is_not_there_is_an_error(sandbox: RunningSandbox, instance_id: str, code: str) -> None:
    assert refusal(sandbox.instance, instance_id) == code


def test_pages_count_instances_and_miss_none(sandbox: RunningSandbox) -> None:
    made = set(sandbox.launch(7)) | set(sandbox.launch(5))
    pages = list(sandbox.ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 5}))
    assert [len(ids(page)) for page in pages] == [5, 5, 2]
    assert set().union(*map(ids, pages)) == made


def test_ids_and_a_page_size_exclude_each_other(sandbox: RunningSandbox) -> None:
    code = refusal(sandbox.ec2.describe_instances, InstanceIds=sandbox.launch(), MaxResults=5)
    assert code == "InvalidParameterCombination"


@pytest.mark.parametrize("size", [1, 4, 1001])
def test_a_page_size_has_its_limits(sandbox: RunningSandbox, size: int) -> None:
    assert refusal(sandbox.ec2.describe_instances, MaxResults=size) == "InvalidParameterValue"


def test_a_new_region_is_empty(sandbox: RunningSandbox) -> None:
    sandbox.launch()
    assert sandbox.client("ec2", region_name="eu-west-1").describe_instances()["Reservations"] == []


def test_five_hundred_are_made_and_described_in_no_time(sandbox: RunningSandbox) -> None:
    # Processor time, since machines are busy: much more than it takes, much less than it takes moto.
    started = time.process_time()
    sandbox.launch(500)
    sandbox.ec2.describe_instances()
    assert time.process_time() - started < 4
