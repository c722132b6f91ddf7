#!/usr/bin/python
# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: launch_template
version_added: 0.1.0
short_description: Publish a release as a launch template version
description:
  - Keeps one version of a launch template for each release; the version's description is the release.
  - Contents are compared after normalising, so the order of tags and groups makes no new version.
    Going back to an older release makes none either, it only moves the default.
  - A release that was published with other contents is refused, with what differs.
  - Members use IMDSv2 only, see their tags in the instance metadata, and stop when their system shuts down.
options:
  name:
    description: Name of the launch template.
    type: str
    required: true
  state:
    description:
      - V(present) publishes O(release).
      - V(absent) withdraws O(release), by deleting its version, unless that is the default among others. Without
        O(release), or when it is the only version, the launch template is deleted.
    type: str
    choices: [present, absent]
    default: present
  release:
    description:
      - The release, as SemVer without a leading v. Required when O(state=present).
    type: str
  image_id:
    description:
      - The release's image. It must be available.
      - Leave it out to go back to a release that has a version already; then its contents are left as they are.
    type: str
  instance_type:
    description: Type of the members.
    type: str
    default: g4dn.xlarge
  security_group_ids:
    description: Security groups of the members.
    type: list
    elements: str
    default: []
  iam_instance_profile:
    description: Name or ARN of the members' instance profile.
    type: str
  key_name:
    description: Key pair of the members.
    type: str
  root_volume:
    description: The root volume. What is left out is as in the image.
    type: dict
    suboptions:
      size:
        description: Size in GiB.
        type: int
      type:
        description: Type of the volume.
        type: str
        default: gp3
      iops:
        description: Operations per second.
        type: int
      throughput:
        description: Throughput in MiB/s.
        type: int
      encrypted:
        description: Whether it is encrypted.
        type: bool
  user_data:
    description: What the members run at their first boot, as plain text.
    type: str
  instance_tags:
    description:
      - Tags of the members and their volumes, besides C(pixel:pool), C(pixel:release) and C(Name).
    type: dict
    default: {}
  tags:
    description:
      - Tags of the launch template itself, besides C(pixel:pool). Others that it has are left alone.
    type: dict
    default: {}
  default:
    description: Whether the release becomes the launch template's default version.
    type: bool
    default: true
  keep:
    description:
      - How many of the newest versions to keep. The default version, and versions that instances were launched from,
        are kept besides. Versions whose description is no release are left alone.
    type: int
    default: 5
extends_documentation_fragment:
  - mitlab.pixel.options
  - mitlab.pixel.options.changes
  - mitlab.pixel.options.pool
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Publish release 1.4.0
  mitlab.pixel.launch_template:
    name: pixel-drone
    pool: drone
    release: 1.4.0
    image_id: ami-0123456789abcdef0
    security_group_ids: [sg-0123456789abcdef0]
    root_volume:
      size: 100

- name: Withdraw a release that was never put into service
  mitlab.pixel.launch_template:
    name: pixel-drone
    pool: drone
    release: 1.4.0
    state: absent

- name: Go back to release 1.3.0
  mitlab.pixel.launch_template:
    name: pixel-drone
    pool: drone
    release: 1.3.0
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode, in short sentences.
  returned: always
  type: list
  elements: str
  sample: ["published release 1.4.0 as a new version of pixel-drone"]
created_version:
  description: Whether a version was made.
  returned: when O(state=present)
  type: bool
deleted_versions:
  description: The old versions that were deleted.
  returned: when O(state=present)
  type: list
  elements: dict
  sample: [{"number": 1, "release": "1.0.0"}]
default_before:
  description: The release of the default version as it was found; null when there was none.
  returned: when O(state=present)
  type: str
  sample: 1.3.0
launch_template:
  description: The launch template; null when there is none.
  returned: always
  type: dict
  contains:
    id:
      description: Its id; null in check mode before it exists.
      type: str
      sample: lt-0123456789abcdef0
    name:
      description: Its name.
      type: str
      sample: pixel-drone
    default_version:
      description: Number of the default version.
      type: int
      sample: 4
    latest_version:
      description: Number of the newest version.
      type: int
      sample: 4
    releases:
      description: The releases that have a version, from old to new.
      type: list
      elements: str
      sample: ["1.3.0", "1.4.0"]
version:
  description: The release's version.
  returned: when O(state=present)
  type: dict
  contains:
    number:
      description: Its number.
      type: int
      sample: 4
    release:
      description: The release.
      type: str
      sample: 1.4.0
    image_id:
      description: Its image.
      type: str
      sample: ami-0123456789abcdef0
"""

from dataclasses import replace
from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.mitlab.pixel.plugins.module_utils import ec2_templates
from ansible_collections.mitlab.pixel.plugins.module_utils.aws import Client, client
from ansible_collections.mitlab.pixel.plugins.module_utils.ec2_images import launchable_image
from ansible_collections.mitlab.pixel.plugins.module_utils.errors import PixelError
from ansible_collections.mitlab.pixel.plugins.module_utils.launch_template_apply import apply, foreseen
from ansible_collections.mitlab.pixel.plugins.module_utils.launch_template_plan import (
    Template,
    TemplateRequest,
    plan_template,
    sentences,
    superfluous,
    withdraw,
)
from ansible_collections.mitlab.pixel.plugins.module_utils.members import POOL_TAG
from ansible_collections.mitlab.pixel.plugins.module_utils.options import POOL
from ansible_collections.mitlab.pixel.plugins.module_utils.releases import is_release
from ansible_collections.mitlab.pixel.plugins.module_utils.runner import need, run_module
from ansible_collections.mitlab.pixel.plugins.module_utils.template_data import MemberTemplate, RootVolume


def request_from(params: dict[str, Any]) -> TemplateRequest:
    """Return what the options ask for.

    Raises:
        PixelError: the release is no SemVer name, or keep is below one.
    """
    release = params["release"]
    if not is_release(release):
        raise PixelError(f"release is '{release}': give SemVer without a leading v, such as 1.4.0")
    if params["keep"] < 1:
        raise PixelError(f"keep is {params['keep']}: keep at least 1 version")
    contents = None
    if params["image_id"]:
        root_volume = params["root_volume"]
        contents = MemberTemplate(
            pool=params["pool"],
            release=release,
            image_id=params["image_id"],
            instance_type=params["instance_type"],
            security_group_ids=params["security_group_ids"],
            iam_instance_profile=params["iam_instance_profile"],
            key_name=params["key_name"],
            root_volume=RootVolume(**root_volume) if root_volume else None,
            user_data=params["user_data"],
            tags={key: str(value) for key, value in params["instance_tags"].items()},
        )
    return TemplateRequest(
        name=params["name"],
        pool=params["pool"],
        release=release,
        contents=contents,
        make_default=params["default"],
        keep=params["keep"],
        tags={key: str(value) for key, value in params["tags"].items()},
    )


def template_result(template: Template | None) -> dict[str, Any] | None:
    """Return the launch template as the module reports it."""
    if template is None:
        return None
    return {
        "id": template.template_id or None,
        "name": template.name,
        "default_version": template.default,
        "latest_version": template.latest,
        "releases": template.releases(),
    }


def present(module: AnsibleAWSModule, ec2: Client) -> dict[str, Any]:
    """Publish the release, or go back to it."""
    request = request_from(module.params)
    template = ec2_templates.find_template(ec2, request.name)
    plan = plan_template(request, template)
    data: dict[str, Any] = {}
    if plan.publish:
        data = plan.publish.data(launchable_image(ec2, plan.publish.image_id).root_device)
    after = foreseen(request, plan, template, data)
    if superfluous(after, request.keep):
        plan = replace(plan, delete=superfluous(after, request.keep, ec2_templates.versions_in_use(ec2, after)))
    if plan.changed and not module.check_mode:
        made = apply(ec2, request, plan, template, data)
        if made is None:
            return present(module, ec2)
        after = made
    after = replace(after, versions=tuple(v for v in after.versions if v not in plan.delete))
    version = after.version_for(request.release)
    result = {
        "changed": plan.changed,
        "changes": sentences(request, plan),
        "launch_template": template_result(after),
        "version": {"number": version.number, "release": version.release, "image_id": version.data.get("ImageId")},
        "default_before": template.default_release() if template else None,
        "created_version": plan.publish is not None,
        "deleted_versions": [{"number": old.number, "release": old.release} for old in plan.delete],
    }
    return with_diff(module, result, template)


def absent(module: AnsibleAWSModule, ec2: Client) -> dict[str, Any]:
    """Withdraw a release, or delete the launch template, if it is the pool's."""
    name, pool, release = module.params["name"], module.params["pool"], module.params["release"]
    template = ec2_templates.find_template(ec2, name)
    if template and template.tags.get(POOL_TAG) != pool:
        raise PixelError(f"launch template {name} does not carry the tag {POOL_TAG}={pool}: set name or pool to fit")
    withdrawn = withdraw(template, release) if template and release else ()
    if template and release and len(withdrawn) < len(template.versions):
        if withdrawn and not module.check_mode:
            ec2_templates.delete_versions(ec2, template, withdrawn)
        left = replace(template, versions=tuple(one for one in template.versions if one not in withdrawn))
        changes = [f"withdrew release {release} from {name}"] if withdrawn else []
        result = {"changed": bool(withdrawn), "changes": changes, "launch_template": template_result(left)}
        return with_diff(module, result, template)
    if template and not module.check_mode:
        ec2_templates.delete_template(ec2, template)
    changes = [f"deleted launch template {name}"] if template else []
    return with_diff(module, {"changed": bool(template), "changes": changes, "launch_template": None}, template)


def with_diff(module: AnsibleAWSModule, result: dict[str, Any], before: Template | None) -> dict[str, Any]:
    """Add the diff, if asked for."""
    if not module._diff:
        return result
    return {**result, "diff": {"before": template_result(before) or {}, "after": result["launch_template"] or {}}}


def run(module: AnsibleAWSModule) -> dict[str, Any]:
    """Observe, plan, apply."""
    need(module.params["pool"], "pool", "give the pool's name")
    need(module.params["name"], "name", "give the launch template's name")
    ec2 = client(module, "ec2")
    return present(module, ec2) if module.params["state"] == "present" else absent(module, ec2)


def main() -> None:
    run_module(
        run,
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "pool": POOL,
            "release": {"type": "str"},
            "image_id": {"type": "str"},
            "instance_type": {"type": "str", "default": "g4dn.xlarge"},
            "security_group_ids": {"type": "list", "elements": "str", "default": []},
            "iam_instance_profile": {"type": "str"},
            "key_name": {"type": "str", "no_log": False},
            "root_volume": {
                "type": "dict",
                "options": {
                    "size": {"type": "int"},
                    "type": {"type": "str", "default": "gp3"},
                    "iops": {"type": "int"},
                    "throughput": {"type": "int"},
                    "encrypted": {"type": "bool"},
                },
            },
            "user_data": {"type": "str"},
            "instance_tags": {"type": "dict", "default": {}},
            "tags": {"type": "dict", "default": {}},
            "default": {"type": "bool", "default": True},
            "keep": {"type": "int", "default": 5},
        },
        required_if=[("state", "present", ["release"])],
    )


if __name__ == "__main__":
    main()
