# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The only place that asks EC2 about launch templates, and changes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

from .aws import Client, batches, pages
from .ec2 import LIVE, describe_members
from .errors import AWS_ERRORS, PixelError, code_of
from .launch_template_plan import DELETE_BATCH, Template, Version
from .members import POOL_TAG, TEMPLATE_VERSION_TAG
from .waiting import Deadline

SHOWN_WITHIN = 3.0
"""Seconds within which EC2 shows a version that it has just made."""
UNKNOWN = frozenset({"InvalidLaunchTemplateName.NotFoundException", "InvalidLaunchTemplateId.NotFound"})
TAKEN = "InvalidLaunchTemplateName.AlreadyExistsException"


def find_template(ec2: Client, name: str) -> Template | None:
    """Return a launch template with all its versions; None when there is none of this name. Two calls."""
    try:
        found = list(pages(ec2.describe_launch_templates, "LaunchTemplates", LaunchTemplateNames=[name]))
    except AWS_ERRORS as error:
        if code_of(error) in UNKNOWN:
            return None
        raise
    return _with_versions(ec2, found[0]) if found else None


def templates_of_pool(ec2: Client, pool: str) -> list[Template]:
    """Return the launch templates that carry the pool's tag, with all their versions."""
    filters = [{"Name": f"tag:{POOL_TAG}", "Values": [pool]}]
    found = pages(ec2.describe_launch_templates, "LaunchTemplates", Filters=filters)
    return [_with_versions(ec2, template) for template in found]


def versions_of(ec2: Client, name: str) -> Template:
    """Return a launch template with its versions, without its tags: one call.

    Raises:
        PixelError: there is no launch template of this name.
    """
    template = versions_if_any(ec2, name)
    if template is None:
        raise PixelError(
            f"launch template {name} does not exist: publish a release with mitlab.pixel.launch_template, "
            f"or set launch_template to a template of this region"
        )
    return template


def versions_if_any(ec2: Client, name: str) -> Template | None:
    """Return a launch template with its versions, without its tags; None when there is none of this name: one call."""
    try:
        found = _versions(ec2, LaunchTemplateName=name)
    except AWS_ERRORS as error:
        if code_of(error) in UNKNOWN:
            return None
        raise
    return Template(
        template_id=found[0]["LaunchTemplateId"],
        name=name,
        default=next(item["VersionNumber"] for item in found if item["DefaultVersion"]),
        latest=max(item["VersionNumber"] for item in found),
        versions=tuple(_version_from(item) for item in found),
    )


def create_template(
    ec2: Client, name: str, release: str, data: Mapping[str, Any], tags: Mapping[str, str]
) -> Template | None:
    """Make a launch template whose first version is the release; None when someone else has just made it.

    Replayable: EC2 allows a name once.
    """
    specification = {
        "ResourceType": "launch-template",
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())],
    }
    try:
        answer = ec2.create_launch_template(
            LaunchTemplateName=name,
            VersionDescription=release,
            LaunchTemplateData=dict(data),
            TagSpecifications=[specification],
            aws_retry=True,
        )
    except AWS_ERRORS as error:
        if code_of(error) == TAKEN:
            return None
        raise
    made = answer["LaunchTemplate"]
    number = made["LatestVersionNumber"]
    return Template(made["LaunchTemplateId"], name, number, number, (Version(number, release, data),), tags)


def create_version(
    ec2: Client, template: Template, release: str, data: Mapping[str, Any], token: Callable[[int], str]
) -> Version:
    """Publish a release as a new version. Replayable by its ClientToken.

    Args:
        token: returns the ClientToken of an attempt. EC2 remembers a token longer than a version that was withdrawn
            meanwhile, and answers with that: so whether the version is there is looked at, and the next token tried.
    """
    for attempt in count():
        answer = ec2.create_launch_template_version(
            LaunchTemplateId=template.template_id,
            VersionDescription=release,
            LaunchTemplateData=dict(data),
            ClientToken=token(attempt),
            aws_retry=True,
        )
        number = answer["LaunchTemplateVersion"]["VersionNumber"]
        if _is_there(ec2, template, number):
            break
    return Version(number, release, data)


def _is_there(ec2: Client, template: Template, number: int) -> bool:
    """Tell whether a version exists. A new one may take EC2 a moment to show."""

    def shown() -> bool:
        return any(item["VersionNumber"] == number for item in _versions(ec2, LaunchTemplateId=template.template_id))

    return shown() or any(shown() for _poll in Deadline(SHOWN_WITHIN).polls())


def set_default(ec2: Client, template: Template, number: int) -> None:
    """Make a version the default. Replayable: setting it twice changes nothing."""
    ec2.modify_launch_template(LaunchTemplateId=template.template_id, DefaultVersion=str(number), aws_retry=True)


def tag_template(ec2: Client, template: Template, tags: Mapping[str, str]) -> None:
    """Add tags to a launch template. Replayable: CreateTags overwrites."""
    pairs = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
    ec2.create_tags(Resources=[template.template_id], Tags=pairs, aws_retry=True)


def delete_versions(ec2: Client, template: Template, versions: Sequence[Version]) -> None:
    """Delete versions, in batches. Replayable: a version that is gone already is reported in the answer, and ignored.

    Raises:
        PixelError: EC2 refused to delete one for another reason.
    """
    numbers = [str(version.number) for version in versions]
    for batch in batches(numbers, DELETE_BATCH):
        answer = ec2.delete_launch_template_versions(
            LaunchTemplateId=template.template_id, Versions=list(batch), aws_retry=True
        )
        for refused in answer.get("UnsuccessfullyDeletedLaunchTemplateVersions", ()):
            reason = refused["ResponseError"]
            if reason.get("Code") != "launchTemplateVersionDoesNotExist":
                raise PixelError(
                    f"version {refused['VersionNumber']} of {template.name} was not deleted: {reason.get('Message')}"
                )


def delete_template(ec2: Client, template: Template) -> None:
    """Delete a launch template with all its versions. Replayable: one that is gone already is ignored."""
    try:
        ec2.delete_launch_template(LaunchTemplateId=template.template_id, aws_retry=True)
    except AWS_ERRORS as error:
        if code_of(error) not in UNKNOWN:
            raise


def versions_in_use(ec2: Client, template: Template) -> frozenset[int]:
    """Return the numbers of the versions that existing instances were launched from (EC2 tags them with it)."""
    filters = [
        {"Name": "tag:aws:ec2launchtemplate:id", "Values": [template.template_id]},
        {"Name": "instance-state-name", "Values": LIVE},
    ]
    return frozenset(int(member.tags[TEMPLATE_VERSION_TAG]) for member in describe_members(ec2, filters))


def _with_versions(ec2: Client, template: Mapping[str, Any]) -> Template:
    found = _versions(ec2, LaunchTemplateId=template["LaunchTemplateId"])
    return Template(
        template_id=template["LaunchTemplateId"],
        name=template["LaunchTemplateName"],
        default=template["DefaultVersionNumber"],
        latest=template["LatestVersionNumber"],
        versions=tuple(_version_from(item) for item in found),
        tags={tag["Key"]: tag["Value"] for tag in template.get("Tags", ())},
    )


def _versions(ec2: Client, **which: str) -> list[dict[str, Any]]:
    return list(pages(ec2.describe_launch_template_versions, "LaunchTemplateVersions", MaxResults=200, **which))


def _version_from(item: Mapping[str, Any]) -> Version:
    return Version(item["VersionNumber"], item.get("VersionDescription", ""), item["LaunchTemplateData"])
