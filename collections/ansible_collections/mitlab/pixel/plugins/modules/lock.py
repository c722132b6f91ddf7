#!/usr/bin/python
# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: lock
version_added: 0.1.0
short_description: Take a lock, or let go of it
description:
  - Sees to it that of several runs one at a time does something.
  - A lock is an item of the lease table, C(lock#<name>), taken with one conditional write. It ends by itself, so
    that a run that was killed cannot hold it for ever.
options:
  name:
    description: The lock's name.
    type: str
    required: true
  owner:
    description:
      - Who takes the lock, and lets go of it. Different for each run.
      - Others are told it while they wait in vain. So it should say where the run is, too.
    type: str
    required: true
  state:
    description:
      - V(held) takes the lock, or prolongs the owner's own hold.
      - V(free) lets go of it, if the owner holds it.
    type: str
    choices: [held, free]
    default: held
  table:
    description: The lease table.
    type: str
    required: true
  seconds:
    description:
      - After how many seconds the hold ends by itself.
      - Longer than what is done under the lock can take.
    type: int
    default: 900
  wait_timeout:
    description: How many seconds to wait for another owner to let go.
    type: int
    default: 0
extends_documentation_fragment:
  - mitlab.pixel.options
  - mitlab.pixel.options.changes
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Be the only one who orders certificates
  mitlab.pixel.lock:
    name: certificate
    owner: "{{ lookup('ansible.builtin.pipe', 'hostname') }} {{ now(utc=true).isoformat() }}"
    table: pixel-leases
    wait_timeout: 960
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode, in short sentences.
  returned: always
  type: list
  elements: str
  sample: ["took the lock certificate"]
held_until:
  description: When the hold ends by itself, in epoch seconds.
  returned: when O(state=held)
  type: float
  sample: 1795516200.0
"""

import time
from datetime import UTC, datetime
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.mitlab.pixel.plugins.module_utils.aws import Client, client
from ansible_collections.mitlab.pixel.plugins.module_utils.errors import PixelError
from ansible_collections.mitlab.pixel.plugins.module_utils.locks import Hold, let_go, take
from ansible_collections.mitlab.pixel.plugins.module_utils.options import wait_timeout
from ansible_collections.mitlab.pixel.plugins.module_utils.runner import need, run_module
from ansible_collections.mitlab.pixel.plugins.module_utils.waiting import Deadline


def take_patiently(dynamodb: Client, params: dict[str, Any]) -> Hold:
    """Take the lock, waiting for another owner if need be.

    Raises:
        PixelError: the other has not let go in time.
    """
    deadline = Deadline(params["wait_timeout"])
    hold = attempt(dynamodb, params)
    polls = deadline.polls()
    while hold.owner != params["owner"]:
        try:
            next(polls)
        except StopIteration:
            raise PixelError(
                f"the lock {hold.name} is held by '{hold.owner}' until {at(hold.until)}: another run is at work, or "
                f"was killed; run again when it has ended, or after that time, or raise wait_timeout"
            ) from None
        hold = attempt(dynamodb, params)
    return hold


def attempt(dynamodb: Client, params: dict[str, Any]) -> Hold:
    """Try once; return who holds the lock now."""
    now = time.time()
    return take(dynamodb, params["table"], Hold(params["name"], params["owner"], now + params["seconds"]), now)


def at(moment: float) -> str:
    """Return an epoch time as people read it."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def run(module: AnsibleAWSModule) -> dict[str, Any]:
    """Take the lock or let go of it."""
    params = module.params
    for option in ("name", "owner", "table"):
        need(params[option], option, "a lock needs a name, an owner and the table it is kept in")
    name, held = params["name"], params["state"] == "held"
    result: dict[str, Any] = {"changed": True, "changes": [f"{'took' if held else 'let go of'} the lock {name}"]}
    if module._diff:
        sides = {"before": "", "after": f"{params['owner']}\n"}
        result["diff"] = sides if held else {"before": sides["after"], "after": sides["before"]}
    if module.check_mode:
        return result
    dynamodb = client(module, "dynamodb")
    if held:
        return {**result, "held_until": take_patiently(dynamodb, params).until}
    if not let_go(dynamodb, params["table"], name, params["owner"]):
        return {"changed": False, "changes": []}
    return result


def main() -> None:
    run_module(
        run,
        argument_spec={
            "name": {"type": "str", "required": True},
            "owner": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["held", "free"], "default": "held"},
            "table": {"type": "str", "required": True},
            "seconds": {"type": "int", "default": 900},
            "wait_timeout": wait_timeout(0),
        },
    )


if __name__ == "__main__":
    main()
