"""Files, folders and who may read them."""

from __future__ import annotations

import base64
import io
import ntpath
import zipfile
from typing import Any

from ..machine import Access, Machine
from ..paths import key


def file(machine: Machine, given: dict[str, Any], check: bool) -> dict[str, Any]:
    """win_file: a folder that is there, or a path that is not."""
    path, state = given["path"], given.get("state")
    if state == "directory":
        changed = not machine.exists(path)
        if not check:
            machine.make_folder(path)
    elif state == "absent":
        changed = machine.exists(path)
        if not check:
            machine.remove(path)
    else:
        return {"failed": True, "msg": f"win_file: state {state!r} is not modelled"}
    return {"changed": changed}


def copy(machine: Machine, given: dict[str, Any], check: bool) -> dict[str, Any]:
    """win_copy, whose half on the controller asks what differs, sends it, and has it put into place."""
    mode, target = given.get("_copy_mode"), given["dest"]
    if mode == "query":
        missing = [
            one for one in given["files"] if machine.checksum(ntpath.join(target, one["dest"])) != one["checksum"]
        ]
        folders = [one for one in given["directories"] if not machine.exists(ntpath.join(target, one["dest"]))]
        return {"changed": bool(missing or folders), "files": missing, "directories": folders, "symlinks": []}
    if mode == "single":
        if target.endswith(("\\", "/")):
            target = ntpath.join(target, given["_original_basename"])
        machine.write(target, machine.read(given["src"]))
        return {"changed": True, "dest": target, "checksum": machine.checksum(target)}
    if mode == "explode":
        with zipfile.ZipFile(io.BytesIO(machine.read(given["src"]))) as archive:
            for entry in archive.infolist():
                path = ntpath.join(target, base64.b64decode(entry.filename).decode())
                machine.make_folder(path) if entry.is_dir() else machine.write(path, archive.read(entry))
        return {"changed": True, "dest": target}
    return {"failed": True, "msg": f"win_copy: mode {mode!r} is not modelled (check: {check})"}


def stat(machine: Machine, given: dict[str, Any], _: bool) -> dict[str, Any]:
    """win_stat."""
    path = given["path"]
    if not machine.exists(path):
        return {"changed": False, "stat": {"exists": False}}
    content = machine.files[key(path)]
    facts: dict[str, Any] = {"exists": True, "isdir": content is None}
    if content is not None:
        facts |= {"size": len(content), "checksum": machine.checksum(path, given["checksum_algorithm"])}
    return {"changed": False, "stat": facts}


def acl(machine: Machine, given: dict[str, Any], check: bool) -> dict[str, Any]:
    """win_acl: one entry of an access list."""
    path = given["path"]
    if not machine.exists(path):
        return {"failed": True, "msg": f"Unable to find path {path}"}
    entry = Access(given["user"], given["rights"], given["type"])
    entries = machine.access.setdefault(key(path), set())
    wanted = given["state"] == "present"
    changed = (entry in entries) != wanted
    if changed and not check:
        entries.add(entry) if wanted else entries.discard(entry)
    return {"changed": changed}


def acl_inheritance(machine: Machine, given: dict[str, Any], check: bool) -> dict[str, Any]:
    """win_acl_inheritance: whether a path has its folder's access list too."""
    path, wanted = given["path"], given["state"] == "present"
    if not machine.exists(path):
        return {"failed": True, "msg": f"{path} file or directory does not exist on the host"}
    inherits = key(path) not in machine.closed
    if inherits != wanted and not check:
        machine.closed.discard(key(path)) if wanted else machine.closed.add(key(path))
    return {"changed": inherits != wanted}


def unzip(machine: Machine, given: dict[str, Any], check: bool) -> dict[str, Any]:
    """win_unzip."""
    if "creates" in given and machine.exists(given["creates"]):
        return {"changed": False, "skipped": True}
    if not machine.exists(given["src"]):
        return {"failed": True, "msg": f"File '{given['src']}' does not exist."}
    if not check:
        with zipfile.ZipFile(io.BytesIO(machine.read(given["src"]))) as archive:
            for entry in archive.infolist():
                path = ntpath.join(given["dest"], entry.filename)
                machine.make_folder(path) if entry.is_dir() else machine.write(path, archive.read(entry))
    return {"changed": True}
