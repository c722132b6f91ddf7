# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Decide which images of old releases go. Pure: nothing here knows boto3 or Ansible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .members import RELEASE_TAG
from .releases import is_release, release_order


@dataclass(frozen=True)
class Image:
    """A machine image; its tags name its pool and release."""

    image_id: str
    name: str
    state: str
    root_device: str
    created: datetime
    snapshots: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def release(self) -> str:
        """The release; empty when the image carries no release's name."""
        return self.tags.get(RELEASE_TAG, "")


@dataclass(frozen=True)
class ImagePlan:
    """Images to deregister, and those kept with the reason."""

    delete: tuple[Image, ...] = ()
    kept: Mapping[str, str] = field(default_factory=dict)


def plan_images(
    images: Sequence[Image],
    *,
    keep: int,
    in_use: Mapping[str, str],
    min_age: float,
    now: datetime,
) -> ImagePlan:
    """Decide which images to deregister: those of releases older than the newest `keep`, that nothing uses.

    Args:
        images: a pool's images.
        keep: how many releases, the newest by SemVer, keep their images.
        in_use: what uses an image, by image id.
        min_age: seconds for which a new image is kept in any case.
    """
    newest = newest_releases(images, keep)
    kept: dict[str, str] = {}
    delete: list[Image] = []
    for image in sorted(images, key=lambda one: (release_order(one.release), one.image_id)):
        if not is_release(image.release):
            kept[image.image_id] = f"its tag {RELEASE_TAG} is no release: '{image.release}'"
        elif image.release in newest:
            kept[image.image_id] = f"release {image.release} is one of the newest {keep}"
        elif image.image_id in in_use:
            kept[image.image_id] = f"used by {in_use[image.image_id]}"
        elif now - image.created < timedelta(seconds=min_age):
            kept[image.image_id] = f"younger than min_age ({min_age:g} s)"
        else:
            delete.append(image)
    return ImagePlan(delete=tuple(delete), kept=kept)


def newest_releases(images: Iterable[Image], keep: int) -> frozenset[str]:
    """Return the newest releases that have an image."""
    releases = {image.release for image in images if is_release(image.release)}
    return frozenset(sorted(releases, key=release_order, reverse=True)[:keep])
