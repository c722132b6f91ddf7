#!/usr/bin/python
# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: release_info
version_added: 0.1.0
short_description: List the releases of a pool
description:
  - Returns what there is of each release, which is its images, launch template version, members and last record.
  - Makes three calls to EC2, and one for every ten releases to the Parameter Store, where
    M(mitlab.pixel.release_record) keeps the records.
options:
  launch_template:
    description: Name of the launch template that holds the releases' versions. It may be missing.
    type: str
    required: true
  release:
    description:
      - Read the record of this release alone, in one call.
    type: str
  history:
    description: Whether to return the earlier records too, with one more call for each release that has one.
    type: bool
    default: false
extends_documentation_fragment:
  - mitlab.pixel.options
  - mitlab.pixel.options.reads
  - mitlab.pixel.options.pool
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Which releases are there, and which is in service
  mitlab.pixel.release_info:
    pool: drone
    launch_template: pixel-drone
  register: found
"""

RETURN = r"""
in_service:
  description: The release of the launch template's default version; null when there is none.
  returned: always
  type: str
  sample: 1.3.0
releases:
  description: The releases, from old to new.
  returned: always
  type: list
  elements: dict
  contains:
    release:
      description: Its name.
      type: str
      sample: 1.4.0
    images:
      description: Its images, with C(image_id), C(state) and C(tags).
      type: list
      elements: dict
    verified:
      description: Whether its newest image was verified.
      type: bool
    certificate_expires:
      description: When the certificate ends that its newest image starts with; null when that is not known.
      type: str
      sample: "2027-02-01"
    git_commit:
      description: The commit that its newest image was built from; null when that is not known.
      type: str
    version:
      description: Number of its launch template version; null when it has none.
      type: int
      sample: 4
    default:
      description: Whether that is the default version.
      type: bool
    members:
      description: How many members it has, by state. Canaries that have not passed are none.
      type: dict
      sample: {"running": 1, "stopped": 5}
    size:
      description: How many members it has.
      type: int
      sample: 6
    canaries:
      description: Ids of its canaries that have not passed.
      type: list
      elements: str
    record:
      description: Its last record, as in RV(records); null when it has none, or was not asked for.
      type: dict
records:
  description: All records, newest first.
  returned: when O(history=true)
  type: list
  elements: dict
  contains:
    release:
      description: The release.
      type: str
      sample: 1.4.0
    outcome:
      description: What became of it, C(released), C(failed) or C(rolled back).
      type: str
      sample: released
    at:
      description: When.
      type: str
      sample: "2026-11-24T13:04:05+00:00"
    by:
      description: The ARN of who did it.
      type: str
      sample: arn:aws:sts::123456789012:assumed-role/release/alice
    image_id:
      description: Its image.
      type: str
      sample: ami-0123456789abcdef0
    git_commit:
      description: The commit that the image was built from.
      type: str
    why:
      description: Why it failed, or what it was rolled back to.
      type: str
"""

from dataclasses import asdict
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.mitlab.pixel.plugins.module_utils import ec2 as ec2_api
from ansible_collections.mitlab.pixel.plugins.module_utils import release_records
from ansible_collections.mitlab.pixel.plugins.module_utils.aws import client
from ansible_collections.mitlab.pixel.plugins.module_utils.ec2_images import images_of_pool
from ansible_collections.mitlab.pixel.plugins.module_utils.ec2_templates import versions_if_any
from ansible_collections.mitlab.pixel.plugins.module_utils.members import POOL_TAG
from ansible_collections.mitlab.pixel.plugins.module_utils.options import POOL
from ansible_collections.mitlab.pixel.plugins.module_utils.release_facts import release_facts
from ansible_collections.mitlab.pixel.plugins.module_utils.runner import need, run_module


def run(module: AnsibleAWSModule) -> dict[str, Any]:
    """Observe and report."""
    pool = module.params["pool"]
    need(pool, "pool", "give the pool's name")
    ec2, ssm = client(module, "ec2"), client(module, "ssm")
    template = versions_if_any(ec2, module.params["launch_template"])
    members = ec2_api.describe_members(ec2, ec2_api.tag_filters({POOL_TAG: pool}))
    records = release_records.last_records(ssm, pool, module.params["release"])
    result: dict[str, Any] = {
        "changed": False,
        "in_service": template.default_release() if template else None,
        "releases": release_facts(images_of_pool(ec2, pool), template, members, records),
    }
    if module.params["history"]:
        result["records"] = [asdict(record) for record in release_records.history(ssm, pool, records)]
    return result


def main() -> None:
    run_module(
        run,
        argument_spec={
            "pool": POOL,
            "launch_template": {"type": "str", "required": True},
            "release": {"type": "str"},
            "history": {"type": "bool", "default": False},
        },
    )


if __name__ == "__main__":
    main()
