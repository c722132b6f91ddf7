#!/usr/bin/python
# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet
version_added: 0.1.0
short_description: Bring a pool to its size, from one release
description:
  - Launches the members of a release that a pool lacks, from the release's launch template version, tagged at launch,
    spread over availability zones. Where a zone has no capacity, the others fill in.
  - A new member boots once, which is slow on Windows, and is then stopped. A run that was killed is completed by the
    next one. It recognises members whose first boot it has to finish by the tag C(pixel:first-boot) that they were
    launched with, and by the fact that they were never started again.
  - Members that are too many, or of another release, are terminated only when they are stopped and not leased.
    Running and leased members are left alone and reported. While the pool is short of its size nothing is terminated.
  - The number of calls to AWS grows with pages and batches, not with members.
options:
  release:
    description:
      - The release. Without it, the release of the launch template's default version.
    type: str
  launch_template:
    description: Name of the launch template that holds the release's version.
    type: str
    required: true
  size:
    description: How many members of the release there shall be. V(0) means none.
    type: int
    required: true
  max_size:
    description: The cap for O(size), against slips of the finger.
    type: int
    default: 100
  subnets:
    description:
      - Ids of the subnets to spread over, in order of preference. Only needed when members are launched.
    type: list
    elements: str
    default: []
  new_members:
    description:
      - Whether new members are stopped after their first boot, or left running.
    type: str
    choices: [stopped, running]
    default: stopped
  first_boot:
    description:
      - When a first boot is over. With V(status_ok) when EC2's status checks pass, with V(running) when EC2 says that
        the member runs.
    type: str
    choices: [status_ok, running]
    default: status_ok
  prune_releases:
    description: Whether stopped members of other releases are terminated.
    type: bool
    default: true
  batch:
    description:
      - How many members one run launches at most, so that a pool is rolled onto a release step by step. Then as many
        stopped members of other releases are terminated as the pool has more than O(size). RV(remaining) says how many
        members later runs have to launch.
      - With V(0) all are launched in one run, and members of other releases terminated when none is missing.
    type: int
    default: 0
  wait:
    description:
      - Whether to see new members through their first boot. With V(false) they are left booting, and a later run that
        waits stops them.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait, in all.
    type: int
    default: 1800
extends_documentation_fragment:
  - mitlab.pixel.options
  - mitlab.pixel.options.changes
  - mitlab.pixel.options.pool
  - mitlab.pixel.options.lease_table
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Twelve members of the release in service
  mitlab.pixel.fleet:
    pool: drone
    launch_template: pixel-drone
    size: 12
    subnets: [subnet-0aaa, subnet-0bbb, subnet-0ccc]
    lease_table: pixel-leases

- name: No members
  mitlab.pixel.fleet:
    pool: drone
    launch_template: pixel-drone
    size: 0
    lease_table: pixel-leases
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode, in short sentences.
  returned: always
  type: list
  elements: str
  sample: ["created 2 members of 1.1.0 in us-east-2a"]
release:
  description: The release that the pool was brought to.
  returned: always
  type: str
  sample: 1.1.0
created:
  description: Ids of the members that were launched; empty in check mode.
  returned: always
  type: list
  elements: str
stopped:
  description: Ids of the members that were stopped after their first boot.
  returned: always
  type: list
  elements: str
terminated:
  description: Ids of the members that were terminated.
  returned: always
  type: list
  elements: str
kept:
  description: Members that are too many, of another release or new, and were left alone; with the reason.
  returned: always
  type: dict
  sample: {"i-0123456789abcdef0": "leased by session 5f2c"}
remaining:
  description: How many members the release still lacks, which later runs launch when O(batch) is given.
  returned: always
  type: int
  sample: 4
missing:
  description: How many members could not be launched, by availability zone that should have had them.
  returned: always
  type: dict
  sample: {"us-east-2a": 1}
members:
  description: The pool as last seen.
  returned: always
  type: list
  elements: dict
  contains: &member
    instance_id:
      description: Its id.
      type: str
    state:
      description: EC2's state.
      type: str
      sample: stopped
    pool:
      description: Its pool.
      type: str
    release:
      description: Its release.
      type: str
    availability_zone:
      description: Its availability zone.
      type: str
    address:
      description: Its public address, while it has one.
      type: str
    image_id:
      description: Its image.
      type: str
    instance_type:
      description: Its type.
      type: str
    launched:
      description: When it was last started.
      type: str
    tags:
      description: Its tags.
      type: dict
    lease:
      description: Its live lease, with C(session) and C(until) in epoch seconds.
      type: dict
totals:
  description: How many members there are, in all and by state, release and availability zone.
  returned: always
  type: dict
  sample: {"members": 2, "state": {"stopped": 2}, "release": {"1.1.0": 2}, "availability_zone": {"us-east-2a": 2}}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.mitlab.pixel.plugins.module_utils import ec2 as ec2_api
from ansible_collections.mitlab.pixel.plugins.module_utils import fleet_apply
from ansible_collections.mitlab.pixel.plugins.module_utils.aws import client
from ansible_collections.mitlab.pixel.plugins.module_utils.ec2_templates import versions_of
from ansible_collections.mitlab.pixel.plugins.module_utils.errors import PixelError
from ansible_collections.mitlab.pixel.plugins.module_utils.first_boot import FirstBoot
from ansible_collections.mitlab.pixel.plugins.module_utils.fleet_launch import launch_request
from ansible_collections.mitlab.pixel.plugins.module_utils.fleet_plan import FleetRequest, shortfall
from ansible_collections.mitlab.pixel.plugins.module_utils.leases import leases_of
from ansible_collections.mitlab.pixel.plugins.module_utils.members import (
    FIRST_BOOT_TAG,
    POOL_TAG,
    member_result,
    totals,
)
from ansible_collections.mitlab.pixel.plugins.module_utils.options import LEASE_TABLE, POOL, WAIT, wait_timeout
from ansible_collections.mitlab.pixel.plugins.module_utils.runner import need, run_module
from ansible_collections.mitlab.pixel.plugins.module_utils.waiting import Deadline


def check_size(size: int, max_size: int) -> None:
    """Refuse a size that nobody can mean.

    Raises:
        PixelError: it is below zero or above the cap.
    """
    if size < 0:
        raise PixelError(f"size is {size}: give 0 for no members, or a number up to max_size, which is {max_size}")
    if size > max_size:
        raise PixelError(f"size is {size}, above the cap max_size, which is {max_size}: lower size or raise max_size")


def result(
    outcome: fleet_apply.Outcome, request: FleetRequest, before: dict[str, Any] | None, check_mode: bool
) -> dict[str, Any]:
    """Return what the module reports; `before` is the totals that a diff starts from, if one is asked for."""
    after = totals(outcome.members)
    report: dict[str, Any] = {
        "changed": outcome.changed,
        "changes": outcome.sentences(),
        "release": request.release,
        "created": [] if check_mode else [member.instance_id for member in outcome.created],
        "stopped": sorted(outcome.stopped),
        "terminated": [member.instance_id for member in outcome.terminated],
        "kept": outcome.kept,
        "remaining": shortfall(request, outcome.members),
        "missing": dict(outcome.missing),
        "members": [member_result(member) for member in outcome.members],
        "totals": after,
    }
    return report if before is None else {**report, "diff": {"before": before, "after": after}}


def run(module: AnsibleAWSModule) -> dict[str, Any]:
    """Observe, plan, apply."""
    params = module.params
    pool = params["pool"]
    need(pool, "pool", "give the pool's name")
    check_size(params["size"], params["max_size"])
    if params["batch"] < 0:
        raise PixelError(f"batch is {params['batch']}: give how many members to launch at a time, or 0 for all")
    stop_new = params["new_members"] == "stopped"
    leases = leases_of(module, params["lease_table"])

    ec2 = client(module, "ec2")
    template = versions_of(ec2, params["launch_template"])
    version = template.version_for(params["release"])
    request = FleetRequest(
        pool=pool,
        release=version.release,
        size=params["size"],
        finish_boots=stop_new and params["wait"],
        prune_releases=params["prune_releases"],
        batch=params["batch"],
    )
    members = ec2_api.describe_members(ec2, ec2_api.tag_filters({POOL_TAG: pool}))
    zones = {}
    if shortfall(request, members):
        need(params["subnets"], "subnets", "name at least one subnet to launch members in")
        zones = ec2_api.subnet_zones(ec2, params["subnets"])
    observed = fleet_apply.Pool(members, zones, leases)

    if module.check_mode:
        outcome = fleet_apply.foresee(request, observed)
    else:
        first_boot = FirstBoot(
            ec2=ec2,
            pool=pool,
            deadline=Deadline(params["wait_timeout"]),
            status_checks=params["first_boot"] == "status_ok",
            stop=stop_new,
            leases=leases,
        )
        launching = launch_request(template, version, pool, {FIRST_BOOT_TAG: "stop"} if stop_new else None)
        outcome = fleet_apply.apply(ec2, request, observed, launching, first_boot if params["wait"] else None)
    before = totals(member for member in members if not member.gone) if module._diff else None
    report = result(outcome, request, before, module.check_mode)
    if outcome.problems:
        raise PixelError("; ".join(outcome.problems), report)
    return report


def main() -> None:
    run_module(
        run,
        argument_spec={
            "pool": POOL,
            "release": {"type": "str"},
            "launch_template": {"type": "str", "required": True},
            "size": {"type": "int", "required": True},
            "max_size": {"type": "int", "default": 100},
            "subnets": {"type": "list", "elements": "str", "default": []},
            "new_members": {"type": "str", "choices": ["stopped", "running"], "default": "stopped"},
            "first_boot": {"type": "str", "choices": ["status_ok", "running"], "default": "status_ok"},
            "prune_releases": {"type": "bool", "default": True},
            "batch": {"type": "int", "default": 0},
            "lease_table": LEASE_TABLE,
            "wait": WAIT,
            "wait_timeout": wait_timeout(1800),
        },
    )


if __name__ == "__main__":
    main()
