"""Instances as AWS lets them live."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pixel.sandbox.members import InstanceFacts
from pixel.sandbox.testing import RunningSandbox

TYPE = "g4dn.xlarge"


def launch(sandbox: RunningSandbox, count: int = 1, zone: str = "us-east-2a", **more: Any) -> list[str]:
    answer = sandbox.ec2.run_instances(
        **{
            "ImageId": sandbox.state.base_image_id,
            "InstanceType": TYPE,
            "MinCount": count,
            "MaxCount": count,
            "SubnetId": sandbox.state.subnets[zone],
            **more,
        }
    )
    return [one["InstanceId"] for one in answer["Instances"]]


def look(sandbox: RunningSandbox, instance_id: str) -> Any:
    return sandbox.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]


def state(sandbox: RunningSandbox, instance_id: str) -> str:
    return str(look(sandbox, instance_id)["State"]["Name"])


def refused(call: Callable[..., Any], *arguments: Any, **more: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(*arguments, **more)
    return str(caught.value.response["Error"]["Code"])


def set_delays(sandbox: RunningSandbox, **seconds: float) -> None:
    sandbox.sandbox.set_faults({"delays": {"start": 0, "stop": 0, "terminate": 0, "status": 0, **seconds}})


def test_a_new_instance_is_pending_until_it_has_booted(sandbox: RunningSandbox) -> None:
    set_delays(sandbox, start=60)
    assert state(sandbox, *launch(sandbox)) == "pending"


def test_an_instance_runs_when_it_has_booted(sandbox: RunningSandbox) -> None:
    assert state(sandbox, *launch(sandbox)) == "running"


def test_a_stop_takes_its_time(sandbox: RunningSandbox) -> None:
    set_delays(sandbox, stop=60)
    (one,) = launch(sandbox)
    sandbox.ec2.stop_instances(InstanceIds=[one])
    assert state(sandbox, one) == "stopping"


def test_a_termination_takes_its_time(sandbox: RunningSandbox) -> None:
    set_delays(sandbox, terminate=60)
    (one,) = launch(sandbox)
    sandbox.ec2.terminate_instances(InstanceIds=[one])
    assert state(sandbox, one) == "shutting-down"


def test_a_stopped_instance_is_terminated_at_once(sandbox: RunningSandbox) -> None:
    set_delays(sandbox, terminate=60)
    (one,) = launch(sandbox)
    sandbox.ec2.stop_instances(InstanceIds=[one])
    sandbox.ec2.terminate_instances(InstanceIds=[one])
    assert state(sandbox, one) == "terminated"


def test_a_terminated_instance_vanishes_after_a_while(sandbox: RunningSandbox) -> None:
    set_delays(sandbox, vanish=0)
    (one,) = launch(sandbox)
    sandbox.ec2.terminate_instances(InstanceIds=[one])
    assert refused(look, sandbox, one) == "InvalidInstanceID.NotFound"


@pytest.mark.parametrize("action", ["start_instances", "stop_instances"])
def test_a_terminated_instance_cannot_be_brought_back(sandbox: RunningSandbox, action: str) -> None:
    (one,) = launch(sandbox)
    sandbox.ec2.terminate_instances(InstanceIds=[one])
    assert refused(getattr(sandbox.ec2, action), InstanceIds=[one]) == "IncorrectInstanceState"


def test_a_stopping_instance_cannot_be_started(sandbox: RunningSandbox) -> None:
    set_delays(sandbox, stop=60)
    (one,) = launch(sandbox)
    sandbox.ec2.stop_instances(InstanceIds=[one])
    assert refused(sandbox.ec2.start_instances, InstanceIds=[one]) == "IncorrectInstanceState"


def test_a_pending_instance_cannot_be_stopped(sandbox: RunningSandbox) -> None:
    set_delays(sandbox, start=60)
    assert refused(sandbox.ec2.stop_instances, InstanceIds=launch(sandbox)) == "IncorrectInstanceState"


def test_stopping_a_stopped_instance_is_no_error(sandbox: RunningSandbox) -> None:
    (one,) = launch(sandbox)
    sandbox.ec2.stop_instances(InstanceIds=[one])
    again = sandbox.ec2.stop_instances(InstanceIds=[one])["StoppingInstances"][0]
    assert again["PreviousState"]["Name"] == again["CurrentState"]["Name"] == "stopped"


def test_one_bad_instance_keeps_a_whole_call_from_acting(sandbox: RunningSandbox) -> None:
    good, bad = launch(sandbox, 2)
    sandbox.ec2.terminate_instances(InstanceIds=[bad])
    refused(sandbox.ec2.stop_instances, InstanceIds=[good, bad])
    assert state(sandbox, good) == "running"


def test_addresses_are_on_loopback_and_new_at_every_start(sandbox: RunningSandbox) -> None:
    (one,) = launch(sandbox)
    first = look(sandbox, one)["PublicIpAddress"]
    sandbox.ec2.stop_instances(InstanceIds=[one])
    stopped = look(sandbox, one)
    sandbox.ec2.start_instances(InstanceIds=[one])
    second = look(sandbox, one)["PublicIpAddress"]
    kept = ipaddress.ip_network("127.0.0.0/24")
    assert "PublicIpAddress" not in stopped
    assert first != second
    assert all(ipaddress.ip_address(ip).is_loopback and ipaddress.ip_address(ip) not in kept for ip in (first, second))


def test_status_checks_initialise_before_they_pass(sandbox: RunningSandbox) -> None:
    set_delays(sandbox, status=60)
    ids = launch(sandbox)
    look(sandbox, *ids)
    (status,) = sandbox.ec2.describe_instance_status(InstanceIds=ids)["InstanceStatuses"]
    assert status["InstanceStatus"]["Status"] == "initializing"


def test_status_is_told_of_running_instances_unless_asked_for_all(sandbox: RunningSandbox) -> None:
    ids = launch(sandbox, 2)
    sandbox.ec2.stop_instances(InstanceIds=ids[:1])
    running = sandbox.ec2.describe_instance_status()["InstanceStatuses"]
    every = sandbox.ec2.describe_instance_status(IncludeAllInstances=True)["InstanceStatuses"]
    assert ([one["InstanceId"] for one in running], len(every)) == (ids[1:], 2)


def test_an_instance_may_shut_itself_down(sandbox: RunningSandbox) -> None:
    (one,) = launch(sandbox)
    sandbox.sandbox.shut_down(one)
    assert look(sandbox, one)["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"


def test_an_instance_may_be_set_to_end_when_it_shuts_itself_down(sandbox: RunningSandbox) -> None:
    (one,) = launch(sandbox, InstanceInitiatedShutdownBehavior="terminate")
    sandbox.sandbox.shut_down(one)
    assert state(sandbox, one) == "terminated"


class Recorder:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[InstanceFacts] = []

    def changed(self, facts: InstanceFacts) -> None:
        self.told.append(facts)

    def states(self, instance_id: str) -> Sequence[str]:
        return [facts.state for facts in self.told if facts.instance_id == instance_id]


def test_observers_are_told_of_every_state_without_anybody_asking(sandbox: RunningSandbox) -> None:
    recorder = Recorder()
    sandbox.sandbox.observe(recorder)
    set_delays(sandbox, start=0.05)
    (one,) = launch(sandbox, UserData="hello")
    deadline = time.monotonic() + 5
    while len(recorder.states(one)) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    running = next(facts for facts in recorder.told if facts.state == "running")
    assert recorder.states(one) == ["pending", "running"]
    assert running.public_ip
    assert running.user_data == "hello"
