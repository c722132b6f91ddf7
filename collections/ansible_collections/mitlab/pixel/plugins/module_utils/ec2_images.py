# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The only place that asks EC2 about images, and deregisters them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .aws import Client, pages
from .errors import AWS_ERRORS, PixelError, code_of
from .image_plan import Image
from .members import POOL_TAG


def launchable_image(ec2: Client, image_id: str) -> Image:
    """Return an image that instances can be launched from.

    Raises:
        PixelError: it does not exist, or is not available.
    """
    try:
        found = [_image_from(item) for item in pages(ec2.describe_images, "Images", ImageIds=[image_id])]
    except AWS_ERRORS as error:
        if not code_of(error).startswith("InvalidAMIID"):
            raise
        found = []
    if not found:
        raise PixelError(f"image_id is {image_id}, and this region has no such image: build it, or name another")
    if found[0].state != "available":
        raise PixelError(
            f"image_id is {image_id}, and that image is {found[0].state}: wait until it is available, or name another"
        )
    return found[0]


def images_of_pool(ec2: Client, pool: str) -> list[Image]:
    """Return this account's images of a pool."""
    filters = [{"Name": f"tag:{POOL_TAG}", "Values": [pool]}]
    found = pages(ec2.describe_images, "Images", Owners=["self"], Filters=filters)
    return [_image_from(item) for item in found]


def deregister_image(ec2: Client, image: Image) -> None:
    """Deregister an image together with its snapshots, in one call, so that a kill leaves no snapshot behind.

    EC2 keeps a snapshot that another image uses. Replayable: an image that is gone already is ignored.
    """
    try:
        ec2.deregister_image(ImageId=image.image_id, DeleteAssociatedSnapshots=True, aws_retry=True)
    except AWS_ERRORS as error:
        if code_of(error) not in {"InvalidAMIID.NotFound", "InvalidAMIID.Unavailable"}:
            raise


def _image_from(item: Mapping[str, Any]) -> Image:
    devices = item.get("BlockDeviceMappings", ())
    return Image(
        image_id=item["ImageId"],
        name=item.get("Name", ""),
        state=item["State"],
        root_device=item.get("RootDeviceName", "/dev/sda1"),
        created=datetime.fromisoformat(item["CreationDate"].replace("Z", "+00:00")),
        snapshots=tuple(device["Ebs"]["SnapshotId"] for device in devices if "SnapshotId" in device.get("Ebs", {})),
        tags={tag["Key"]: tag["Value"] for tag in item.get("Tags", ())},
    )
