"""What can be thrown at calls, and that it strikes as it was set."""

from __future__ import annotations

import threading
import time

import httpx
import pytest
from botocore.exceptions import ConnectionClosedError

from pixel.sandbox.testing import RunningSandbox, eventually, refusal


def ask(sandbox: RunningSandbox, method: str, path: str, content: object = None) -> httpx.Response:
    return httpx.request(method, f"{sandbox.endpoint}/_sandbox/{path}", json=content, trust_env=False)


def outcomes(sandbox: RunningSandbox, calls: int) -> list[bool]:
    ec2, found = sandbox.ec2, []
    for _ in range(calls):
        try:
            ec2.describe_vpcs()
        except ec2.exceptions.ClientError:
            found.append(False)
        else:
            found.append(True)
    return found


@pytest.mark.parametrize(
    ("service", "call", "code"),
    [
        ("ec2", "describe_instances", "RequestLimitExceeded"),
        ("route53", "list_hosted_zones", "Throttling"),
        ("dynamodb", "list_tables", "ThrottlingException"),
        ("lambda", "list_functions", "TooManyRequestsException"),
    ],
)
def test_each_service_says_in_its_own_way_that_it_is_called_too_often(
    sandbox: RunningSandbox, service: str, call: str, code: str
) -> None:
    sandbox.set_faults(throttle={"probability": 1})
    assert refusal(getattr(sandbox.client(service), call)) == code


def test_the_same_seed_throttles_the_same_calls(sandbox: RunningSandbox) -> None:
    runs = []
    for _ in range(2):
        sandbox.set_faults(throttle={"probability": 0.5, "seed": 7})
        runs.append(outcomes(sandbox, 20))
        sandbox.set_faults(throttle=None)
    assert runs[0] == runs[1]
    assert set(runs[0]) == {True, False}


def test_only_the_named_actions_are_throttled(sandbox: RunningSandbox) -> None:
    sandbox.set_faults(throttle={"probability": 1, "actions": ["RunInstances"]})
    assert outcomes(sandbox, 1) == [True]


def test_a_lost_answer_is_lost_after_the_call_was_carried_out(sandbox: RunningSandbox) -> None:
    sandbox.set_faults(lost_answers={"probability": 1, "actions": ["ec2.RunInstances"]})
    with pytest.raises(ConnectionClosedError):
        sandbox.launch()
    assert len(sandbox.ec2.describe_instances()["Reservations"]) == 1


def test_an_unreachable_service_does_nothing(sandbox: RunningSandbox) -> None:
    sandbox.set_faults(unreachable={"actions": ["RunInstances"]})
    with pytest.raises(ConnectionClosedError):
        sandbox.launch()
    assert sandbox.ec2.describe_instances()["Reservations"] == []


def test_calls_take_longer_when_told_to(sandbox: RunningSandbox) -> None:
    sandbox.set_faults(latency={"seconds": 0.2})
    started = time.monotonic()
    sandbox.ec2.describe_vpcs()
    assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize(("when", "made"), [("before", 0), ("after", 1)])
def test_a_call_is_held_before_or_after_it_is_carried_out(sandbox: RunningSandbox, when: str, made: int) -> None:
    sandbox.set_faults(hold={"action": "RunInstances", "nth": 1, "when": when})
    caller = threading.Thread(target=sandbox.launch)
    caller.start()
    try:
        assert eventually(lambda: ask(sandbox, "GET", "faults").json()["held"], within=5)
        assert len(sandbox.ec2.describe_instances()["Reservations"]) == made
    finally:
        sandbox.set_faults(hold=None)
        caller.join()
    assert len(sandbox.ec2.describe_instances()["Reservations"]) == 1


def test_a_held_call_whose_caller_is_gone_is_not_carried_out(sandbox: RunningSandbox) -> None:
    sandbox.set_faults(hold={"action": "RunInstances", "when": "before"})
    impatient = sandbox.client("ec2", config=_one_attempt(0.3))
    with pytest.raises(Exception, match="timeout"):
        impatient.run_instances(ImageId=sandbox.state.base_image_id, MinCount=1, MaxCount=1)
    assert eventually(lambda: not ask(sandbox, "GET", "faults").json()["held"], within=5)
    assert sandbox.ec2.describe_instances()["Reservations"] == []


def _one_attempt(seconds: float) -> object:
    from botocore.config import Config

    return Config(read_timeout=seconds, retries={"total_max_attempts": 1})


def test_held_calls_are_counted_among_those_that_change_something(sandbox: RunningSandbox) -> None:
    sandbox.set_faults(hold={"action": None, "nth": 2, "when": "after"})
    sandbox.ec2.describe_vpcs()
    sandbox.launch()
    assert ask(sandbox, "GET", "faults").json()["held"] is False


def test_a_call_for_more_instances_than_the_bucket_holds_is_throttled(sandbox: RunningSandbox) -> None:
    sandbox.set_faults(buckets=True)
    assert refusal(sandbox.launch, 1001) == "RequestLimitExceeded"


def test_calls_are_counted_by_name(sandbox: RunningSandbox) -> None:
    sandbox.ec2.describe_vpcs()
    sandbox.route53.list_hosted_zones()
    counted = ask(sandbox, "GET", "calls").json()
    assert counted == {"total": 2, "actions": {"ec2.DescribeVpcs": 1, "route53.ListHostedZones": 1}}


def test_deleting_the_counts_starts_from_zero(sandbox: RunningSandbox) -> None:
    sandbox.ec2.describe_vpcs()
    ask(sandbox, "DELETE", "calls")
    assert ask(sandbox, "GET", "calls").json()["total"] == 0


def test_deleting_the_faults_sets_everything_back(sandbox: RunningSandbox) -> None:
    ask(sandbox, "PUT", "faults", {"buckets": True, "capacity": {"us-east-2a": 0}})
    ask(sandbox, "DELETE", "faults")
    faults = ask(sandbox, "GET", "faults").json()
    assert (faults["buckets"], faults["capacity"]) == (False, {})


def test_settings_that_are_not_named_stay(sandbox: RunningSandbox) -> None:
    ask(sandbox, "PUT", "faults", {"buckets": True})
    assert ask(sandbox, "PUT", "faults", {"capacity": {"us-east-2a": 0}}).json()["buckets"] is True


@pytest.mark.parametrize(
    "wrong", [{"thrtle": {}}, {"throttle": {"probability": 2}}, {"delays": {"start": -1}}, {"capacity": 3}, ["buckets"]]
)
def test_a_wrong_setting_is_refused_with_its_name(sandbox: RunningSandbox, wrong: object) -> None:
    answer = ask(sandbox, "PUT", "faults", wrong)
    assert answer.status_code == 400
    assert "thrtle" not in wrong or "thrtle" in answer.json()["error"]


def test_an_unknown_control_path_is_told_the_known_ones(sandbox: RunningSandbox) -> None:
    answer = ask(sandbox, "GET", "nothing")
    assert (answer.status_code, "GET /_sandbox/calls" in answer.json()["error"]) == (404, True)


def test_stale_describes_show_instances_as_they_were(sandbox: RunningSandbox) -> None:
    sandbox.set_delays()
    (one,) = sandbox.launch()
    sandbox.set_faults(stale={"seconds": 3600, "seed": 1})
    assert sandbox.ec2.describe_instances()["Reservations"] == []
    assert sandbox.ec2.describe_instance_status()["InstanceStatuses"] == []
    sandbox.set_faults(stale=None)
    assert sandbox.instance_state(one) == "running"


def test_a_stale_describe_never_mixes_an_old_state_with_a_new_address(sandbox: RunningSandbox) -> None:
    sandbox.set_delays()
    (one,) = sandbox.launch()
    sandbox.ec2.stop_instances(InstanceIds=[one])
    sandbox.set_faults(stale={"seconds": 0.5})
    for _ in range(40):
        for reservation in sandbox.ec2.describe_instances()["Reservations"]:
            (shown,) = reservation["Instances"]
            assert ("PublicIpAddress" in shown) == (shown["State"]["Name"] != "stopped")
