# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Decide what to do about a release's launch template version. Pure: nothing here knows boto3 or Ansible."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import PixelError
from .members import POOL_TAG, counted
from .releases import in_order, is_release
from .template_data import MemberTemplate, differences

DELETE_BATCH = 200
"""Versions in one DeleteLaunchTemplateVersions call (EC2's limit)."""


@dataclass(frozen=True)
class Version:
    """A version of a launch template; its description is the release."""

    number: int
    release: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Template:
    """A launch template as EC2 has it.

    Attributes:
        default: number of the default version.
        latest: number of the newest version ever made; EC2 gives no number twice.
    """

    template_id: str
    name: str
    default: int
    latest: int
    versions: tuple[Version, ...]
    tags: Mapping[str, str] = field(default_factory=dict)

    def version_of(self, release: str) -> Version | None:
        """Return the release's version, the newest if there are several."""
        return max(
            (version for version in self.versions if version.release == release),
            key=lambda version: version.number,
            default=None,
        )

    def version_for(self, release: str | None) -> Version:
        """Return the release's version; the default version when no release is named.

        Raises:
            PixelError: the release has no version, or the default version is no release's.
        """
        known = ", ".join(self.releases()) or "none"
        if release is None:
            version = next((one for one in self.versions if one.number == self.default), None)
            if version is None or not is_release(version.release):
                raise PixelError(
                    f"launch template {self.name}'s default version is of no release: set release to one of {known}"
                )
            return version
        found = self.version_of(release)
        if found is None:
            raise PixelError(
                f"release {release} has no version in launch template {self.name}: set release to one of those it "
                f"has ({known}), or publish this one with mitlab.pixel.launch_template"
            )
        return found

    def default_release(self) -> str | None:
        """Return the release of the default version; None when that is no release's."""
        found = next((one.release for one in self.versions if one.number == self.default), "")
        return found if is_release(found) else None

    def releases(self) -> list[str]:
        """Return the releases that have a version, from old to new."""
        return in_order({version.release for version in self.versions if is_release(version.release)})


@dataclass(frozen=True)
class TemplateRequest:
    """What the operator wants of a launch template.

    Attributes:
        contents: what the release's members are made of; None goes back to a release that has a version already.
        make_default: whether the release becomes the default version.
        keep: how many of the newest versions to keep, besides those in use.
        tags: tags of the launch template itself; others that it carries are left alone.
    """

    name: str
    pool: str
    release: str
    contents: MemberTemplate | None
    make_default: bool = True
    keep: int = 5
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TemplatePlan:
    """What to do: publish the release, move the default, tag, delete versions.

    Attributes:
        publish: what the release's version will hold; None when it has its version already.
        create_template: whether that version is the first of a new launch template.
    """

    publish: MemberTemplate | None = None
    create_template: bool = False
    set_default: bool = False
    add_tags: Mapping[str, str] = field(default_factory=dict)
    delete: tuple[Version, ...] = ()

    @property
    def changed(self) -> bool:
        return bool(self.publish or self.set_default or self.add_tags or self.delete)


def plan_template(request: TemplateRequest, template: Template | None) -> TemplatePlan:
    """Decide how to get the release its version. Which old versions go is `superfluous`' question.

    Raises:
        PixelError: the release was published with other contents, or was never published and has none given; or the
            template belongs to another pool.
    """
    if template is None:
        if request.contents is None:
            raise PixelError(
                f"launch template {request.name} does not exist, so release {request.release} has no version to go "
                f"back to: give image_id to publish it, or set name to a template of this region"
            )
        return TemplatePlan(publish=request.contents, create_template=True, add_tags=_template_tags(request))
    owner = template.tags.get(POOL_TAG)
    if owner is not None and owner != request.pool:
        raise PixelError(f"launch template {request.name} belongs to pool {owner}: set name or pool to fit each other")
    version = template.version_of(request.release)
    if version is None and request.contents is None:
        known = ", ".join(template.releases()) or "none"
        raise PixelError(
            f"release {request.release} has no version in launch template {request.name}: "
            f"set release to one of those it has ({known}), or give image_id to publish this one"
        )
    if version is not None and request.contents is not None:
        differing = differences(version.data, request.contents.data(root_device=""))
        if differing:
            raise PixelError(
                f"release {request.release} is published already, with other contents: "
                f"version {version.number} of {request.name} differs ({'; '.join(differing)}): "
                f"publish the new contents as a new release"
            )
    tags = {key: value for key, value in _template_tags(request).items() if template.tags.get(key) != value}
    return TemplatePlan(
        publish=request.contents if version is None else None,
        set_default=request.make_default and (version is None or version.number != template.default),
        add_tags=tags,
    )


def superfluous(template: Template, keep: int, used: frozenset[int] = frozenset()) -> tuple[Version, ...]:
    """Return the versions of releases that are neither the newest `keep`, nor the default, nor in use; oldest first.

    Args:
        used: numbers of the versions that instances were launched from.
    """
    ours = sorted((v for v in template.versions if is_release(v.release)), key=lambda v: v.number, reverse=True)
    return tuple(v for v in reversed(ours[keep:]) if v.number != template.default and v.number not in used)


def withdraw(template: Template, release: str) -> tuple[Version, ...]:
    """Return the versions that go when a release is withdrawn: those with its name.

    Raises:
        PixelError: one of them is the default version, and there are others.
    """
    going = tuple(version for version in template.versions if version.release == release)
    if any(version.number == template.default for version in going) and len(going) < len(template.versions):
        raise PixelError(
            f"release {release} is the default version of launch template {template.name}: make another release the "
            f"default first, then withdraw this one"
        )
    return going


def sentences(request: TemplateRequest, plan: TemplatePlan) -> list[str]:
    """Say what the plan changes."""
    said = []
    if plan.create_template:
        said.append(f"created launch template {request.name} with release {request.release}")
    elif plan.publish:
        said.append(f"published release {request.release} as a new version of {request.name}")
    if plan.set_default:
        said.append(f"made release {request.release} the default version of {request.name}")
    if plan.add_tags and not plan.create_template:
        said.append(f"tagged launch template {request.name} with {', '.join(sorted(plan.add_tags))}")
    if plan.delete:
        gone = ", ".join(version.release for version in plan.delete)
        said.append(f"deleted {counted(len(plan.delete), 'old version')} of {request.name}: {gone}")
    return said


def version_token(template: Template, request: TemplateRequest, data: Mapping[str, Any], attempt: int = 0) -> str:
    """Return the ClientToken that makes CreateLaunchTemplateVersion replayable, also after a kill.

    The number of the newest version is in it: a release published again after its version was deleted is new.
    """
    text = json.dumps([template.template_id, template.latest, request.release, data, attempt], sort_keys=True)
    return "pixel-" + hashlib.sha256(text.encode()).hexdigest()[:48]


def _template_tags(request: TemplateRequest) -> dict[str, str]:
    return {**request.tags, POOL_TAG: request.pool}
