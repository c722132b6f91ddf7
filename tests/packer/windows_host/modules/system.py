"""Services, tasks, the registry and the like."""

from __future__ import annotations

from typing import Any

from ..machine import Machine
from ..paths import key


def setup(_: Machine, __: dict[str, Any], ___: bool) -> dict[str, Any]:
    """The facts of the host, as far as roles commonly ask."""
    facts = {
        "ansible_os_family": "Windows",
        "ansible_distribution": "Microsoft Windows Server 2022 Datacenter",
        "ansible_distribution_version": "10.0.20348.0",
    }
    return {"changed": False, "ansible_facts": facts}


def service(machine: Machine, given: dict[str, Any], check: bool) -> dict[str, Any]:
    """win_service: of a service that an installer or a program has made."""
    name = given["name"]
    found = machine.services.get(name.lower())
    if found is None:
        return {"failed": True, "msg": f"Service '{name}' was not found and 'path' is not set"}
    settings = {key: value for key, value in given.items() if key not in ("name", "state", "dependency_action")}
    if "username" in settings:
        settings["username"] = settings["username"].removeprefix(".\\")
    wanted = {**settings, "state": given.get("state", found["state"])}
    mode = settings.get("start_mode", found["start_mode"])
    if given.get("state") in ("started", "restarted") and mode == "disabled":
        return {"failed": True, "msg": f"Service '{name}' is disabled and cannot be started"}
    restart = wanted["state"] == "restarted"
    if restart:
        wanted["state"] = "started"
    defaults = {"desktop_interact": False, "force_dependent_services": False}
    changed = restart or any(found.get(key, defaults.get(key)) != value for key, value in wanted.items())
    if changed and not check:
        found.update(wanted)
    return {"changed": changed, "exists": True, **found}


def service_info(machine: Machine, given: dict[str, Any], _: bool) -> dict[str, Any]:
    """win_service_info."""
    name = given.get("name", "").lower()
    found = [one for key, one in machine.services.items() if name in ("", key)]
    return {"changed": False, "exists": bool(found), "services": found}


def user_right(machine: Machine, given: dict[str, Any], check: bool) -> dict[str, Any]:
    """win_user_right: accounts that are added to those with a right."""
    if given["action"] != "add":
        return {"failed": True, "msg": f"win_user_right: action {given['action']!r} is not modelled"}
    missing = set(given["users"]) - machine.rights.get(given["name"], set())
    if not check:
        machine.rights.setdefault(given["name"], set()).update(missing)
    return {"changed": bool(missing)}


def regedit(machine: Machine, given: dict[str, Any], check: bool) -> dict[str, Any]:
    """win_regedit: one value."""
    place = (key(given["path"]), given.get("name", ""))
    before, wanted = machine.registry.get(place), given.get("data") if given["state"] == "present" else None
    if before != wanted and not check:
        if wanted is None:
            machine.registry.pop(place)
        else:
            machine.registry[place] = wanted
    return {"changed": before != wanted}


def scheduled_task(machine: Machine, given: dict[str, Any], check: bool) -> dict[str, Any]:
    """win_scheduled_task: what is not given stays as it is."""
    place = key(given["path"] + "\\" + given["name"])
    before = machine.tasks.get(place)
    if given["state"] == "absent":
        if not check:
            machine.tasks.pop(place, None)
        return {"changed": before is not None}
    if before is None and "actions" not in given:
        return {"failed": True, "msg": f"{given['name']}: a new task needs actions"}
    wanted = {**(before or {}), **given}
    changed = before is None or any(before.get(name) != value for name, value in given.items() if name in _SETTINGS)
    if changed and not check:
        machine.tasks[place] = wanted
    return {"changed": changed}


_SETTINGS = {
    "actions",
    "triggers",
    "enabled",
    "username",
    "run_level",
    "multiple_instances",
    "execution_time_limit",
    "description",
    "allow_demand_start",
    "start_when_available",
}


def power_plan(machine: Machine, given: dict[str, Any], check: bool) -> dict[str, Any]:
    """win_power_plan."""
    changed = machine.power_plan != given["name"]
    if not check:
        machine.power_plan = given["name"]
    return {"changed": changed}


def timezone(machine: Machine, given: dict[str, Any], check: bool) -> dict[str, Any]:
    """win_timezone."""
    changed = machine.timezone != given["timezone"]
    if not check:
        machine.timezone = given["timezone"]
    return {"changed": changed}
