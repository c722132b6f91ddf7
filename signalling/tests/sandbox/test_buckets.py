"""EC2's and Route 53's token buckets, by a clock of the test's own."""

from __future__ import annotations

import pytest

from pixel.sandbox.buckets import TokenBuckets, request_bucket
from pixel.sandbox.calls import Answer, Call
from pixel.sandbox.errors import AwsError
from pixel.sandbox.settings import Settings


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def call(action: str, service: str = "ec2", region: str = "us-east-2", **form: str) -> Call:
    return Call(
        service, action, region, "key", b"", {name.replace("_", "."): value for name, value in form.items()}, {}
    )


def ids(count: int) -> dict[str, str]:
    return {f"InstanceId_{number}": f"i-{number}" for number in range(count)}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def buckets(clock: Clock) -> TokenBuckets:
    settings = Settings()
    layer = TokenBuckets(lambda _: Answer(200, b""), settings, clock)
    settings.change({"buckets": True})
    return layer


def admitted(buckets: TokenBuckets, one: Call, calls: int) -> int:
    """Make so many calls and return how many were admitted."""
    count = 0
    for _ in range(calls):
        try:
            buckets(one)
        except AwsError:
            continue
        count += 1
    return count


@pytest.mark.parametrize(
    ("one", "size", "refill"),
    [
        (call("StartInstances", **ids(1)), 5, 2),
        (call("RunInstances", MaxCount="1"), 5, 2),
        (call("StopInstances", **ids(1)), 50, 5),
        (call("TerminateInstances", **ids(1)), 100, 5),
        (call("CreateLaunchTemplateVersion"), 100, 5),
        (call("DescribeInstances"), 50, 10),
        (call("DescribeInstances", MaxResults="100"), 100, 20),
        (call("DescribeInstances", Filter_1_Name="x"), 100, 20),
        (call("DescribeImages"), 100, 20),
        (call("ListResourceRecordSets", "route53"), 5, 5),
    ],
    ids=lambda value: value.name if isinstance(value, Call) else str(value),
)
def test_a_bucket_has_its_size_and_refills_at_its_rate(
    buckets: TokenBuckets, clock: Clock, one: Call, size: int, refill: int
) -> None:
    at_once = admitted(buckets, one, size + 10)
    clock.now += 1
    assert (at_once, admitted(buckets, one, size + 10)) == (size, refill)


def test_one_call_for_many_instances_takes_many_resource_tokens(buckets: TokenBuckets) -> None:
    assert admitted(buckets, call("StartInstances", **ids(600)), 2) == 1


def test_a_refused_call_takes_no_tokens(buckets: TokenBuckets) -> None:
    admitted(buckets, call("StartInstances", **ids(1001)), 10)
    assert admitted(buckets, call("StartInstances", **ids(1)), 5) == 5


def test_regions_have_buckets_of_their_own(buckets: TokenBuckets) -> None:
    admitted(buckets, call("StartInstances", **ids(1)), 10)
    assert admitted(buckets, call("StartInstances", region="eu-west-1", **ids(1)), 5) == 5


def test_all_of_route_53_shares_one_bucket(buckets: TokenBuckets) -> None:
    admitted(buckets, call("GetChange", "route53"), 3)
    assert admitted(buckets, call("ListHostedZones", "route53"), 5) == 2


def test_other_services_have_no_buckets(buckets: TokenBuckets) -> None:
    assert admitted(buckets, call("PutItem", "dynamodb"), 1000) == 1000


def test_mutating_calls_share_a_bucket_unless_they_have_their_own() -> None:
    names = {request_bucket(call(action))[0] for action in ("StopInstances", "RegisterImage", "CreateLaunchTemplate")}
    assert names == {"mutating"}
