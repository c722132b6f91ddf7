"""How machines were woken before: no claim, no batch. Written anew for the benchmark, after the way and not the text.

Each caller looks for a stopped machine, starts the first one, asks until it runs, and publishes its name. The fixed
sleeps of the original are left out: it asks once a second instead.
"""

from __future__ import annotations

import time
from typing import Any

from pixel.naming import record_name

PAUSE = 1.0
"""Seconds between two looks."""


class NobodyLeftError(Exception):
    """There is no stopped machine."""


def wake(ec2: Any, route53: Any, zone_id: str, zone: str) -> str:
    """Wake a machine; return its id.

    Raises:
        NobodyLeftError: there is no stopped machine.
        ClientError: AWS refused a call, after botocore's retries.
    """
    stopped = [
        {"Name": "instance-type", "Values": ["g4dn.xlarge"]},
        {"Name": "instance-state-name", "Values": ["stopped"]},
    ]
    found = ec2.describe_instances(Filters=stopped)["Reservations"]
    if not found:
        raise NobodyLeftError
    machine: str = found[0]["Instances"][0]["InstanceId"]
    ec2.start_instances(InstanceIds=[machine])
    while (address := _address(ec2, machine)) is None:
        time.sleep(PAUSE)
    record = {
        "Name": record_name(address, zone),
        "Type": "A",
        "TTL": 300,
        "ResourceRecords": [{"Value": address}],
    }
    changes = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
    route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch=changes)
    return machine


def _address(ec2: Any, machine: str) -> str | None:
    """Return the address of a machine that runs."""
    (found,) = ec2.describe_instances(InstanceIds=[machine])["Reservations"]
    (instance,) = found["Instances"]
    return str(instance["PublicIpAddress"]) if instance["State"]["Name"] == "running" else None
