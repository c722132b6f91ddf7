"""The resources of AWX's API that the stand-in has: their fields, links and what makes them unique.

After AWX 24's own description of its API (`OPTIONS /api/v2/<resource>/`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NAME_LENGTH = 512
REQUIRED = object()
"""The default of a field without which nothing can be created."""


@dataclass(frozen=True)
class Field:
    """A field that may be written.

    Attributes:
        type: of the JSON value: str, int, bool, dict; for `to`, the related object's id.
        default: the value when it is not given; REQUIRED if there is none.
        choices: the only values, if it is so.
        to: the resource whose id this is.
        null: whether it may be null.
        blank: whether a text may be empty.
    """

    type: type
    default: Any = REQUIRED
    choices: tuple[Any, ...] = ()
    to: str = ""
    null: bool = False
    blank: bool = True


@dataclass(frozen=True)
class Resource:
    """A kind of object.

    Attributes:
        type: what the API calls one.
        fields: those that may be written.
        read_only: fields that are told, and ignored when written, as Django REST framework does.
        unique: the fields that no two objects share.
        associations: many-to-many links, by the name of their sub-list, and the resource they lead to.
        owned_by: the field whose object takes this one with it when it is deleted.
        links: other entries of `related`.
    """

    type: str
    fields: Mapping[str, Field]
    read_only: frozenset[str] = frozenset()
    unique: tuple[str, ...] = ("name",)
    associations: Mapping[str, str] = field(default_factory=dict)
    owned_by: str = ""
    links: tuple[str, ...] = ()


def text(default: Any = "", **more: Any) -> Field:
    """A text that need not be given."""
    return Field(str, default, **more)


def flag(default: bool = False) -> Field:
    """A boolean that need not be given."""
    return Field(bool, default)


def number(default: int = 0) -> Field:
    """A whole number that need not be given."""
    return Field(int, default)


def link(to: str, default: Any = None) -> Field:
    """The id of another object."""
    return Field(int, default, to=to, null=default is None)


NAME = Field(str, blank=False)
NOTICES = {f"notification_templates_{event}": "notification_templates" for event in ("started", "success", "error")}
ASKS = (
    *("variables", "limit", "tags", "skip_tags", "job_type", "verbosity", "inventory", "credential", "forks"),
    *("execution_environment", "instance_groups", "job_slice_count", "labels", "timeout", "diff_mode", "scm_branch"),
)
KEPT = frozenset({"id", "type", "url", "related", "summary_fields", "created", "modified"})
"""What every object tells about itself."""

RESOURCES: dict[str, Resource] = {
    "organizations": Resource(
        "organization",
        {
            "name": NAME,
            "description": text(),
            "max_hosts": number(),
            "default_environment": link("execution_environments"),
        },
        associations={**NOTICES, "galaxy_credentials": "credentials"},
    ),
    "execution_environments": Resource(
        "execution_environment",
        {
            "name": NAME,
            "description": text(),
            "organization": link("organizations"),
            "image": Field(str, blank=False),
            "credential": link("credentials"),
            "pull": text(choices=("", "always", "missing", "never")),
        },
        read_only=frozenset({"managed"}),
    ),
    "projects": Resource(
        "project",
        {
            "name": NAME,
            "description": text(),
            "organization": link("organizations"),
            "scm_type": text(choices=("", "git", "svn", "insights", "archive")),
            "scm_url": text(),
            "scm_branch": text(),
            "scm_refspec": text(),
            "scm_clean": flag(),
            "scm_track_submodules": flag(),
            "scm_delete_on_update": flag(),
            "credential": link("credentials"),
            "timeout": number(),
            "scm_update_on_launch": flag(),
            "scm_update_cache_timeout": number(),
            "allow_override": flag(),
            "default_environment": link("execution_environments"),
        },
        read_only=frozenset({"status", "scm_revision", "last_updated"}),
        unique=("name", "organization"),
        associations=NOTICES,
        owned_by="organization",
        links=("update", "playbooks"),
    ),
    "credential_types": Resource(
        "credential_type",
        {
            "name": NAME,
            "description": text(),
            "kind": Field(str, choices=("net", "cloud")),
            "inputs": Field(dict, {}),
            "injectors": Field(dict, {}),
        },
        read_only=frozenset({"managed", "namespace"}),
        unique=("name", "kind"),
    ),
    "credentials": Resource(
        "credential",
        {
            "name": NAME,
            "description": text(),
            "organization": link("organizations"),
            "credential_type": link("credential_types", REQUIRED),
            "inputs": Field(dict, {}),
        },
        read_only=frozenset({"managed", "kind", "cloud", "kubernetes"}),
        unique=("name", "organization", "credential_type"),
        owned_by="organization",
    ),
    "inventories": Resource(
        "inventory",
        {
            "name": NAME,
            "description": text(),
            "organization": link("organizations", REQUIRED),
            "kind": text(choices=("", "smart", "constructed")),
            "host_filter": text(None, null=True),
            "variables": text(),
            "prevent_instance_group_fallback": flag(),
        },
        unique=("name", "organization"),
        owned_by="organization",
    ),
    "inventory_sources": Resource(
        "inventory_source",
        {
            "name": NAME,
            "description": text(),
            "inventory": link("inventories", REQUIRED),
            "source": Field(str, choices=("scm", "ec2", "constructed"), blank=False),
            "source_path": text(),
            "source_vars": text(),
            "source_project": link("projects"),
            "scm_branch": text(),
            "credential": link("credentials"),
            "execution_environment": link("execution_environments"),
            "enabled_var": text(),
            "enabled_value": text(),
            "host_filter": text(),
            "limit": text(),
            "overwrite": flag(),
            "overwrite_vars": flag(),
            "timeout": number(),
            "verbosity": number(1),
            "update_on_launch": flag(),
            "update_cache_timeout": number(),
        },
        read_only=frozenset({"status", "organization"}),
        unique=("name", "inventory"),
        associations=NOTICES,
        owned_by="inventory",
        links=("update",),
    ),
    "notification_templates": Resource(
        "notification_template",
        {
            "name": NAME,
            "description": text(),
            "organization": link("organizations", REQUIRED),
            "notification_type": Field(str, choices=("email", "webhook", "slack", "awssns")),
            "notification_configuration": Field(dict, {}),
            "messages": Field(dict, None, null=True),
        },
        unique=("name", "organization"),
        owned_by="organization",
    ),
    "job_templates": Resource(
        "job_template",
        {
            "name": NAME,
            "description": text(),
            "job_type": text("run", choices=("run", "check")),
            "inventory": link("inventories"),
            "project": link("projects"),
            "playbook": text(),
            "scm_branch": text(),
            "forks": number(),
            "limit": text(),
            "verbosity": number(),
            "extra_vars": text(),
            "job_tags": text(),
            "force_handlers": flag(),
            "skip_tags": text(),
            "start_at_task": text(),
            "timeout": number(),
            "use_fact_cache": flag(),
            "execution_environment": link("execution_environments"),
            "survey_enabled": flag(),
            "become_enabled": flag(),
            "diff_mode": flag(),
            "allow_simultaneous": flag(),
            "job_slice_count": number(1),
            **{f"ask_{what}_on_launch": flag() for what in ASKS},
        },
        read_only=frozenset({"organization", "status", "last_job_run", "next_schedule"}),
        unique=("name", "organization"),
        associations={**NOTICES, "credentials": "credentials"},
        links=("survey_spec", "launch", "schedules"),
    ),
    "workflow_job_templates": Resource(
        "workflow_job_template",
        {
            "name": NAME,
            "description": text(),
            "organization": link("organizations"),
            "extra_vars": text(),
            "survey_enabled": flag(),
            "allow_simultaneous": flag(),
            "inventory": link("inventories"),
            "limit": text(None, null=True),
            "scm_branch": text(None, null=True),
            **{f"ask_{what}_on_launch": flag() for what in ("variables", "inventory", "limit", "scm_branch")},
        },
        read_only=frozenset({"status"}),
        unique=("name", "organization"),
        associations={**NOTICES, "notification_templates_approvals": "notification_templates"},
        owned_by="organization",
        links=("survey_spec", "launch", "workflow_nodes"),
    ),
    "workflow_job_template_nodes": Resource(
        "workflow_job_template_node",
        {
            "identifier": Field(str, blank=False),
            "workflow_job_template": link("workflow_job_templates", REQUIRED),
            "unified_job_template": link("unified_job_templates"),
            "extra_data": Field(dict, {}),
            "inventory": link("inventories"),
            "all_parents_must_converge": flag(),
        },
        unique=("identifier", "workflow_job_template"),
        associations={
            f"{outcome}_nodes": "workflow_job_template_nodes" for outcome in ("success", "failure", "always")
        },
        owned_by="workflow_job_template",
    ),
    "schedules": Resource(
        "schedule",
        {
            "name": NAME,
            "description": text(),
            "unified_job_template": link("unified_job_templates", REQUIRED),
            "rrule": Field(str, blank=False),
            "enabled": flag(True),
            "extra_data": Field(dict, {}),
        },
        read_only=frozenset({"next_run", "dtstart", "dtend", "timezone", "until"}),
        unique=("name", "unified_job_template"),
        owned_by="unified_job_template",
    ),
}
UNIFIED = ("projects", "inventory_sources", "job_templates", "workflow_job_templates")
"""What can be scheduled or be a workflow's step; AWX lists them together, and their ids never clash."""
