#!/usr/bin/python
# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: canary
version_added: 0.1.0
short_description: Try a release with one member, before the pool gets more of it
description:
  - Launches one instance of a release, from its launch template version, which need not be the default. It carries the
    tag C(pixel:canary=checking) from its launch on, so that nobody claims it, and has a lease of its own, so that
    nobody stops it while it is tried. What is tried is up to the caller.
  - Once it has passed it is stopped and becomes a member like any other. When it fails it is terminated.
  - A canary that is forgotten runs no longer than its lease. The next run terminates it, whatever release it is of.
options:
  state:
    description:
      - V(started) launches the canary, waits until it runs and returns its address and a player's token. Canaries that
        an earlier run has left are terminated first. It changes something each time, since a canary is tried once.
      - V(passed) stops the canary and makes it a member.
      - V(absent) terminates the pool's canaries that have not passed.
    type: str
    choices: [started, passed, absent]
    required: true
  release:
    description: The release to try. Required unless O(state=absent).
    type: str
  launch_template:
    description: Name of the launch template that holds the release's version. Required when O(state=started).
    type: str
  subnets:
    description:
      - Ids of the subnets to launch in. The availability zone with the fewest members comes first, those without
        capacity are passed over. Required when O(state=started).
    type: list
    elements: str
    default: []
  lease_seconds:
    description:
      - How long the canary may take, from its launch to O(state=passed). Then its lease ends, and it is stopped by the
        reconciler of the wake path, or by M(mitlab.pixel.power).
    type: int
    default: 1800
  wait_timeout:
    description: How many seconds to wait until the canary runs, or has stopped.
    type: int
    default: 900
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
- name: Start a canary of release 1.4.0
  mitlab.pixel.canary:
    state: started
    pool: drone
    release: 1.4.0
    launch_template: pixel-drone
    subnets: [subnet-0aaa, subnet-0bbb]
    lease_table: pixel-leases
  register: canary

- name: Make it a member
  mitlab.pixel.canary:
    state: passed
    pool: drone
    release: 1.4.0
    lease_table: pixel-leases

- name: Leave no canary behind
  mitlab.pixel.canary:
    state: absent
    pool: drone
    lease_table: pixel-leases
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode, in short sentences.
  returned: always
  type: list
  elements: str
  sample: ["started a canary of 1.4.0 in us-east-2a: i-0123456789abcdef0"]
instance_id:
  description: The canary's id; null in check mode.
  returned: when O(state=started)
  type: str
  sample: i-0123456789abcdef0
address:
  description: Its public address; null in check mode.
  returned: when O(state=started)
  type: str
  sample: 198.51.100.7
token:
  description:
    - The token with which a player comes in while the canary's lease lives; empty without O(lease_table).
    - It opens the canary alone, and is worth nothing afterwards.
  returned: when O(state=started)
  type: str
terminated:
  description: Ids of the canaries that were terminated.
  returned: always
  type: list
  elements: str
"""

import time
from collections.abc import Sequence
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.mitlab.pixel.plugins.module_utils import canary_lease
from ansible_collections.mitlab.pixel.plugins.module_utils import ec2 as ec2_api
from ansible_collections.mitlab.pixel.plugins.module_utils.aws import Client, client
from ansible_collections.mitlab.pixel.plugins.module_utils.canary_run import (
    Trial,
    launch_canary,
    make_member,
    on_trial,
    pool_members,
    until_running,
)
from ansible_collections.mitlab.pixel.plugins.module_utils.ec2_templates import versions_of
from ansible_collections.mitlab.pixel.plugins.module_utils.errors import PixelError
from ansible_collections.mitlab.pixel.plugins.module_utils.members import CANARY_TAG, PASSED, Member
from ansible_collections.mitlab.pixel.plugins.module_utils.options import LEASE_TABLE, POOL, wait_timeout
from ansible_collections.mitlab.pixel.plugins.module_utils.runner import need, run_module
from ansible_collections.mitlab.pixel.plugins.module_utils.waiting import Deadline


def terminate(module: AnsibleAWSModule, ec2: Client, canaries: Sequence[Member]) -> dict[str, Any]:
    """Terminate canaries and end their leases, or say that it would be done."""
    ids = [canary.instance_id for canary in canaries]
    if ids and not module.check_mode:
        ec2_api.terminate_instances(ec2, ids)
        give_back(module, ids)
    said = [f"terminated the canary {canary.instance_id} of {canary.release}" for canary in canaries]
    return {"changed": bool(ids), "changes": said, "terminated": ids}


def give_back(module: AnsibleAWSModule, ids: Sequence[str]) -> None:
    """End the canaries' leases, if there is a lease table."""
    if module.params["lease_table"]:
        canary_lease.give_back(client(module, "dynamodb"), module.params["lease_table"], ids)


def started(module: AnsibleAWSModule, ec2: Client, members: Sequence[Member]) -> dict[str, Any]:
    """Terminate what earlier runs have left, and start a canary."""
    params = module.params
    need(params["subnets"], "subnets", "name at least one subnet to launch the canary in")
    pool, release, table = params["pool"], params["release"], params["lease_table"]
    template = versions_of(ec2, params["launch_template"])
    template.version_for(release)
    trial = Trial(pool, release, template, ec2_api.subnet_zones(ec2, params["subnets"]))
    result = terminate(module, ec2, on_trial(members))
    if module.check_mode:
        said = [*result["changes"], f"started a canary of {release}"]
        return {**result, "changed": True, "changes": said, "instance_id": None, "address": None, "token": ""}
    canary = launch_canary(ec2, trial, members)
    token = ""
    if table:
        lease = canary_lease.CanaryLease(canary.instance_id, pool, canary.zone, params["lease_seconds"])
        token = canary_lease.claim(client(module, "dynamodb"), table, lease, time.time())
    canary = until_running(ec2, pool, canary, Deadline(params["wait_timeout"]))
    return {
        **result,
        "changed": True,
        "changes": [*result["changes"], f"started a canary of {release} in {canary.zone}: {canary.instance_id}"],
        "instance_id": canary.instance_id,
        "address": canary.address,
        "token": token,
    }


def passed(module: AnsibleAWSModule, ec2: Client, members: Sequence[Member]) -> dict[str, Any]:
    """Make the release's canary a member.

    Raises:
        PixelError: there is none, and none has passed before.
    """
    release = module.params["release"]
    canaries = [canary for canary in on_trial(members) if canary.release == release]
    if not canaries:
        if any(one.release == release and one.tags.get(CANARY_TAG) == PASSED and not one.gone for one in members):
            return {"changed": False, "changes": [], "terminated": []}
        raise PixelError(f"release {release} has no canary that could have passed: start one with state=started")
    if not module.check_mode:
        make_member(ec2, module.params["pool"], canaries, Deadline(module.params["wait_timeout"]))
        give_back(module, [canary.instance_id for canary in canaries])
    said = [f"stopped the canary {canary.instance_id}: now it is a member of {release}" for canary in canaries]
    return {"changed": True, "changes": said, "terminated": []}


def run(module: AnsibleAWSModule) -> dict[str, Any]:
    """Observe, and do what the state asks for."""
    need(module.params["pool"], "pool", "give the pool's name")
    ec2 = client(module, "ec2")
    members = pool_members(ec2, module.params["pool"])
    if module.params["state"] == "started":
        result = started(module, ec2, members)
    elif module.params["state"] == "passed":
        result = passed(module, ec2, members)
    else:
        result = terminate(module, ec2, on_trial(members))
    if module._diff:
        before = {canary.instance_id: canary.state for canary in on_trial(members)}
        after = {"canary": module.params["state"]} if result["changed"] else before
        result["diff"] = {"before": before, "after": after}
    return result


def main() -> None:
    run_module(
        run,
        argument_spec={
            "state": {"type": "str", "choices": ["started", "passed", "absent"], "required": True},
            "pool": POOL,
            "release": {"type": "str"},
            "launch_template": {"type": "str"},
            "subnets": {"type": "list", "elements": "str", "default": []},
            "lease_table": LEASE_TABLE,
            "lease_seconds": {"type": "int", "default": 1800},
            "wait_timeout": wait_timeout(900),
        },
        required_if=[
            ("state", "started", ["release", "launch_template"]),
            ("state", "passed", ["release"]),
        ],
    )


if __name__ == "__main__":
    main()
