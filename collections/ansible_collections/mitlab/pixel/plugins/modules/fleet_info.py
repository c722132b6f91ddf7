#!/usr/bin/python
# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet_info
version_added: 0.1.0
short_description: List the members of a pool
description:
  - Returns members with their state, release, availability zone, address and lease, and totals.
options:
  pool:
    description:
      - The pool, the value of the tag C(pixel:pool).
      - One of O(pool) and O(tags) is needed.
    type: str
  tags:
    description: Tags that the members carry, all of them.
    type: dict
    default: {}
  release:
    description: Only members of this release.
    type: str
  states:
    description: Only members in these of EC2's states.
    type: list
    elements: str
    choices: [pending, running, stopping, stopped, shutting-down, terminated]
    default: [pending, running, stopping, stopped]
extends_documentation_fragment:
  - mitlab.pixel.options
  - mitlab.pixel.options.reads
  - mitlab.pixel.options.lease_table
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Who is using what
  mitlab.pixel.fleet_info:
    pool: drone
    states: [pending, running]
    lease_table: pixel-leases
  register: fleet
"""

RETURN = r"""
members:
  description: The members, in the order of their ids.
  returned: always
  type: list
  elements: dict
  contains:
    instance_id:
      description: Its id.
      type: str
    state:
      description: EC2's state.
      type: str
      sample: running
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
      description: Its live lease, if O(lease_table) is given and it has one.
      type: dict
      sample: {"session": "5f2c", "until": 1764000000.0, "hostname": "drone-198-51-100-7.stream.example.org"}
    hold:
      description: For which class it is held, if O(lease_table) is given and it is held and not leased.
      type: dict
      sample: {"for": "robotics", "until": 1764000000.0}
totals:
  description:
    - How many members there are, in all and by state, release and availability zone; how many are leased, and how
      many are held.
  returned: always
  type: dict
  sample:
    members: 2
    state: {"stopped": 2}
    release: {"1.1.0": 2}
    availability_zone: {"us-east-2a": 2}
    leased: 0
    held: 0
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.mitlab.pixel.plugins.module_utils import ec2 as ec2_api
from ansible_collections.mitlab.pixel.plugins.module_utils.aws import client
from ansible_collections.mitlab.pixel.plugins.module_utils.leases import leases_of
from ansible_collections.mitlab.pixel.plugins.module_utils.members import (
    POOL_TAG,
    RELEASE_TAG,
    member_result,
    totals,
)
from ansible_collections.mitlab.pixel.plugins.module_utils.options import LEASE_TABLE
from ansible_collections.mitlab.pixel.plugins.module_utils.runner import run_module

STATES = ["pending", "running", "stopping", "stopped", "shutting-down", "terminated"]


def run(module: AnsibleAWSModule) -> dict[str, Any]:
    """Observe and report."""
    params = module.params
    tags = {key: str(value) for key, value in params["tags"].items()}
    if params["pool"]:
        tags[POOL_TAG] = params["pool"]
    filters = ec2_api.tag_filters(tags)
    if params["release"]:
        filters += ec2_api.tag_filters({RELEASE_TAG: params["release"]})
    filters.append({"Name": "instance-state-name", "Values": params["states"]})
    members = ec2_api.describe_members(client(module, "ec2"), filters)
    leases = leases_of(module, params["lease_table"]).in_use()
    found = [member_result(member, leases.get(member.instance_id)) for member in members]
    uses = {use: sum(member[use] is not None for member in found) for use in ("lease", "hold")}
    counts = {**totals(members), "leased": uses["lease"], "held": uses["hold"]}
    return {"changed": False, "members": found, "totals": counts}


def main() -> None:
    run_module(
        run,
        argument_spec={
            "pool": {"type": "str"},
            "tags": {"type": "dict", "default": {}},
            "release": {"type": "str"},
            "states": {"type": "list", "elements": "str", "choices": STATES, "default": STATES[:4]},
            "lease_table": LEASE_TABLE,
        },
        required_one_of=[("pool", "tags")],
    )


if __name__ == "__main__":
    main()
