"""What each Ansible module does to the machine. A module that is not here is refused: teach it, or do without it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..machine import Machine
from . import files, network, programs, system

Handler = Callable[[Machine, dict[str, Any], bool], dict[str, Any]]
"""Takes the machine, the arguments by their main names and whether only to check; returns the module's answer."""

HANDLERS: Mapping[str, Handler] = {
    "ansible.windows.setup": system.setup,
    "ansible.windows.win_acl": files.acl,
    "ansible.windows.win_acl_inheritance": files.acl_inheritance,
    "ansible.windows.win_command": programs.command,
    "ansible.windows.win_copy": files.copy,
    "ansible.windows.win_file": files.file,
    "ansible.windows.win_get_url": network.get_url,
    "ansible.windows.win_listen_ports_facts": network.listen_ports_facts,
    "ansible.windows.win_package": programs.package,
    "ansible.windows.win_powershell": programs.powershell,
    "ansible.windows.win_regedit": system.regedit,
    "ansible.windows.win_service": system.service,
    "ansible.windows.win_service_info": system.service_info,
    "ansible.windows.win_stat": files.stat,
    "ansible.windows.win_timezone": system.timezone,
    "ansible.windows.win_uri": network.uri,
    "ansible.windows.win_user_right": system.user_right,
    "community.windows.win_firewall_rule": network.firewall_rule,
    "community.windows.win_power_plan": system.power_plan,
    "community.windows.win_scheduled_task": system.scheduled_task,
    "community.windows.win_unzip": files.unzip,
}

WITHOUT_CHECK_MODE = frozenset({"ansible.windows.win_acl", "ansible.windows.win_command"})
"""Modules that do nothing in check mode, by their own declaration (`supports_check_mode` in their PowerShell)."""
