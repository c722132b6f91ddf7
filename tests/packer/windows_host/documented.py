"""Which modules there are and which arguments they take, from their own documentation (`ansible-doc --json`).

On Windows a module checks its arguments itself, in PowerShell that does not run here. This takes that check's place.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_BY_ITS_ACTION_PLUGIN = {
    "ansible.windows.win_copy": {"_copy_mode", "_original_basename", "files", "directories", "symlinks"},
}
"""Arguments that the controller's half of a module passes to the other half: not documented, not for tasks."""


def normalised(module: str, arguments: Mapping[str, Any], known: Iterable[str]) -> dict[str, Any]:
    """Return a module's arguments by their main names, with the defaults; those without either are left out.

    Raises:
        ValueError: the module is none of those known, or its documentation does not allow these arguments.
    """
    options = _options(tuple(sorted(known))).get(module)
    if options is None:
        raise ValueError(f"{module}: this stand-in does not know what the module does")
    internal = _BY_ITS_ACTION_PLUGIN.get(module, set())
    private = {key: value for key, value in arguments.items() if key in internal}
    public = {key: value for key, value in arguments.items() if key not in internal}
    required = not private
    return {**_checked(module, options, public, required=required), **private}


def _checked(where: str, options: Mapping[str, Any], given: Mapping[str, Any], *, required: bool) -> dict[str, Any]:
    names = {alias: name for name, option in options.items() for alias in (name, *option.get("aliases", []))}
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise ValueError(
            f"{where}: unsupported parameters: {', '.join(unknown)}. Supported: {', '.join(sorted(options))}"
        )
    by_name = {names[key]: value for key, value in given.items() if value is not None}
    found = {}
    for name, option in options.items():
        value = by_name.get(name, option.get("default"))
        if value is None:
            if option.get("required") and required:
                raise ValueError(f"{where}: missing required argument: {name}")
            continue
        found[name] = _value(f"{where}: {name}", option, value)
    return found


def _value(where: str, option: Mapping[str, Any], value: Any) -> Any:
    kind = option.get("type")
    if kind == "list" and not isinstance(value, list):
        value = [part.strip() for part in value.split(",")] if isinstance(value, str) else [value]
    if kind == "bool" and not isinstance(value, bool):
        value = {"yes": True, "true": True, "no": False, "false": False}.get(str(value).lower(), value)
        if not isinstance(value, bool):
            raise ValueError(f"{where}: {value!r} is no boolean")
    if kind == "int":
        value = int(value)
    if kind == "str":
        value = str(value)
    choices = option.get("choices")
    for one in value if isinstance(value, list) else [value]:
        if choices and one not in choices:
            raise ValueError(f"{where}: value must be one of {', '.join(map(str, choices))}, got {one!r}")
    inner = option.get("suboptions")
    if inner and isinstance(value, list):
        return [_checked(where, inner, one, required=True) if isinstance(one, dict) else one for one in value]
    if inner and isinstance(value, dict):
        return _checked(where, inner, value, required=True)
    return value


@functools.cache
def _options(modules: tuple[str, ...]) -> Mapping[str, Mapping[str, Any]]:
    """Return the options of modules; all at once, because each call of ansible-doc takes about a second."""
    command = [str(Path(sys.executable).with_name("ansible-doc")), "--json", "--type", "module", *modules]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return {name: found["doc"].get("options", {}) for name, found in json.loads(answer.stdout).items()}
