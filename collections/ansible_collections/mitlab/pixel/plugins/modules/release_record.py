#!/usr/bin/python
# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: release_record
version_added: 0.1.0
short_description: Write down what became of a release
description:
  - Keeps a record of who did what with a release, when, with which image, and how it ended; as the parameter
    C(/pixel/<pool>/releases/<release>) of the Systems Manager's Parameter Store.
  - The parameter's history has the earlier records, the newest 100 of them. M(mitlab.pixel.release_info) lists them.
  - Who it was comes from the Security Token Service. So nobody can write a record in someone else's name by a slip.
options:
  release:
    description: The release.
    type: str
    required: true
  outcome:
    description: What became of it.
    type: str
    choices: [released, failed, rolled back]
    required: true
  image_id:
    description: Its image. Without it, the last record's.
    type: str
  git_commit:
    description: The commit that its image was built from. Without it, the last record's.
    type: str
  why:
    description: Why it failed, or what it was rolled back to. It is cut after 1,000 characters.
    type: str
    default: ""
  again:
    description: Whether to write a record also when the last one says the same, since it was done once more.
    type: bool
    default: false
extends_documentation_fragment:
  - mitlab.pixel.options
  - mitlab.pixel.options.changes
  - mitlab.pixel.options.pool
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Release 1.4.0 is in service
  mitlab.pixel.release_record:
    pool: drone
    release: 1.4.0
    outcome: released
    image_id: ami-0123456789abcdef0
"""

RETURN = r"""
changes:
  description: What was written, or would be in check mode, in short sentences.
  returned: always
  type: list
  elements: str
  sample: ["recorded release 1.4.0 as released"]
record:
  description: The release's last record, as M(mitlab.pixel.release_info) returns it; C(by) is empty in check mode.
  returned: always
  type: dict
"""

from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.mitlab.pixel.plugins.module_utils import release_records
from ansible_collections.mitlab.pixel.plugins.module_utils.aws import client
from ansible_collections.mitlab.pixel.plugins.module_utils.errors import PixelError
from ansible_collections.mitlab.pixel.plugins.module_utils.options import POOL
from ansible_collections.mitlab.pixel.plugins.module_utils.release_records import Record
from ansible_collections.mitlab.pixel.plugins.module_utils.releases import is_release
from ansible_collections.mitlab.pixel.plugins.module_utils.runner import need, run_module


def wanted(params: dict[str, Any], last: Record | None) -> Record:
    """Return the record to write, but for who writes it."""
    return Record(
        release=params["release"],
        outcome=params["outcome"],
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        by="",
        image_id=params["image_id"] or (last.image_id if last else ""),
        git_commit=params["git_commit"] or (last.git_commit if last else ""),
        why=release_records.shortened(params["why"]),
    )


def run(module: AnsibleAWSModule) -> dict[str, Any]:
    """Read the last record, and write another if it says something else."""
    params = module.params
    pool, release = params["pool"], params["release"]
    need(pool, "pool", "give the pool's name")
    if not is_release(release):
        raise PixelError(f"release is '{release}': give SemVer without a leading v, such as 1.4.0")
    ssm = client(module, "ssm")
    last = release_records.last_records(ssm, pool, release).get(release)
    record = wanted(params, last)
    changed = params["again"] or not record.says_the_same(last)
    if not changed and last:
        record = last
    elif not module.check_mode:
        record = replace(record, by=release_records.caller(client(module, "sts")))
        release_records.write(ssm, pool, record)
    result: dict[str, Any] = {
        "changed": changed,
        "changes": [f"recorded release {release} as {record.outcome}"] if changed else [],
        "record": asdict(record),
    }
    if module._diff:
        result["diff"] = {"before": asdict(last) if last else {}, "after": asdict(record)}
    return result


def main() -> None:
    run_module(
        run,
        argument_spec={
            "pool": POOL,
            "release": {"type": "str", "required": True},
            "outcome": {"type": "str", "choices": ["released", "failed", "rolled back"], "required": True},
            "image_id": {"type": "str"},
            "git_commit": {"type": "str"},
            "why": {"type": "str", "default": ""},
            "again": {"type": "bool", "default": False},
        },
    )


if __name__ == "__main__":
    main()
