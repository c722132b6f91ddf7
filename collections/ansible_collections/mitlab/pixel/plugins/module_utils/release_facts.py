# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Put together what there is of each release. Pure: what AWS answered goes in, plain values come out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from .image_plan import Image
from .launch_template_plan import Template
from .members import Member
from .release_records import Record
from .releases import in_order, is_release

VERIFIED_TAG = "pixel:verified"
CERTIFICATE_TAG = "pixel:certificate-expires"
COMMIT_TAG = "pixel:git-commit"


def release_facts(
    images: Iterable[Image],
    template: Template | None,
    members: Iterable[Member],
    records: Mapping[str, Record],
) -> list[dict[str, Any]]:
    """Return each release of which there is anything, from old to new, as `release_info` documents it."""
    images_of: dict[str, list[Image]] = {}
    for image in images:
        images_of.setdefault(image.release, []).append(image)
    members_of: dict[str, list[Member]] = {}
    for member in members:
        if not member.gone:
            members_of.setdefault(member.release or "", []).append(member)
    known = {*images_of, *members_of, *records, *(template.releases() if template else ())}
    return [
        {
            "release": release,
            **_image_facts(images_of.get(release, [])),
            **_template_facts(template, release),
            **_member_facts(members_of.get(release, [])),
            "record": asdict(records[release]) if release in records else None,
        }
        for release in in_order({name for name in known if is_release(name)})
    ]


def _image_facts(images: Sequence[Image]) -> dict[str, Any]:
    newest = max(images, key=lambda image: image.created, default=None)
    tags = newest.tags if newest else {}
    return {
        "images": [
            {"image_id": image.image_id, "state": image.state, "tags": dict(image.tags)}
            for image in sorted(images, key=lambda image: image.image_id)
        ],
        "verified": tags.get(VERIFIED_TAG) == "true",
        "certificate_expires": tags.get(CERTIFICATE_TAG),
        "git_commit": tags.get(COMMIT_TAG),
    }


def _template_facts(template: Template | None, release: str) -> dict[str, Any]:
    version = template.version_of(release) if template else None
    return {
        "version": version.number if version else None,
        "default": template is not None and version is not None and version.number == template.default,
    }


def _member_facts(members: Sequence[Member]) -> dict[str, Any]:
    real = [member for member in members if not member.on_trial]
    return {
        "members": dict(sorted(Counter(member.state for member in real).items())),
        "size": len(real),
        "canaries": sorted(member.instance_id for member in members if member.on_trial),
    }
