"""The stand-in's objects: made, changed, linked and deleted by AWX's rules."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .rules import (
    RefusedError,
    check_answers,
    check_credential_type,
    check_rrule,
    check_survey,
    complete_notice,
    next_run,
)
from .schema import KEPT, NAME_LENGTH, REQUIRED, RESOURCES, UNIFIED, Field, Resource

ENCRYPTED = "$encrypted$"
Object = dict[str, Any]


class NotFoundError(Exception):
    """AWX answers 404."""


class ForbiddenError(Exception):
    """AWX answers 403, and says why."""


class Store:
    """All objects of one AWX.

    Args:
        project: the folder that AWX would check out, for the names of its playbooks.
    """

    def __init__(self, project: Path) -> None:
        self._ids = itertools.count(1)
        self._objects: dict[str, dict[int, Object]] = {endpoint: {} for endpoint in RESOURCES}
        self._playbooks = {str(path.relative_to(project)) for path in project.glob("playbooks/*.yml")}
        self._polls: dict[int, int] = {}

    @property
    def endpoints(self) -> list[str]:
        """The resources' names."""
        return list(self._objects)

    def all(self, endpoint: str) -> list[Object]:
        """Return a resource's objects, by id."""
        if endpoint == "unified_job_templates":
            return sorted((item for name in UNIFIED for item in self.all(name)), key=lambda item: item["id"])
        return list(self._objects[endpoint].values())

    def get(self, endpoint: str, identity: int) -> Object:
        """Return one object, or raise NotFoundError."""
        for item in self.all(endpoint):
            if item["id"] == identity:
                return item
        raise NotFoundError

    def create(self, endpoint: str, data: Mapping[str, Any]) -> Object:
        """Make an object, or raise RefusedError."""
        resource = RESOURCES[endpoint]
        values = {}
        errors: dict[str, Any] = {}
        for name, rule in resource.fields.items():
            if name not in data and rule.default is REQUIRED:
                errors[name] = ["This field is required."]
            values[name] = data.get(name, None if rule.default is REQUIRED else rule.default)
        if errors:
            raise RefusedError(errors)
        item: Object = {"id": next(self._ids), "_endpoint": endpoint, "_links": {}, **values}
        self._write(endpoint, item, data)
        item["created"] = item["modified"]
        self._objects[endpoint][item["id"]] = item
        if endpoint == "projects" and item["scm_type"]:
            self.start_update(item)
        return item

    def change(self, endpoint: str, identity: int, data: Mapping[str, Any]) -> Object:
        """Change some fields of an object, or raise RefusedError and change nothing."""
        current = self.get(endpoint, identity)
        changed = dict(current)
        self._write(endpoint, changed, data)
        sources = ("scm_type", "scm_url", "scm_branch", "scm_refspec", "credential")
        if endpoint == "projects" and any(changed[name] != current[name] for name in sources):
            self.start_update(changed)
        current.update(changed)
        return current

    def _write(self, endpoint: str, item: Object, data: Mapping[str, Any]) -> None:
        resource = RESOURCES[endpoint]
        errors: dict[str, Any] = {}
        for name, value in data.items():
            if name in resource.read_only or name in KEPT:
                continue
            if name not in resource.fields:
                errors[name] = [f"{resource.type} has no field named '{name}'."]
            elif problem := self._problem(resource.fields[name], value):
                errors[name] = [problem]
            else:
                item[name] = self._merged(item.get(name), value) if name == "inputs" else value
        if errors:
            raise RefusedError(errors)
        self._check(endpoint, item)
        self._check_unique(endpoint, resource, item)
        item["modified"] = datetime.now(UTC).isoformat()

    @staticmethod
    def _merged(old: Any, new: Any) -> Any:
        """Keep what is stored where `$encrypted$` comes back."""
        if not isinstance(old, dict) or not isinstance(new, dict):
            return new
        return {key: old.get(key) if value == ENCRYPTED else value for key, value in new.items()}

    def _problem(self, rule: Field, value: Any) -> str:
        """Return what is wrong with a field's value; empty when it is right."""
        if value is None:
            return "" if rule.null else "This field may not be null."
        if isinstance(value, bool) != (rule.type is bool) or not isinstance(value, rule.type):
            return f"A valid {rule.type.__name__} is required, not {value!r}."
        if rule.to:
            known = any(item["id"] == value for item in self.all(rule.to))
            return "" if known else f'Invalid pk "{value}" - object does not exist.'
        if rule.choices and value not in rule.choices:
            return f'"{value}" is not a valid choice.'
        if isinstance(value, str) and not value and not rule.blank:
            return "This field may not be blank."
        if isinstance(value, str) and not rule.blank and len(value) > NAME_LENGTH:
            return f"Ensure this field has no more than {NAME_LENGTH} characters."
        return ""

    def _check_unique(self, endpoint: str, resource: Resource, item: Object) -> None:
        def key(other: Object) -> tuple[Any, ...]:
            return tuple(self.value(endpoint, other, name) for name in resource.unique)

        for other in self._objects[endpoint].values():
            if other["id"] != item["id"] and key(other) == key(item):
                told = f"{resource.type} with this {' and '.join(resource.unique)} already exists."
                raise RefusedError({"__all__": [told]})

    def _check(self, endpoint: str, item: Object) -> None:
        match endpoint:
            case "schedules":
                check_rrule(item["rrule"])
                template = self.get("unified_job_templates", item["unified_job_template"])
                check_answers(template, item["extra_data"], complete=True)
            case "workflow_job_template_nodes" if item["unified_job_template"] is not None:
                template = self.get("unified_job_templates", item["unified_job_template"])
                check_answers(template, item["extra_data"], complete=False)
            case "credential_types":
                check_credential_type(item["inputs"], item["injectors"])
            case "credentials":
                self._check_credential(item)
            case "notification_templates":
                given = item["notification_configuration"]
                item["notification_configuration"] = complete_notice(item["notification_type"], given)
            case "projects" if item["scm_type"] and not item["scm_url"]:
                raise RefusedError({"scm_url": ["SCM URL is required."]})
            case "inventory_sources" if item["source"] == "scm" and item["source_project"] is None:
                raise RefusedError({"source_project": ["Project required for scm type sources."]})
            case "job_templates":
                self._check_job_template(item)

    def _check_credential(self, item: Object) -> None:
        if item["organization"] is None:
            raise RefusedError({"detail": "Missing 'user', 'team', or 'organization'."})
        for name, value in item["inputs"].items():
            declared = next((entry for entry in self._credential_fields(item) if entry["id"] == name), None)
            if declared is None:
                raise RefusedError({"inputs": [f"'{name}' is not a field of this credential type"]})
            if "choices" in declared and value not in declared["choices"]:
                raise RefusedError({"inputs": {name: [f"'{value}' is not one of {declared['choices']}"]}})

    def _credential_fields(self, credential: Object) -> list[dict[str, Any]]:
        fields: list[dict[str, Any]] = self.get("credential_types", credential["credential_type"])["inputs"]["fields"]
        return fields

    def _check_job_template(self, item: Object) -> None:
        if item["inventory"] is None and not item["ask_inventory_on_launch"]:
            raise RefusedError({"inventory": ["Inventory must be set or Prompt on Launch must be selected."]})
        if item["project"] is None:
            raise RefusedError({"project": ["This field is required."]})
        synced = self.get("projects", item["project"]).get("scm_revision")
        if not synced or item["playbook"] not in self._playbooks:
            raise RefusedError({"playbook": ["Playbook not found for project."]})

    def value(self, endpoint: str, item: Object, name: str) -> Any:
        """Return a field, also one that follows from others."""
        if endpoint == "job_templates" and name == "organization":
            project = item.get("project")
            return self.get("projects", project)["organization"] if project else None
        if endpoint == "inventory_sources" and name == "organization":
            return self.get("inventories", item["inventory"])["organization"]
        return item.get(name, False if name == "managed" else None)

    def shown(self, item: Object) -> Object:
        """Return an object as the API tells it."""
        endpoint = item["_endpoint"]
        resource = RESOURCES[endpoint]
        url = f"/api/v2/{endpoint}/{item['id']}/"
        answer = {name: item[name] for name in resource.fields}
        answer |= {name: self.value(endpoint, item, name) for name in resource.read_only}
        summary: Object = {}
        related = {name: f"{url}{name}/" for name in (*resource.associations, *resource.links)}
        for name, rule in resource.fields.items():
            if rule.to and item[name] is not None:
                target = self.get(rule.to, item[name])
                related[name] = f"/api/v2/{target['_endpoint']}/{target['id']}/"
                summary[name] = {"id": target["id"], "name": target["name"]}
        if endpoint == "projects" and item.get("_update"):
            summary["current_update"] = {"id": item["_update"], "status": "running"}
        if endpoint == "credentials":
            secret = {entry["id"] for entry in self._credential_fields(item) if entry.get("secret")}
            answer["inputs"] = {key: ENCRYPTED if key in secret else value for key, value in item["inputs"].items()}
        if endpoint == "notification_templates" and item["notification_configuration"].get("password"):
            answer["notification_configuration"] = {**item["notification_configuration"], "password": ENCRYPTED}
        if endpoint == "schedules":
            following = next_run(item["rrule"], datetime.now(UTC)) if item["enabled"] else None
            answer["next_run"] = following.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if following else None
        if endpoint == "workflow_job_template_nodes":
            answer |= {name: sorted(self.linked(item, name)) for name in resource.associations}
        answer |= {"id": item["id"], "type": resource.type, "url": url, "related": related, "summary_fields": summary}
        return {**answer, "created": item["created"], "modified": item["modified"]}

    def linked(self, item: Object, association: str) -> list[int]:
        """Return the ids of what an object is associated with."""
        ids: list[int] = item["_links"].setdefault(association, [])
        return ids

    def associate(self, endpoint: str, identity: int, association: str, data: Mapping[str, Any]) -> None:
        """Link two objects, or part them with `disassociate`."""
        item = self.get(endpoint, identity)
        target = RESOURCES[endpoint].associations[association]
        if set(data) - {"id", "disassociate"} or not isinstance(data.get("id"), int):
            raise RefusedError({"detail": "an association has an id, and disassociate"})
        if all(other["id"] != data["id"] for other in self.all(target)):
            raise RefusedError({"detail": f"{target} has no object with id {data['id']}"})
        ids = self.linked(item, association)
        if data.get("disassociate"):
            ids[:] = [other for other in ids if other != data["id"]]
        elif data["id"] not in ids:
            kinds = [self.get(target, other).get("credential_type") for other in ids]
            if target == "credentials" and self.get(target, data["id"])["credential_type"] in kinds:
                raise RefusedError({"error": "Cannot assign multiple credentials of one type."})
            ids.append(data["id"])

    def set_survey(self, endpoint: str, identity: int, spec: Any) -> None:
        """Store a template's survey; an empty one removes it."""
        if spec:
            check_survey(spec)
        self.get(endpoint, identity)["survey_spec"] = spec

    def delete(self, endpoint: str, identity: int) -> None:
        """Delete an object with what it owns; links to it are forgotten."""
        item = self.get(endpoint, identity)
        if endpoint == "credential_types" and any(
            credential["credential_type"] == identity for credential in self.all("credentials")
        ):
            raise ForbiddenError("Credential types that are in use cannot be deleted")
        del self._objects[endpoint][identity]
        for name, other in list(self._everything()):
            resource = RESOURCES[name]
            for field, rule in resource.fields.items():
                if rule.to and other[field] == identity and self._leads_to(rule.to, item):
                    if field == resource.owned_by and other["id"] in self._objects[name]:
                        self.delete(name, other["id"])
                    else:
                        other[field] = None
            for association in resource.associations:
                links = self.linked(other, association)
                links[:] = [link for link in links if link != identity]

    @staticmethod
    def _leads_to(endpoint: str, item: Object) -> bool:
        return item["_endpoint"] == endpoint or (endpoint == "unified_job_templates" and item["_endpoint"] in UNIFIED)

    def _everything(self) -> Iterator[tuple[str, Object]]:
        for endpoint, objects in self._objects.items():
            for item in objects.values():
                yield endpoint, item

    def start_update(self, project: Object) -> int:
        """Start bringing a project up to date; it is ready when it has been asked about twice."""
        project["_update"] = next(self._ids)
        project["status"] = "running"
        self._polls[project["_update"]] = 0
        return int(project["_update"])

    def update_status(self, identity: int) -> Object:
        """Return a project update as the API tells it."""
        for project in self.all("projects"):
            if project.get("_update") == identity:
                self._polls[identity] += 1
                if self._polls[identity] > 1:
                    project |= {"_update": None, "status": "successful", "scm_revision": f"{identity:040x}"}
                    break
                return {"id": identity, "status": "running", "finished": None, "failed": False}
        if identity not in self._polls:
            raise NotFoundError
        return {"id": identity, "status": "successful", "finished": datetime.now(UTC).isoformat(), "failed": False}
