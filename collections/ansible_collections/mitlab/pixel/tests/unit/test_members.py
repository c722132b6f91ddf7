from __future__ import annotations

from datetime import timedelta

from ansible_collections.mitlab.pixel.plugins.module_utils.members import TagFilter, counted, member_from, totals
from ansible_collections.mitlab.pixel.tests.unit.builders import LAUNCHED, member, on_first_boot

INSTANCE = {
    "InstanceId": "i-1",
    "State": {"Name": "running"},
    "Placement": {"AvailabilityZone": "us-east-2a"},
    "Tags": [{"Key": "pixel:pool", "Value": "drone"}, {"Key": "pixel:first-boot", "Value": "stop"}],
    "LaunchTime": LAUNCHED,
    "NetworkInterfaces": [
        {"Attachment": {"DeviceIndex": 1, "AttachTime": LAUNCHED + timedelta(hours=1)}},
        {"Attachment": {"DeviceIndex": 0, "AttachTime": LAUNCHED}},
    ],
    "PublicIpAddress": "198.51.100.7",
}


def test_a_member_is_read_from_what_ec2_says_of_its_instance() -> None:
    read = member_from(INSTANCE)
    assert (read.instance_id, read.state, read.zone, read.pool) == ("i-1", "running", "us-east-2a", "drone")
    assert read.address == "198.51.100.7"


def test_the_first_launch_is_the_attachment_of_the_primary_network_interface() -> None:
    assert member_from(INSTANCE).created == LAUNCHED


def test_a_terminated_instance_without_network_interfaces_is_read() -> None:
    assert member_from({"InstanceId": "i-1", "State": {"Name": "terminated"}}).created is None


def test_a_member_that_was_never_started_again_is_on_its_first_boot() -> None:
    assert on_first_boot().on_first_boot


def test_a_member_that_was_started_again_is_not_on_its_first_boot() -> None:
    started_again = on_first_boot(launched=LAUNCHED + timedelta(seconds=1))
    assert not started_again.on_first_boot


def test_a_member_that_was_launched_to_stay_is_not_on_its_first_boot() -> None:
    assert not member(state="running", created=LAUNCHED).on_first_boot


def test_a_stopped_member_is_not_on_its_first_boot() -> None:
    assert not on_first_boot(state="stopped").on_first_boot


def test_a_tag_filter_names_the_tag_that_matched() -> None:
    keep = TagFilter({"pixel:keep-running": "true"})
    assert keep.first_match(member(tags={"pixel:keep-running": "true"})) == "pixel:keep-running=true"
    assert keep.first_match(member(tags={"pixel:keep-running": "false"})) is None


def test_totals_count_by_state_release_and_zone() -> None:
    counts = totals([member("i-1"), member("i-2", "running", release="1.1.0", zone="us-east-2b")])
    assert counts == {
        "members": 2,
        "state": {"running": 1, "stopped": 1},
        "release": {"1.0.0": 1, "1.1.0": 1},
        "availability_zone": {"us-east-2a": 1, "us-east-2b": 1},
    }


def test_one_is_singular() -> None:
    assert [counted(number, "member") for number in (0, 1, 2)] == ["0 members", "1 member", "2 members"]
