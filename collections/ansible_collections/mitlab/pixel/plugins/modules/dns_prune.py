#!/usr/bin/python
# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: dns_prune
version_added: 0.1.0
short_description: Delete the records of members that run no more
description:
  - Deletes the A records C(drone-<a-b-c-d>.<zone>) whose address no instance of this account and region
    has, in batches.
  - Only a record whose single value is the address in its name is a member's. All others are left alone.
  - Use a zone of its own for one region's members. Members of another region look like nobody's.
options:
  zone:
    description:
      - Name of the hosted zone.
      - One of O(zone) and O(zone_id) is needed.
    type: str
  zone_id:
    description: Id of the hosted zone, where a name is not enough.
    type: str
  prefix:
    description: What the members' names begin with.
    type: str
    default: drone-
  min_age:
    description:
      - Seconds for which a member that has only just started, and whose address EC2 does not show yet, is taken for the
        owner of any record. While there is one, nothing is deleted.
    type: int
    default: 300
  wait:
    description: Whether to wait until all name servers know of the deletion.
    type: bool
    default: false
  wait_timeout:
    description: How many seconds to wait.
    type: int
    default: 300
extends_documentation_fragment:
  - mitlab.pixel.options
  - mitlab.pixel.options.changes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Prune the records of members that were stopped without saying goodbye
  mitlab.pixel.dns_prune:
    zone: stream.example.org
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode, in short sentences.
  returned: always
  type: list
  elements: str
  sample: ["deleted 2 stale records of stream.example.org"]
deleted:
  description: The names of the records that were deleted.
  returned: always
  type: list
  elements: str
  sample: ["drone-198-51-100-7.stream.example.org"]
kept:
  description: Stale records that were left for a later run, with the reason.
  returned: always
  type: dict
zone_id:
  description: Id of the hosted zone.
  returned: always
  type: str
  sample: Z0123456789ABCDEFGHIJ
"""

from datetime import UTC, datetime
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.mitlab.pixel.plugins.module_utils import route53 as route53_api
from ansible_collections.mitlab.pixel.plugins.module_utils.aws import Client, client
from ansible_collections.mitlab.pixel.plugins.module_utils.dns_plan import DnsPlan, Record, change_batches, plan_dns
from ansible_collections.mitlab.pixel.plugins.module_utils.ec2 import describe_members
from ansible_collections.mitlab.pixel.plugins.module_utils.errors import PixelError
from ansible_collections.mitlab.pixel.plugins.module_utils.members import counted
from ansible_collections.mitlab.pixel.plugins.module_utils.options import wait_timeout
from ansible_collections.mitlab.pixel.plugins.module_utils.runner import need, run_module

ROUNDS = 5
"""How often to look again when someone else changed a record between looking and deleting."""


def observe_and_plan(route53: Client, ec2: Client, zone_id: str, zone: str, params: dict[str, Any]) -> DnsPlan:
    """Read the records, then who has an address, in this order; and decide."""
    records = list(route53_api.records_from(route53, zone_id, zone, params["prefix"]))
    if not records:
        return DnsPlan()
    with_address = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "shutting-down"]}]
    return plan_dns(
        records,
        describe_members(ec2, with_address),
        prefix=params["prefix"],
        zone=zone,
        min_age=params["min_age"],
        now=datetime.now(UTC),
    )


def delete(route53: Client, zone_id: str, plan: DnsPlan, deleted: list[Record]) -> list[str] | None:
    """Delete the plan's records, batch by batch, and note them in `deleted`.

    Returns:
        The ids of the changes; None when a record had changed, so that the rest needs a new look.
    """
    changes = []
    for batch in change_batches(plan.delete):
        change = route53_api.delete_records(route53, zone_id, batch)
        if change is None:
            return None
        deleted += batch
        changes.append(change)
    return changes


def result(deleted: list[Record], plan: DnsPlan, zone_id: str, zone: str, diff: bool) -> dict[str, Any]:
    """Return what the module reports."""
    names = [record.name.rstrip(".") for record in deleted]
    report: dict[str, Any] = {
        "changed": bool(names),
        "changes": [f"deleted {counted(len(names), 'stale record')} of {zone}"] if names else [],
        "deleted": names,
        "kept": {name.rstrip("."): reason for name, reason in plan.kept.items()},
        "zone_id": zone_id,
    }
    if diff:
        report["diff"] = {"before": "".join(f"{name}\n" for name in names), "after": ""}
    return report


def run(module: AnsibleAWSModule) -> dict[str, Any]:
    """Observe, plan, apply."""
    params = module.params
    need(params["prefix"], "prefix", "it is what keeps other records from being deleted; give what names begin with")
    need(params["zone"] or params["zone_id"], "zone", "give the name of the members' hosted zone")
    route53, ec2 = client(module, "route53"), client(module, "ec2")
    zone_id, zone = route53_api.find_zone(route53, params["zone"], params["zone_id"])
    plan = observe_and_plan(route53, ec2, zone_id, zone, params)
    if module.check_mode:
        return result(list(plan.delete), plan, zone_id, zone, module._diff)

    deleted: list[Record] = []
    for _round in range(ROUNDS):
        changes = delete(route53, zone_id, plan, deleted)
        if changes is not None:
            break
        plan = observe_and_plan(route53, ec2, zone_id, zone, params)
    else:
        raise PixelError(
            f"records of {zone} kept changing while they were pruned: run again later",
            result(deleted, plan, zone_id, zone, module._diff),
        )
    if params["wait"]:
        route53_api.wait_in_sync(route53, changes, params["wait_timeout"])
    return result(deleted, plan, zone_id, zone, module._diff)


def main() -> None:
    run_module(
        run,
        argument_spec={
            "zone": {"type": "str"},
            "zone_id": {"type": "str"},
            "prefix": {"type": "str", "default": "drone-"},
            "min_age": {"type": "int", "default": 300},
            "wait": {"type": "bool", "default": False},
            "wait_timeout": wait_timeout(300),
        },
        required_one_of=[("zone", "zone_id")],
    )


if __name__ == "__main__":
    main()
