"""Images: found quickly by owner, tags and name, tagged when made, pending for a while, one of a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.ec2.models.amis import Ami
from moto.ec2.utils import random_ami_id

from pixel.sandbox.calls import Answer, Call
from pixel.sandbox.ec2.account import Account
from pixel.sandbox.ec2.filters import FilterSet
from pixel.sandbox.ec2.protocol import Parameters, answer, parameters, refuse_dry_run
from pixel.sandbox.ec2.templates import tags_of
from pixel.sandbox.errors import AwsError
from pixel.sandbox.moto_app import ACCOUNT
from pixel.sandbox.settings import Delays

STATES = ("pending", "available", "invalid", "deregistered", "transient", "failed", "error", "disabled")


class Images:
    """The calls about images."""

    def __init__(self, account: Account, delays: Callable[[], Delays], now: Callable[[], float]) -> None:
        self._account = account
        self._delays = delays
        self._now = now
        self._available_at: dict[str, float] = {}
        self._filters = FilterSet[Ami](
            {
                "architecture": lambda image: image.architecture,
                "block-device-mapping.snapshot-id": lambda image: image.ebs_snapshot.id,
                "creation-date": lambda image: _time(image),
                "description": lambda image: image.description,
                "hypervisor": lambda image: image.hypervisor,
                "image-id": lambda image: image.id,
                "image-type": lambda image: image.image_type,
                "is-public": lambda image: str(image.is_public).lower(),
                "name": lambda image: image.name,
                "owner-alias": lambda image: image.owner_alias,
                "owner-id": lambda image: image.owner_id,
                "platform": lambda image: image.platform,
                "root-device-name": lambda image: image.root_device_name,
                "root-device-type": lambda image: image.root_device_type,
                "source-instance-id": lambda image: image.source_instance_id,
                "state": lambda image: image.state,
                "virtualization-type": lambda image: image.virtualization_type,
            },
            lambda image: account.tags(image.id),
        )

    def settle(self) -> None:
        """Make those images available whose time has come."""
        for image_id, due in list(self._available_at.items()):
            if due <= self._now():
                del self._available_at[image_id]
                image = self._account.backend.amis.get(image_id)
                if image is not None:
                    image.state = "available"

    def set_state(self, image_id: str, state: str) -> None:
        """Put an image into a state, for good.

        Raises:
            AwsError: there is no such image.
            ValueError: EC2 has no such state.
        """
        if state not in STATES:
            raise ValueError(f"'{state}' is no state of an image: give one of {', '.join(STATES)}")
        self._account.image(image_id).state = state
        self._available_at.pop(image_id, None)

    def register(self, call: Call) -> Answer:
        """Answer RegisterImage."""
        given = parameters(call)
        image = self._made(
            given,
            lambda image_id: Ami(
                self._account.backend,
                image_id,
                name=given["Name"],
                description=given.get("Description"),
                architecture=given.get("Architecture", "x86_64"),
                virtualization_type=given.get("VirtualizationType", "hvm"),
                root_device_name=given.get("RootDeviceName", "/dev/sda1"),
                root_device_type="ebs",
                hypervisor="xen",
                image_location=f"{ACCOUNT}/{given['Name']}",
                region_name=self._account.region,
            ),
        )
        return answer(call.action, {"ImageId": image.id})

    def create(self, call: Call) -> Answer:
        """Answer CreateImage: of an instance that runs or is stopped."""
        given = parameters(call)
        (instance,) = self._account.named([given["InstanceId"]])
        if instance.state not in ("running", "stopping", "stopped"):
            message = f"The instance '{instance.id}' is not in a state from which an image can be made."
            raise AwsError("IncorrectState", message)
        image = self._made(
            given,
            lambda image_id: Ami(
                self._account.backend,
                image_id,
                instance=instance,
                name=given["Name"],
                description=given.get("Description"),
                root_device_name=instance.root_device_name or "/dev/sda1",
                root_device_type="ebs",
                hypervisor="xen",
                image_location=f"{ACCOUNT}/{given['Name']}",
                region_name=self._account.region,
                snapshot_description=f"Created by CreateImage({instance.id}) for {image_id}",
            ),
        )
        return answer(call.action, {"ImageId": image.id})

    def _made(self, given: Parameters, make: Callable[[str], Ami]) -> Ami:
        backend, name = self._account.backend, given["Name"]
        taken = next(
            (image.id for image in backend.amis.values() if (image.name, image.owner_id) == (name, ACCOUNT)), None
        )
        if taken:
            raise AwsError("InvalidAMIName.Duplicate", f"AMI name {name} is already in use by AMI {taken}")
        tags = tags_of(given)
        wrong = set(tags) - {"image", "snapshot"}
        if wrong:
            message = f"'{min(wrong)}' is not a valid taggable resource type for this operation."
            raise AwsError("InvalidParameterValue", message)
        refuse_dry_run(given)
        image = make(random_ami_id())
        backend.amis[image.id] = image
        self._account.add_tags(image.id, tags.get("image", {}))
        self._account.add_tags(image.ebs_snapshot.id, tags.get("snapshot", {}))
        if delay := self._delays().image:
            image.state = "pending"
            self._available_at[image.id] = self._now() + delay
        return image

    def describe(self, call: Call) -> Answer:
        """Answer DescribeImages: own images and public ones."""
        given = parameters(call)
        images = [
            image for image in self._account.backend.amis.values() if image.is_public or image.owner_id == ACCOUNT
        ]
        if "ImageIds" in given:
            images = [self._account.image(image_id) for image_id in dict.fromkeys(given["ImageIds"])]
        if "Owners" in given:
            owners = {ACCOUNT if owner == "self" else owner for owner in given["Owners"]}
            images = [image for image in images if owners & {image.owner_id, image.owner_alias}]
        matches = self._filters.matcher(given.get("Filters", ()))
        shown = [_shown(image, self._account.tags(image.id)) for image in images if matches(image)]
        return answer(call.action, {"Images": shown})

    def deregister(self, call: Call) -> Answer:
        """Answer DeregisterImage; the snapshots go too when DeleteAssociatedSnapshots is given."""
        given = parameters(call)
        image = self._account.image(given["ImageId"])
        refuse_dry_run(given)
        backend = self._account.backend
        backend.deregister_image(image.id)
        backend.tags.pop(image.id, None)
        deleted = []
        if given.get("DeleteAssociatedSnapshots"):
            backend.delete_snapshot(image.ebs_snapshot.id)
            deleted.append({"SnapshotId": image.ebs_snapshot.id, "ReturnCode": "success"})
        return answer(call.action, {"Return": True, "DeleteSnapshotResults": deleted})


def _time(image: Ami) -> str:
    return image.creation_date.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _shown(image: Ami, tags: Mapping[str, str]) -> dict[str, Any]:
    windows = (image.platform or "").lower() == "windows"
    return {
        "ImageId": image.id,
        "Name": image.name,
        "Description": image.description,
        "ImageLocation": image.image_location or f"{image.owner_alias or image.owner_id}/{image.name}",
        "ImageType": image.image_type,
        "State": image.state,
        "OwnerId": image.owner_id,
        "ImageOwnerAlias": image.owner_alias,
        "Public": image.is_public,
        "CreationDate": _time(image),
        "Architecture": image.architecture,
        "Platform": image.platform,
        "PlatformDetails": "Windows" if windows else "Linux/UNIX",
        "UsageOperation": "RunInstances:0002" if windows else "RunInstances",
        "Hypervisor": image.hypervisor,
        "VirtualizationType": image.virtualization_type,
        "RootDeviceName": image.root_device_name,
        "RootDeviceType": image.root_device_type,
        "BlockDeviceMappings": image.block_device_mappings,
        "EnaSupport": True,
        "SourceInstanceId": image.source_instance_id,
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }
