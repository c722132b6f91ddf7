# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The contents of a launch template version: made from a module's options, and compared in a normal form."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .members import POOL_TAG, RELEASE_TAG

INSTANCE_METADATA = {
    "HttpEndpoint": "enabled",
    "HttpTokens": "required",
    "HttpPutResponseHopLimit": 1,
    "InstanceMetadataTags": "enabled",
}
"""Only IMDSv2, only from the instance itself, and with its tags: a member learns its pool from them."""

_EBS_OPTIONS = {
    "size": "VolumeSize",
    "type": "VolumeType",
    "iops": "Iops",
    "throughput": "Throughput",
    "encrypted": "Encrypted",
}


@dataclass(frozen=True)
class RootVolume:
    """The root volume; None leaves a setting to the image. Sizes are GiB, throughput is MiB/s."""

    size: int | None = None
    type: str | None = None
    iops: int | None = None
    throughput: int | None = None
    encrypted: bool | None = None


@dataclass(frozen=True)
class MemberTemplate:
    """What the members of a release are made of."""

    pool: str
    release: str
    image_id: str
    instance_type: str
    security_group_ids: Sequence[str] = ()
    iam_instance_profile: str | None = None
    key_name: str | None = None
    root_volume: RootVolume | None = None
    user_data: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def data(self, root_device: str) -> dict[str, Any]:
        """Return EC2's LaunchTemplateData; `root_device` is the image's root device, such as `/dev/sda1`."""
        tags = [{"Key": key, "Value": value} for key, value in sorted(self.member_tags().items())]
        data: dict[str, Any] = {
            "ImageId": self.image_id,
            "InstanceType": self.instance_type,
            "InstanceInitiatedShutdownBehavior": "stop",
            "MetadataOptions": dict(INSTANCE_METADATA),
            "TagSpecifications": [{"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume")],
        }
        if self.security_group_ids:
            data["SecurityGroupIds"] = sorted(self.security_group_ids)
        if self.iam_instance_profile:
            kind = "Arn" if self.iam_instance_profile.startswith("arn:") else "Name"
            data["IamInstanceProfile"] = {kind: self.iam_instance_profile}
        if self.key_name:
            data["KeyName"] = self.key_name
        if self.user_data:
            data["UserData"] = base64.b64encode(self.user_data.encode()).decode()
        if self.root_volume:
            ebs: dict[str, Any] = {"DeleteOnTermination": True}
            for option, name in _EBS_OPTIONS.items():
                value = getattr(self.root_volume, option)
                if value is not None:
                    ebs[name] = value
            data["BlockDeviceMappings"] = [{"DeviceName": root_device, "Ebs": ebs}]
        return data

    def member_tags(self) -> dict[str, str]:
        """Return the tags of every member and its volumes: the given ones, and who it belongs to."""
        return {
            **self.tags,
            "Name": f"{self.pool}-{self.release}",
            POOL_TAG: self.pool,
            RELEASE_TAG: self.release,
        }


def normal_form(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return version data in a form in which equal contents are equal, keyed by names that an operator knows.

    The order of tags and security groups does not matter, nor the root device's name, nor what EC2 adds when it
    stores a version. Fields that this collection never sets stay under EC2's own name: so a version that someone
    changed by hand is different.
    """
    rest = {key: value for key, value in data.items() if value not in (None, "", [], {})}
    normal: dict[str, Any] = {}
    for option, key in (
        ("image_id", "ImageId"),
        ("instance_type", "InstanceType"),
        ("key_name", "KeyName"),
        ("shutdown_behavior", "InstanceInitiatedShutdownBehavior"),
    ):
        if key in rest:
            normal[option] = rest.pop(key)
    if "SecurityGroupIds" in rest:
        normal["security_group_ids"] = sorted(rest.pop("SecurityGroupIds"))
    if "IamInstanceProfile" in rest:
        profile = rest.pop("IamInstanceProfile")
        normal["iam_instance_profile"] = (profile.get("Name") or profile["Arn"]).rsplit("/", 1)[-1]
    if "UserData" in rest:
        normal["user_data"] = _decoded(rest.pop("UserData"))
    if "MetadataOptions" in rest:
        options = rest.pop("MetadataOptions")
        normal["metadata_options"] = {key: options.get(key) for key in INSTANCE_METADATA}
    for specification in rest.pop("TagSpecifications", ()):
        tags = {tag["Key"]: tag["Value"] for tag in specification["Tags"]}
        if tags:
            normal[f"{specification['ResourceType']}_tags"] = tags
    mappings = rest.get("BlockDeviceMappings", ())
    if len(mappings) == 1 and "Ebs" in mappings[0]:
        ebs = rest.pop("BlockDeviceMappings")[0]["Ebs"]
        for option, key in _EBS_OPTIONS.items():
            if key in ebs:
                normal[f"root_volume.{option}"] = ebs[key]
    return {**normal, **rest}


def differences(published: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Say how two versions' data differ, field by field: `instance_type is g4dn.xlarge, not g5.xlarge`."""
    before, after = normal_form(published), normal_form(wanted)
    return [
        f"{name} is {_shown(before.get(name))}, not {_shown(after.get(name))}"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_shown(item)}" for key, item in sorted(value.items())) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(str(item) for item in value) + "]"
    return "unset" if value is None else str(value)


def _decoded(user_data: str) -> str:
    try:
        return base64.b64decode(user_data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return user_data
