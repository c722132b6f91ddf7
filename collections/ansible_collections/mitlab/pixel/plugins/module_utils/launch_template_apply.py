# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carries out what was planned for a launch template; or says what it would be like afterwards."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from . import ec2_templates
from .aws import Client
from .launch_template_plan import Template, TemplatePlan, TemplateRequest, Version, version_token


def with_version(template: Template, version: Version) -> Template:
    """Return the launch template with a new version."""
    return replace(template, versions=(*template.versions, version), latest=version.number)


def foreseen(request: TemplateRequest, plan: TemplatePlan, template: Template | None, data: dict[str, Any]) -> Template:
    """Return the launch template as it will be, but for deleted versions; what is not made yet has no id."""
    if template is None:
        template = Template("", request.name, default=1, latest=0, versions=())
    if plan.publish:
        template = with_version(template, Version(template.latest + 1, request.release, data))
    version = template.version_of(request.release)
    return replace(template, default=version.number) if version and plan.set_default else template


def apply(
    ec2: Client, request: TemplateRequest, plan: TemplatePlan, template: Template | None, data: dict[str, Any]
) -> Template | None:
    """Carry out the plan and return the launch template. A run that dies in between is completed by the next.

    Returns:
        The launch template; None when someone else made it since it was looked for, so that the plan is void.
    """
    if template is None:
        return ec2_templates.create_template(ec2, request.name, request.release, data, plan.add_tags)
    if plan.publish:
        token = partial(version_token, template, request, data)
        template = with_version(template, ec2_templates.create_version(ec2, template, request.release, data, token))
    version = template.version_of(request.release)
    if version and plan.set_default:
        ec2_templates.set_default(ec2, template, version.number)
        template = replace(template, default=version.number)
    if plan.add_tags:
        ec2_templates.tag_template(ec2, template, plan.add_tags)
    if plan.delete:
        ec2_templates.delete_versions(ec2, template, plan.delete)
    return template
