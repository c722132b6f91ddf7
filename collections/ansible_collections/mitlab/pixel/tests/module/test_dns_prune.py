from __future__ import annotations

from ansible_collections.mitlab.pixel.tests.module.conftest import Modules


def add_records(modules: Modules, *addresses: str, **more: object) -> None:
    """Create members' records, or one record with other properties."""
    state = modules.sandbox.state
    for first in range(0, len(addresses), 1000):
        changes = [
            {
                "Action": "CREATE",
                "ResourceRecordSet": {
                    "Name": f"drone-{address.replace('.', '-')}.{state.zone}",
                    "Type": "A",
                    "TTL": 60,
                    "ResourceRecords": [{"Value": address}],
                    **more,
                },
            }
            for address in addresses[first : first + 1000]
        ]
        modules.sandbox.route53.change_resource_record_sets(
            HostedZoneId=state.zone_id, ChangeBatch={"Changes": changes}
        )


def names(modules: Modules) -> set[str]:
    """Return the names of all records but the zone's own."""
    state = modules.sandbox.state
    pages = modules.sandbox.route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=state.zone_id)
    found = {one["Name"].rstrip(".") for page in pages for one in page["ResourceRecordSets"]}
    return {name for name in found if name != state.zone}


def running_address(modules: Modules) -> str:
    """Return the address of a running member of a pool of one."""
    modules.publish("1.0.0")
    modules.fleet(1, new_members="running")
    [member] = modules.succeed("fleet_info", pool="drone")["members"]
    return str(member["address"])


def test_stale_records_go_and_a_running_members_stays(modules: Modules) -> None:
    address = running_address(modules)
    add_records(modules, "198.51.100.1", "198.51.100.2", address)
    result = modules.succeed("dns_prune", zone="pixel.test")
    assert result["changes"] == ["deleted 2 stale records of pixel.test"]
    assert names(modules) == {f"drone-{address.replace('.', '-')}.pixel.test"}
    assert not modules.succeed("dns_prune", zone="pixel.test")["changed"]


def test_records_that_are_no_members_are_never_touched(modules: Modules) -> None:
    add_records(modules, "198.51.100.1", Name="www.pixel.test")
    add_records(modules, "198.51.100.2", Name="drone-198-51-100-99.pixel.test")
    add_records(modules, "198.51.100.3", Name="api.drone-198-51-100-3.pixel.test")
    before = names(modules)
    assert not modules.succeed("dns_prune", zone="pixel.test")["changed"]
    assert names(modules) == before


def test_two_hundred_of_a_thousand_records_are_four_listings_and_one_change(modules: Modules) -> None:
    stale = [f"198.51.{number // 200}.{number % 200 + 1}" for number in range(200)]
    kept = [f"203.0.{number // 200}.{number % 200 + 1}" for number in range(800)]
    add_records(modules, *stale)
    add_records(modules, *kept, TTL=60, ResourceRecords=[{"Value": "192.0.2.1"}])
    result = modules.succeed("dns_prune", zone="pixel.test")
    assert len(result["deleted"]) == 200
    assert result.calls["route53.ListResourceRecordSets"] <= 4
    assert result.calls["route53.ChangeResourceRecordSets"] == 1


def test_a_deletion_can_be_awaited(modules: Modules) -> None:
    modules.sandbox.set_delays(dns=0.2)
    add_records(modules, "198.51.100.1")
    result = modules.succeed("dns_prune", zone="pixel.test", wait=True, wait_timeout=20)
    assert result.calls["route53.GetChange"] >= 1


def test_check_mode_tells_and_changes_nothing(modules: Modules) -> None:
    add_records(modules, "198.51.100.1")
    planned = modules.succeed("dns_prune", zone="pixel.test", check=True)
    assert planned["deleted"] == ["drone-198-51-100-1.pixel.test"]
    assert names(modules) == {"drone-198-51-100-1.pixel.test"}


def test_a_lost_answer_is_no_failure(modules: Modules) -> None:
    add_records(modules, "198.51.100.1")
    modules.sandbox.set_faults(lost_answers={"probability": 0.5, "seed": 1, "actions": ["ChangeResourceRecordSets"]})
    modules.succeed("dns_prune", zone="pixel.test")
    assert names(modules) == set()
