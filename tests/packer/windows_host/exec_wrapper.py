"""Reads what Ansible's connection plugin sends to PowerShell: the exec wrapper's manifest, and from it the call.

The form is ansible-core's own (lib/ansible/executor/powershell): JSON of the bootstrap, four NUL bytes on a line, JSON
of the manifest, and for a file that is sent another such line and its content in lines of base64.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import Any

_SEPARATOR = re.compile(rb"\r?\n\0\0\0\0\r?\n")


@dataclass(frozen=True)
class ModuleCall:
    """One call of a module.

    Attributes:
        name: in full, as `ansible.windows.win_service`.
        arguments: those of the task.
        check: whether it may only tell what it would change.
    """

    name: str
    arguments: dict[str, Any]
    check: bool


@dataclass(frozen=True)
class FileSent:
    """A file for the host."""

    path: str
    content: bytes


@dataclass(frozen=True)
class HelperScript:
    """One of ansible-core's own helpers, such as the one that makes a temporary folder."""

    name: str
    parameters: dict[str, Any]


def is_wrapped(stdin: bytes) -> bool:
    """Tell whether the text for PowerShell comes from Ansible's exec wrapper."""
    return _SEPARATOR.search(stdin) is not None


def decode(stdin: bytes) -> ModuleCall | FileSent | HelperScript:
    """Return what Ansible asks for.

    Raises:
        ValueError: not the form that this version of ansible-core is known to use.
    """
    parts = _SEPARATOR.split(stdin)
    try:
        action = json.loads(parts[1])["actions"][-1]
        name, parameters = action["name"], action["params"]
        if name == "module_wrapper.ps1":
            return _module_call(parameters)
        if name == "winrm_put_file.ps1":
            lines = b"\n".join(parts[2:]).split()
            return FileSent(parameters["Path"], b"".join(base64.b64decode(line) for line in lines))
    except (IndexError, KeyError, TypeError) as error:
        raise ValueError(f"an exec wrapper of another form than ansible-core's: {error!r}") from None
    return HelperScript(name, parameters)


def _module_call(parameters: dict[str, Any]) -> ModuleCall:
    script = str(parameters["Script"]).removesuffix(".ps1")
    name = script.removeprefix("ansible_collections.").replace(".plugins.modules.", ".")
    given = next(one["Value"] for one in parameters["Variables"] if one["Name"] == "complex_args")
    arguments = {key: value for key, value in given.items() if not key.startswith("_ansible_")}
    return ModuleCall(name, arguments, bool(given.get("_ansible_check_mode")))
