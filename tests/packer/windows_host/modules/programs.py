"""Installers, programs and scripts: nothing of them runs here. What they would leave behind is written down."""

from __future__ import annotations

import ntpath
import re
import shlex
import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any

from ..machine import Machine
from ..paths import is_below

_PYTHON = r"C:\Program Files\Pixel\Python"
_SIGNALLING = "PixelSignalling"


def package(machine: Machine, given: dict[str, Any], check: bool) -> dict[str, Any]:
    """win_package: runs an installer unless what it would leave is there."""
    present = ("creates_path" in given and machine.exists(given["creates_path"])) or (
        "creates_service" in given and given["creates_service"].lower() in machine.services
    )
    if present:
        return {"changed": False, "rc": 0}
    if not machine.exists(given["path"]):
        return {"failed": True, "msg": f"the file at the path '{given['path']}' cannot be reached"}
    if check:
        return {"changed": True, "rc": 0}
    name = ntpath.basename(given["path"]).lower()
    for pattern, install in _INSTALLERS.items():
        if re.search(pattern, name):
            install(machine)
            code = 1603 if pattern in machine.broken else 0
            return {"changed": True, "rc": code, "failed": code not in given["expected_return_code"], "msg": name}
    return {"failed": True, "msg": f"{name}: no installer that this stand-in knows"}


def _install_driver(machine: Machine) -> None:
    if "driver" not in machine.broken:
        machine.write(r"C:\Windows\System32\nvidia-smi.exe", b"MZ")
    machine.write(r"C:\Windows\System32\DriverStore\FileRepository\nvgridsw\nvidia.inf", b"")


def _install_python(machine: Machine) -> None:
    for name in ("python.exe", "pythonw.exe", "python311.dll"):
        machine.write(ntpath.join(_PYTHON, name), b"MZ")


def _install_agent(machine: Machine) -> None:
    machine.services["amazoncloudwatchagent"] = {
        "name": "AmazonCloudWatchAgent",
        "start_mode": "manual",
        "state": "stopped",
    }
    machine.write(r"C:\Program Files\Amazon\AmazonCloudWatchAgent\amazon-cloudwatch-agent-ctl.ps1", b"")


_INSTALLERS: dict[str, Callable[[Machine], None]] = {
    r"^driver.*\.exe$": _install_driver,
    r"^python.*\.exe$": _install_python,
    r"^cloudwatch.*\.msi$": _install_agent,
    r"^ue\w*prereqsetup.*\.exe$": lambda machine: machine.write(r"C:\Windows\System32\vcruntime140.dll", b"MZ"),
}


def command(machine: Machine, given: dict[str, Any], _: bool) -> dict[str, Any]:
    """win_command: a program with its arguments."""
    if "creates" in given and machine.exists(given["creates"]):
        return {"changed": False, "skipped": True, "rc": 0, "stdout": "", "stderr": ""}
    words = given.get("argv") or shlex.split(given.get("_raw_params") or given.get("cmd", ""), posix=False)
    words = [word.strip('"') for word in words]
    if not machine.exists(words[0]):
        return {"failed": True, "rc": 2, "msg": f"{words[0]}: the system cannot find the file specified"}
    name, text = ntpath.basename(words[0]).lower(), " ".join(words[1:])
    for program, pattern, run in _PROGRAMS:
        if name == program and re.search(pattern, text):
            return {"changed": True, "stderr": "", "cmd": words, **run(machine, words)}
    return {"failed": True, "rc": 1, "msg": f"{name} {text}: no command that this stand-in knows"}


def _pip_install(machine: Machine, words: list[str]) -> dict[str, Any]:
    """Install from the folder of wheels, and from nowhere else; every requirement must be there."""
    if "--no-index" not in words or "--require-hashes" not in words:
        return {"failed": True, "rc": 1, "msg": "pip install would ask an index, or take what has no hash"}
    wheels = words[words.index("--find-links") + 1]
    requirements = machine.read(words[words.index("--requirement") + 1]).decode()
    wanted = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", requirements, re.MULTILINE)
    for project, version in wanted:
        stem = f"{re.sub(r'[-_.]+', '_', project).lower()}-{version}-"
        found = [path for path in machine.files if is_below(path, wheels) and ntpath.basename(path).startswith(stem)]
        if not found:
            return {"failed": True, "rc": 1, "msg": f"No matching distribution found for {project}=={version}"}
        machine.write(rf"{_PYTHON}\Lib\site-packages\{stem[:-1]}.dist-info\METADATA", b"")
        if project.lower() == "pywin32":
            machine.write(rf"{_PYTHON}\pythonservice.exe", b"MZ")
        if project.lower() == "mitlab-pixel":
            with zipfile.ZipFile(BytesIO(machine.read(found[0]))) as wheel:
                if "pixel/cli.py" not in wheel.namelist():
                    return {"failed": True, "rc": 1, "msg": "the wheel of mitlab-pixel has no pixel/cli.py"}
            machine.write(rf"{_PYTHON}\Scripts\pixel.exe", b"MZ")
    return {"rc": 0, "stdout": f"Successfully installed {len(wanted)} wheels"}


def _service_install(machine: Machine, words: list[str]) -> dict[str, Any]:
    config = words[words.index("--config") + 1]
    if not machine.exists(config):
        return {"failed": True, "rc": 2, "msg": f"the settings file {config}, given with --config, does not exist"}
    machine.services[_SIGNALLING.lower()] = {
        "name": _SIGNALLING,
        "path": rf'"{_PYTHON}\pythonservice.exe"',
        "username": "LocalSystem",
        "start_mode": "auto",
        "state": "stopped",
    }
    return {"rc": 0, "stdout": "installed"}


def _nvidia_smi(machine: Machine, _: list[str]) -> dict[str, Any]:
    loaded = machine.boots > 1 and "driver-not-loaded" not in machine.broken
    return {"rc": 0, "stdout": "Tesla T4, 582.16\r\n"} if loaded else {"failed": True, "rc": 9, "msg": "no driver"}


_PROGRAMS: list[tuple[str, str, Callable[[Machine, list[str]], dict[str, Any]]]] = [
    ("python.exe", r"^-m pip install ", _pip_install),
    ("pixel.exe", r"^signalling service install --config ", _service_install),
    ("pixel.exe", r"^signalling check ", lambda *_: {"rc": 0, "stdout": "ok"}),
    ("nvidia-smi.exe", "", _nvidia_smi),
]


def powershell(machine: Machine, given: dict[str, Any], check: bool) -> dict[str, Any]:
    """win_powershell: a script of the role, known by what it calls."""
    script, parameters = given["script"], given.get("parameters", {})
    for cmdlet, run in _SCRIPTS.items():
        if cmdlet in script:
            return {"output": [], "error": [], "host_out": "", **run(machine, parameters, check)}
    return {"failed": True, "msg": "a script that this stand-in does not know"}


def _exclude(machine: Machine, parameters: dict[str, Any], check: bool) -> dict[str, Any]:
    missing = set(parameters["Folder"].split("|")) - machine.defender_exclusions
    if not check:
        machine.defender_exclusions |= missing
    return {"changed": bool(missing), "result": {}}


_SECRET = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|aws_secret_access_key")


def _find_secrets(machine: Machine, parameters: dict[str, Any], _: bool) -> dict[str, Any]:
    found = [
        path
        for path, content in machine.files.items()
        if content and any(is_below(path, folder) for folder in parameters["Folders"]) and _SECRET.search(content)
    ]
    return {"changed": False, "result": {"found": found}}


_SCRIPTS: dict[str, Callable[[Machine, dict[str, Any], bool], dict[str, Any]]] = {
    "Add-MpPreference": _exclude,
    "Select-String": _find_secrets,
}
