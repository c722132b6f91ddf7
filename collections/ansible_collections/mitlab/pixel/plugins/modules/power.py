#!/usr/bin/python
# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: power
version_added: 0.1.0
short_description: Start or stop members by tag
description:
  - Starts or stops all members that carry the given tags, in batches.
  - Leased members are not stopped. Members that are already in the state, or on the way to it, need nothing. Members
    on the way to the opposite state cannot be turned round, and are left to the next run.
options:
  state:
    description: The state to bring the members to.
    type: str
    choices: [started, stopped]
    required: true
  tags:
    description: Tags that the members carry, all of them. At least one.
    type: dict
    required: true
  exempt_tags:
    description: Members that carry one of these tags are left alone.
    type: dict
    default: {}
  releases:
    description: Only members of these releases; all by default.
    type: list
    elements: str
    default: []
  wait_timeout:
    description: How many seconds to wait.
    type: int
    default: 900
extends_documentation_fragment:
  - mitlab.pixel.options
  - mitlab.pixel.options.changes
  - mitlab.pixel.options.lease_table
  - mitlab.pixel.options.wait
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Stop what was forgotten
  mitlab.pixel.power:
    state: stopped
    tags:
      pixel:pool: drone
    exempt_tags:
      pixel:keep-running: "true"
    lease_table: pixel-leases
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode, in short sentences.
  returned: always
  type: list
  elements: str
  sample: ["stopped 3 members of 1.1.0 in us-east-2a"]
started:
  description: Ids of the members that were started.
  returned: always
  type: list
  elements: str
stopped:
  description: Ids of the members that were stopped.
  returned: always
  type: list
  elements: str
kept:
  description: Members that are not in the state and were left alone, with the reason.
  returned: always
  type: dict
  sample: {"i-0123456789abcdef0": "leased by session 5f2c"}
"""

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.mitlab.pixel.plugins.module_utils import ec2 as ec2_api
from ansible_collections.mitlab.pixel.plugins.module_utils.aws import Client, client
from ansible_collections.mitlab.pixel.plugins.module_utils.errors import PixelError
from ansible_collections.mitlab.pixel.plugins.module_utils.leases import leases_of
from ansible_collections.mitlab.pixel.plugins.module_utils.members import TagFilter, changes_by_zone
from ansible_collections.mitlab.pixel.plugins.module_utils.options import LEASE_TABLE, WAIT, wait_timeout
from ansible_collections.mitlab.pixel.plugins.module_utils.power_plan import TARGET, Desired, PowerPlan, plan_power
from ansible_collections.mitlab.pixel.plugins.module_utils.runner import run_module
from ansible_collections.mitlab.pixel.plugins.module_utils.waiting import Deadline


def late_members(
    ec2: Client, filters: list[dict[str, Any]], ids: Iterable[str], state: str, timeout: float
) -> dict[str, str]:
    """Wait until members are in a state; return those that are not after the timeout, with their state.

    One that is terminated meanwhile is waited for no longer.
    """
    late = dict.fromkeys(ids, "unknown")
    for _poll in Deadline(timeout).polls() if late else ():
        members = ec2_api.describe_members(ec2, filters)
        states = {member.instance_id: member.state for member in members if not member.gone}
        late = {one: states[one] for one in late if states.get(one, state) != state}
        if not late:
            break
    return late


def result(plan: PowerPlan, refused: Mapping[str, str], state: Desired, diff: bool) -> dict[str, Any]:
    """Return what the module reports; `refused` are members that could not be changed, with the reason."""
    changed = [member for member in plan.changes if member.instance_id not in refused]
    ids = [member.instance_id for member in changed]
    report: dict[str, Any] = {
        "changed": bool(changed),
        "changes": changes_by_zone(state, changed),
        "started": ids if state == "started" else [],
        "stopped": ids if state == "stopped" else [],
        "kept": {**plan.kept, **refused},
    }
    if diff:
        report["diff"] = {
            "before": {member.instance_id: member.state for member in changed},
            "after": dict.fromkeys(ids, TARGET[state]),
        }
    return report


def run(module: AnsibleAWSModule) -> dict[str, Any]:
    """Observe, plan, apply."""
    params = module.params
    state = params["state"]
    filters = ec2_api.tag_filters({key: str(value) for key, value in params["tags"].items()})
    exempt = TagFilter({key: str(value) for key, value in params["exempt_tags"].items()})
    leases = leases_of(module, params["lease_table"])
    ec2 = client(module, "ec2")

    members = ec2_api.describe_members(ec2, filters)
    # Draining tells who is in use, and no read before it could be relied on.
    in_use = leases.in_use() if module.check_mode and state == "stopped" else {}
    plan = plan_power(members, state, exempt, in_use, params["releases"])
    if module.check_mode:
        return result(plan, {}, state, module._diff)

    refused = ec2_api.start_instances(ec2, plan.start)
    refused |= leases.drain(plan.stop)
    unused = [member.instance_id for member in plan.stop if member.instance_id not in refused]
    refused |= ec2_api.stop_instances(ec2, unused)
    report = result(plan, refused, state, module._diff)
    if params["wait"]:
        ids = {member.instance_id for member in (*plan.changes, *plan.wait_for)} - refused.keys()
        late = late_members(ec2, filters, sorted(ids), TARGET[state], params["wait_timeout"])
        if late:
            shown = ", ".join(f"{one} is {its_state}" for one, its_state in list(late.items())[:5])
            raise PixelError(
                f"{len(late)} of {len(ids)} members are not {TARGET[state]} after wait_timeout "
                f"({params['wait_timeout']} s): {shown}: run again, or raise wait_timeout",
                report,
            )
    return report


def main() -> None:
    run_module(
        run,
        argument_spec={
            "state": {"type": "str", "choices": ["started", "stopped"], "required": True},
            "tags": {"type": "dict", "required": True},
            "exempt_tags": {"type": "dict", "default": {}},
            "releases": {"type": "list", "elements": "str", "default": []},
            "lease_table": LEASE_TABLE,
            "wait": WAIT,
            "wait_timeout": wait_timeout(900),
        },
    )


if __name__ == "__main__":
    main()
