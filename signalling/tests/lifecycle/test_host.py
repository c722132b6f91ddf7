"""The machine a member runs on: its facts from EC2, its own DNS record and no other, its stop by either road."""

from __future__ import annotations

import sys

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from pixel.signalling.host.imds import InstanceFacts, Metadata
from pixel.signalling.host.machine import OwnMachine
from pixel.signalling.host.shutdown import default_commands, power_off
from pixel.signalling.lifecycle_settings import LifecycleSettings

from .conftest import Instance
from .metadata_service import metadata_service

FACTS = {"instance-id": "i-0abc", "placement/region": "us-east-2", "public-ipv4": "198.51.100.7"}


class Switch:
    """A power switch that counts."""

    def __init__(self, error: OSError | None = None) -> None:
        self.pressed = 0
        self.error = error

    def __call__(self) -> None:
        self.pressed += 1
        if self.error is not None:
            raise self.error


@pytest.fixture
def switch() -> Switch:
    return Switch()


@pytest.fixture
def machine(instance: Instance, switch: Switch) -> OwnMachine:
    state = instance.sandbox.state
    settings = LifecycleSettings(zone=state.zone, zone_id=state.zone_id, lease_table=state.lease_table)
    return OwnMachine(settings, instance.metadata, switch)


# Facts


def test_a_machine_reads_its_facts_with_a_token():
    with metadata_service(FACTS) as service:
        assert Metadata(service.endpoint).facts() == InstanceFacts("i-0abc", "us-east-2", "198.51.100.7")
        assert len(service.tokens) == 1


def test_a_machine_without_a_public_address_has_none():
    with metadata_service({**FACTS} | {"public-ipv4": ""}) as service:
        del service.values["public-ipv4"]
        assert Metadata(service.endpoint).facts().address is None


def test_what_is_no_ec2_instance_is_told_so():
    with metadata_service({}) as service, pytest.raises(OSError, match="is this an EC2 instance"):
        Metadata(service.endpoint).facts()


def test_the_service_is_found_where_the_aws_sdks_find_it(monkeypatch):
    with metadata_service(FACTS) as service:
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"{service.endpoint}/")
        assert Metadata().facts().instance_id == "i-0abc"


def test_a_proxy_is_not_asked_for_this_machine_s_facts(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with metadata_service(FACTS) as service:
        assert Metadata(service.endpoint).facts().instance_id == "i-0abc"


def test_an_address_that_comes_late_is_found(switch):
    with metadata_service(FACTS) as service:
        address = service.values.pop("public-ipv4")
        machine = OwnMachine(LifecycleSettings(), Metadata(service.endpoint), switch)
        assert machine.facts().address is None
        service.values["public-ipv4"] = address
        assert machine.facts().address == address


# Its own record


def test_the_machine_s_own_record_is_deleted(instance, machine):
    instance.publish(instance.name, instance.address)
    machine.delete_record()
    assert instance.name not in instance.published()


def test_whatever_its_ttl(instance, machine):
    instance.publish(instance.name, instance.address, ttl=300)
    machine.delete_record()
    assert instance.name not in instance.published()


def test_a_record_of_its_name_that_points_elsewhere_stays(instance, machine):
    instance.publish(instance.name, "127.9.9.9")
    machine.delete_record()
    assert instance.published() == {instance.name: "127.9.9.9"}


@pytest.mark.parametrize("label", ["www", "drone-127-255-255-254", "drone", "a", "zz", "x.drone-127-0-1-1"])
def test_records_of_others_stay_even_if_they_point_here(instance, machine, label):
    foreign = f"{label}.{instance.sandbox.state.zone}"
    instance.publish(foreign, instance.address)
    instance.publish(instance.name, instance.address)
    machine.delete_record()
    assert instance.published() == {foreign: instance.address}


def test_a_record_that_is_gone_already_is_no_error(machine):
    machine.delete_record()
    machine.delete_record()


def test_a_deletion_whose_answer_was_lost_can_be_asked_for_again(instance, machine):
    instance.publish(instance.name, instance.address)
    instance.sandbox.set_faults(
        lost_answers={"probability": 1.0, "actions": ["route53.ChangeResourceRecordSets"]},
    )
    with pytest.raises((BotoCoreError, ClientError)):
        machine.delete_record()
    instance.sandbox.set_faults(lost_answers=None)
    machine.delete_record()
    assert instance.published() == {}


def test_a_member_without_a_zone_has_no_record_to_delete(instance, switch):
    instance.publish(instance.name, instance.address)
    OwnMachine(LifecycleSettings(), instance.metadata, switch).delete_record()
    assert instance.name in instance.published()


# Its stop


def test_ec2_stops_the_machine(instance, machine, switch):
    machine.stop()
    assert instance.state in ("stopping", "stopped")
    assert switch.pressed == 0


def test_a_second_stop_is_no_error(machine, switch):
    machine.stop()
    machine.stop()
    assert switch.pressed == 0


def test_a_machine_that_ec2_refuses_to_stop_powers_itself_off(instance, machine, switch, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAWRONG")
    machine.stop()
    assert instance.state == "running"
    assert switch.pressed == 1


def test_a_machine_that_cannot_reach_ec2_powers_itself_off(instance, machine, switch):
    instance.sandbox.set_faults(unreachable={"actions": ["ec2"]})
    machine.stop()
    assert switch.pressed == 1


def test_a_machine_that_does_not_know_itself_powers_itself_off(switch):
    machine = OwnMachine(LifecycleSettings(), Metadata("http://127.0.0.1:9"), switch)
    machine.stop()
    assert switch.pressed == 1


def test_a_machine_that_neither_can_stop_says_so(instance):
    instance.sandbox.set_faults(unreachable={"actions": ["ec2"]})
    machine = OwnMachine(LifecycleSettings(), instance.metadata, Switch(OSError("the switch is stuck")))
    with pytest.raises(OSError, match="the switch is stuck"):
        machine.stop()


# Its power switch


def test_the_command_of_the_settings_powers_the_machine_off(tmp_path):
    off = tmp_path / "off"
    power_off([sys.executable, "-c", f"open({str(off)!r}, 'w')"])
    assert off.exists()


def test_a_command_that_fails_is_told_with_what_it_said():
    with pytest.raises(OSError, match=r"could not be powered off: '.*': .*exit status 3.* not allowed"):
        power_off([sys.executable, "-c", "import sys; sys.stderr.write('not allowed'); sys.exit(3)"])


def test_a_command_that_does_not_exist_is_told():
    with pytest.raises(OSError, match="'/no/such/switch'"):
        power_off(["/no/such/switch"])


def test_windows_is_shut_down_by_its_own_program(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    ((program, *arguments),) = default_commands()
    assert program.endswith("shutdown.exe")
    assert arguments == ["/s", "/f", "/t", "0"]


def test_linux_is_shut_down_by_systemd_or_else_by_init(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    assert default_commands() == [("systemctl", "poweroff"), ("shutdown", "-h", "now")]
