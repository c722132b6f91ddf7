#!/usr/bin/python
# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: hot_members
version_added: 0.2.0
short_description: Have members run and wait for a class that is about to begin
description:
  - Holds members of a pool for a class, and starts them. A held member runs without a lease. Until its hold passes
    nobody stops it, neither it itself, nor the reconciler, nor M(mitlab.pixel.power) or M(mitlab.pixel.fleet). Whoever
    wakes a machine gets a held one first, ready at once. After that those that nobody has claimed stop by themselves.
  - Members that were claimed count, so that a repeat holds no others in their place. One that has been used and has
    stopped since is started again.
  - Running members are held first, then the newest release, spread over availability zones. Where a zone has no
    capacity, the others fill in.
  - The number of calls to AWS grows with batches, not with members. A repeat changes nothing.
options:
  holds:
    description: The classes of the pool that members are held for. Holds of others are left alone.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The name of the class.
        type: str
        required: true
      count:
        description: How many members are held for it. V(0) lets those go that nobody has claimed.
        type: int
        required: true
      until:
        description: When the hold passes by itself, in epoch seconds.
        type: float
        required: true
  lease_table:
    description: The DynamoDB table that says who has leased which member.
    type: str
    required: true
  wait:
    description: Whether to wait until the held members have said that they are ready, or have been claimed.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait.
    type: int
    default: 900
extends_documentation_fragment:
  - mitlab.pixel.options
  - mitlab.pixel.options.changes
  - mitlab.pixel.options.pool
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Twelve machines for the exam, until a quarter past ten
  mitlab.pixel.hot_members:
    pool: drone
    holds:
      - name: exam
        count: 12
        until: "{{ ('2026-11-24 10:15:00' | ansible.builtin.to_datetime).timestamp() }}"
    lease_table: pixel-leases

- name: The exam is cancelled
  mitlab.pixel.hot_members:
    pool: drone
    holds:
      - name: exam
        count: 0
        until: 0
    lease_table: pixel-leases
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode, in short sentences.
  returned: always
  type: list
  elements: str
  sample: ["held 12 members for robotics", "started 4 members of 1.1.0 in us-east-2a"]
held:
  description: Ids of the members that are held, by class; also those that somebody has claimed.
  returned: always
  type: dict
  sample: {"robotics": ["i-0123456789abcdef0"]}
hot:
  description: How many of them run and wait, or are claimed, by class.
  returned: always
  type: dict
  sample: {"robotics": 1}
started:
  description: Ids of the members that were started.
  returned: always
  type: list
  elements: str
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.mitlab.pixel.plugins.module_utils import ec2 as ec2_api
from ansible_collections.mitlab.pixel.plugins.module_utils.aws import client
from ansible_collections.mitlab.pixel.plugins.module_utils.errors import PixelError
from ansible_collections.mitlab.pixel.plugins.module_utils.holds import read_items
from ansible_collections.mitlab.pixel.plugins.module_utils.hot_apply import Foreseen, OnAws, Outcome, bring_about
from ansible_collections.mitlab.pixel.plugins.module_utils.hot_plan import UNKNOWN, Known, Pool, Target
from ansible_collections.mitlab.pixel.plugins.module_utils.members import POOL_TAG
from ansible_collections.mitlab.pixel.plugins.module_utils.options import POOL, WAIT, wait_timeout
from ansible_collections.mitlab.pixel.plugins.module_utils.runner import need, run_module
from ansible_collections.mitlab.pixel.plugins.module_utils.waiting import Deadline


def read_targets(holds: list[dict[str, Any]], now: float) -> list[Target]:
    """Return what is wanted.

    Raises:
        PixelError: a hold cannot be meant.
    """
    targets = [Target(hold["name"], hold["count"], hold["until"]) for hold in holds]
    for target in targets:
        need(target.purpose, "holds: name", "give the class's name")
        if target.count < 0:
            raise PixelError(f"holds: count of {target.purpose} is {target.count}: give 0 to let go, or a number")
        if target.count and target.until <= now:
            raise PixelError(
                f"holds: until of {target.purpose} is {target.until:g}, which has passed: give a later time"
            )
        if sum(other.purpose == target.purpose for other in targets) > 1:
            raise PixelError(f"holds: {target.purpose} is there twice: give each class once")
    return targets


def hot_counts(outcome: Outcome, items: Mapping[str, Known]) -> dict[str, int]:
    """Return how many of the held members can be used or are used, by class."""
    known = {one: items.get(one, UNKNOWN) for ids in outcome.held.values() for one in ids}
    return {name: sum(known[one].hot or not known[one].free for one in ids) for name, ids in outcome.held.items()}


def await_hot(outcome: Outcome, look: Callable[[], Mapping[str, Known]], timeout: int) -> dict[str, int]:
    """Wait until all held members can be used; return how many of each class can.

    Raises:
        PixelError: some cannot in time.
    """
    wanted = {name: len(ids) for name, ids in outcome.held.items()}
    hot = hot_counts(outcome, look())
    for _poll in Deadline(timeout).polls() if hot != wanted else ():
        hot = hot_counts(outcome, look())
        if hot == wanted:
            break
    if hot != wanted:
        late = ", ".join(f"{hot[name]} of {count} of {name}" for name, count in wanted.items() if hot[name] != count)
        raise PixelError(
            f"held members are not ready after wait_timeout ({timeout} s): {late}; run again, raise wait_timeout, or "
            f"look at a member's service"
        )
    return hot


def run(module: AnsibleAWSModule) -> dict[str, Any]:
    """Observe, plan, apply."""
    params, now = module.params, time.time()
    pool_name, table = params["pool"], params["lease_table"]
    need(pool_name, "pool", "give the pool's name")
    need(table, "lease_table", "give the table of the wake function: holds are kept there")
    targets = read_targets(params["holds"], now)

    ec2, dynamodb = client(module, "ec2"), client(module, "dynamodb")
    described = ec2_api.describe_members(ec2, ec2_api.tag_filters({POOL_TAG: pool_name}))
    members = [member for member in described if not (member.gone or member.on_trial)]
    ids = [member.instance_id for member in members]
    known = read_items(dynamodb, table, ids, now)
    pool = Pool(members, dict(known))
    before = {
        target.purpose: [one for one in ids if known.get(one, UNKNOWN).held_for == target.purpose] for target in targets
    }
    actions = Foreseen() if module.check_mode else OnAws(ec2, dynamodb, table, now)
    outcome = bring_about(pool, targets, actions)
    changes = outcome.sentences()
    report: dict[str, Any] = {
        "changed": bool(changes),
        "changes": changes,
        "held": outcome.held,
        "hot": hot_counts(outcome, known),
        "started": [] if module.check_mode else [member.instance_id for member in outcome.started],
    }
    if module._diff:
        report["diff"] = {"before": before, "after": outcome.held}
    if problems := outcome.problems(pool):
        raise PixelError("; ".join(problems), report)
    if params["wait"] and not module.check_mode:
        report["hot"] = await_hot(
            outcome, lambda: read_items(dynamodb, table, ids, time.time()), params["wait_timeout"]
        )
    return report


def main() -> None:
    run_module(
        run,
        argument_spec={
            "pool": POOL,
            "holds": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "count": {"type": "int", "required": True},
                    "until": {"type": "float", "required": True},
                },
            },
            "lease_table": {"type": "str", "required": True},
            "wait": WAIT,
            "wait_timeout": wait_timeout(900),
        },
    )


if __name__ == "__main__":
    main()
