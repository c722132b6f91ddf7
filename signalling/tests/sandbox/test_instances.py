"""Instances as AWS lets them live."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

import pytest

from pixel.sandbox.members import InstanceFacts
from pixel.sandbox.testing import RunningSandbox, eventually, refusal


def test_a_new_instance_is_pending_until_it_has_booted(sandbox: RunningSandbox) -> None:
    sandbox.set_delays(start=60)
    assert sandbox.instance_state(*sandbox.launch()) == "pending"


def test_an_instance_runs_when_it_has_booted(sandbox: RunningSandbox) -> None:
    assert sandbox.instance_state(*sandbox.launch()) == "running"


def test_a_stop_takes_its_time(sandbox: RunningSandbox) -> None:
    sandbox.set_delays(stop=60)
    (one,) = sandbox.launch()
    sandbox.ec2.stop_instances(InstanceIds=[one])
    assert sandbox.instance_state(one) == "stopping"


def test_a_termination_takes_its_time(sandbox: RunningSandbox) -> None:
    sandbox.set_delays(terminate=60)
    (one,) = sandbox.launch()
    sandbox.ec2.terminate_instances(InstanceIds=[one])
    assert sandbox.instance_state(one) == "shutting-down"


def test_a_stopped_instance_is_terminated_at_once(sandbox: RunningSandbox) -> None:
    sandbox.set_delays(terminate=60)
    (one,) = sandbox.launch()
    sandbox.ec2.stop_instances(InstanceIds=[one])
    sandbox.ec2.terminate_instances(InstanceIds=[one])
    assert sandbox.instance_state(one) == "terminated"


def test_a_terminated_instance_vanishes_after_a_while(sandbox: RunningSandbox) -> None:
    sandbox.set_delays(vanish=0)
    (one,) = sandbox.launch()
    sandbox.ec2.terminate_instances(InstanceIds=[one])
    assert refusal(sandbox.instance, one) == "InvalidInstanceID.NotFound"


@pytest.mark.parametrize("action", ["start_instances", "stop_instances"])
def test_a_terminated_instance_cannot_be_brought_back(sandbox: RunningSandbox, action: str) -> None:
    (one,) = sandbox.launch()
    sandbox.ec2.terminate_instances(InstanceIds=[one])
    assert refusal(getattr(sandbox.ec2, action), InstanceIds=[one]) == "IncorrectInstanceState"


def test_a_stopping_instance_cannot_be_started(sandbox: RunningSandbox) -> None:
    sandbox.set_delays(stop=60)
    (one,) = sandbox.launch()
    sandbox.ec2.stop_instances(InstanceIds=[one])
    assert refusal(sandbox.ec2.start_instances, InstanceIds=[one]) == "IncorrectInstanceState"


def test_a_pending_instance_cannot_be_stopped(sandbox: RunningSandbox) -> None:
    sandbox.set_delays(start=60)
    assert refusal(sandbox.ec2.stop_instances, InstanceIds=sandbox.launch()) == "IncorrectInstanceState"


def test_stopping_a_stopped_instance_is_no_error(sandbox: RunningSandbox) -> None:
    (one,) = sandbox.launch()
    sandbox.ec2.stop_instances(InstanceIds=[one])
    again = sandbox.ec2.stop_instances(InstanceIds=[one])["StoppingInstances"][0]
    assert again["PreviousState"]["Name"] == again["CurrentState"]["Name"] == "stopped"


def test_one_bad_instance_keeps_a_whole_call_from_acting(sandbox: RunningSandbox) -> None:
    good, bad = sandbox.launch(2)
    sandbox.ec2.terminate_instances(InstanceIds=[bad])
    refusal(sandbox.ec2.stop_instances, InstanceIds=[good, bad])
    assert sandbox.instance_state(good) == "running"


def test_addresses_are_on_loopback_and_new_at_every_start(sandbox: RunningSandbox) -> None:
    (one,) = sandbox.launch()
    first = sandbox.instance(one)["PublicIpAddress"]
    sandbox.ec2.stop_instances(InstanceIds=[one])
    stopped = sandbox.instance(one)
    sandbox.ec2.start_instances(InstanceIds=[one])
    second = sandbox.instance(one)["PublicIpAddress"]
    kept = ipaddress.ip_network("127.0.0.0/24")
    assert "PublicIpAddress" not in stopped
    assert first != second
    assert all(ipaddress.ip_address(ip).is_loopback and ipaddress.ip_address(ip) not in kept for ip in (first, second))


def test_status_checks_initialise_before_they_pass(sandbox: RunningSandbox) -> None:
    sandbox.set_delays(status=60)
    ids = sandbox.launch()
    sandbox.instance(*ids)
    (status,) = sandbox.ec2.describe_instance_status(InstanceIds=ids)["InstanceStatuses"]
    assert status["InstanceStatus"]["Status"] == "initializing"


def test_status_is_told_of_running_instances_unless_asked_for_all(sandbox: RunningSandbox) -> None:
    ids = sandbox.launch(2)
    sandbox.ec2.stop_instances(InstanceIds=ids[:1])
    running = sandbox.ec2.describe_instance_status()["InstanceStatuses"]
    every = sandbox.ec2.describe_instance_status(IncludeAllInstances=True)["InstanceStatuses"]
    assert ([one["InstanceId"] for one in running], len(every)) == (ids[1:], 2)


def test_an_instance_may_shut_itself_down(sandbox: RunningSandbox) -> None:
    (one,) = sandbox.launch()
    sandbox.sandbox.shut_down(one)
    assert sandbox.instance(one)["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"


def test_an_instance_may_be_set_to_end_when_it_shuts_itself_down(sandbox: RunningSandbox) -> None:
    (one,) = sandbox.launch(InstanceInitiatedShutdownBehavior="terminate")
    sandbox.sandbox.shut_down(one)
    assert sandbox.instance_state(one) == "terminated"


def test_the_first_launch_stays_known_when_an_instance_is_started_again(sandbox: RunningSandbox) -> None:
    (one,) = sandbox.launch()
    first = sandbox.instance(one)
    sandbox.ec2.stop_instances(InstanceIds=[one])
    sandbox.ec2.start_instances(InstanceIds=[one])
    second = sandbox.instance(one)
    attached = [each["NetworkInterfaces"][0]["Attachment"]["AttachTime"] for each in (first, second)]
    assert attached == [first["LaunchTime"]] * 2
    assert second["LaunchTime"] > first["LaunchTime"]


class Recorder:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[InstanceFacts] = []

    def changed(self, facts: InstanceFacts) -> None:
        self.told.append(facts)

    def states(self, instance_id: str) -> Sequence[str]:
        return [facts.state for facts in self.told if facts.instance_id == instance_id]


@pytest.fixture
def recorder(sandbox: RunningSandbox) -> Iterator[Recorder]:
    recorder = Recorder()
    sandbox.sandbox.observe(recorder)
    yield recorder
    sandbox.sandbox.unobserve(recorder)


def test_observers_are_told_of_every_state_without_anybody_asking(sandbox: RunningSandbox, recorder: Recorder) -> None:
    sandbox.set_delays(start=0.05)
    (one,) = sandbox.launch(UserData="hello")
    assert eventually(lambda: recorder.states(one) == ["pending", "running"], within=5)
    running = recorder.told[-1]
    assert running.public_ip
    assert running.user_data == "hello"


def test_observers_are_told_that_a_reset_ends_all_instances(sandbox: RunningSandbox, recorder: Recorder) -> None:
    (one,) = sandbox.launch()
    sandbox.reset()
    assert eventually(lambda: recorder.states(one)[-1:] == ["terminated"], within=5)


def test_an_observer_that_fails_does_not_stop_the_world(sandbox: RunningSandbox, recorder: Recorder) -> None:
    class Failing:
        def changed(self, facts: InstanceFacts) -> None:
            raise RuntimeError(f"cannot do with {facts.instance_id}")

    failing = Failing()
    sandbox.sandbox.observe(failing)
    (one,) = sandbox.launch()
    assert eventually(lambda: recorder.states(one) == ["pending", "running"], within=5)
    sandbox.sandbox.unobserve(failing)
