#!/usr/bin/python
# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: image_prune
version_added: 0.1.0
short_description: Deregister the images of old releases
description:
  - Deregisters a pool's images, and deletes their snapshots, but for those of the newest releases, those that a version
    of one of the pool's launch templates names, and those that an instance was launched from.
options:
  keep:
    description: How many releases, the newest, keep their images.
    type: int
    default: 5
  min_age:
    description: Seconds for which a new image is kept in any case.
    type: int
    default: 0
extends_documentation_fragment:
  - mitlab.pixel.options
  - mitlab.pixel.options.changes
  - mitlab.pixel.options.pool
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Keep the images of three releases, and those in use
  mitlab.pixel.image_prune:
    pool: drone
    keep: 3
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode, in short sentences.
  returned: always
  type: list
  elements: str
  sample: ["deregistered image ami-0123456789abcdef0 of release 1.0.0 with 1 snapshot"]
deleted:
  description: The images that were deregistered.
  returned: always
  type: list
  elements: dict
  contains:
    image_id:
      description: Its id.
      type: str
    release:
      description: Its release.
      type: str
    snapshots:
      description: Its snapshots.
      type: list
      elements: str
kept:
  description: The images that were kept, with the reason.
  returned: always
  type: dict
  sample: {"ami-0123456789abcdef0": "release 1.4.0 is one of the newest 3"}
"""

from datetime import UTC, datetime
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.mitlab.pixel.plugins.module_utils.aws import Client, client
from ansible_collections.mitlab.pixel.plugins.module_utils.ec2 import instances_of_images
from ansible_collections.mitlab.pixel.plugins.module_utils.ec2_images import deregister_image, images_of_pool
from ansible_collections.mitlab.pixel.plugins.module_utils.ec2_templates import templates_of_pool
from ansible_collections.mitlab.pixel.plugins.module_utils.errors import PixelError
from ansible_collections.mitlab.pixel.plugins.module_utils.image_plan import ImagePlan, plan_images
from ansible_collections.mitlab.pixel.plugins.module_utils.members import counted
from ansible_collections.mitlab.pixel.plugins.module_utils.options import POOL
from ansible_collections.mitlab.pixel.plugins.module_utils.runner import need, run_module


def users_of(ec2: Client, pool: str, image_ids: list[str]) -> dict[str, str]:
    """Return what uses each image: a launch template version of the pool, or an instance."""
    users = {
        version.data.get("ImageId", ""): f"version {version.number} of launch template {template.name}"
        for template in templates_of_pool(ec2, pool)
        for version in template.versions
    }
    for member in instances_of_images(ec2, [one for one in image_ids if one not in users]):
        users.setdefault(member.image_id or "", f"instance {member.instance_id}")
    return users


def result(plan: ImagePlan, diff: bool) -> dict[str, Any]:
    """Return what the module reports."""
    report: dict[str, Any] = {
        "changed": bool(plan.delete),
        "changes": [
            f"deregistered image {image.image_id} of release {image.release} with "
            f"{counted(len(image.snapshots), 'snapshot')}"
            for image in plan.delete
        ],
        "deleted": [
            {"image_id": image.image_id, "release": image.release, "snapshots": list(image.snapshots)}
            for image in plan.delete
        ],
        "kept": dict(plan.kept),
    }
    if diff:
        gone = {image.image_id: f"release {image.release}" for image in plan.delete}
        report["diff"] = {"before": gone, "after": {}}
    return report


def run(module: AnsibleAWSModule) -> dict[str, Any]:
    """Observe, plan, apply."""
    params = module.params
    need(params["pool"], "pool", "give the pool's name")
    if params["keep"] < 1:
        raise PixelError(f"keep is {params['keep']}: keep the images of at least 1 release")
    ec2 = client(module, "ec2")
    images = images_of_pool(ec2, params["pool"])
    rule = {"keep": params["keep"], "min_age": params["min_age"], "now": datetime.now(UTC)}
    plan = plan_images(images, in_use={}, **rule)
    if plan.delete:
        users = users_of(ec2, params["pool"], [image.image_id for image in plan.delete])
        plan = plan_images(images, in_use=users, **rule)
    if not module.check_mode:
        for image in plan.delete:
            deregister_image(ec2, image)
    return result(plan, module._diff)


def main() -> None:
    run_module(
        run,
        argument_spec={
            "pool": POOL,
            "keep": {"type": "int", "default": 5},
            "min_age": {"type": "int", "default": 0},
        },
    )


if __name__ == "__main__":
    main()
