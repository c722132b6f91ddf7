"""Downloads, the firewall, and what listens where."""

from __future__ import annotations

import hashlib
import tomllib
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from ..machine import Machine

_SETTINGS = r"C:\ProgramData\Pixel\signalling\signalling.toml"
_DEFAULTS = {
    "http": {"host": "0.0.0.0", "port": 443, "redirect_port": 80},
    "streamer": {"host": "127.0.0.1", "port": 8888},
}


def get_url(machine: Machine, given: dict[str, Any], check: bool) -> dict[str, Any]:
    """win_get_url: really fetches, and compares the checksum as the module does."""
    target, algorithm, wanted = given["dest"], given["checksum_algorithm"], given.get("checksum", "").lower()
    if machine.exists(target) and (not given["force"] or (wanted and machine.checksum(target, algorithm) == wanted)):
        return {"changed": False, "dest": target}
    if check:
        return {"changed": True, "dest": target}
    try:
        with urllib.request.urlopen(given["url"], timeout=30) as answer:
            content = answer.read()
    except (urllib.error.URLError, OSError) as error:
        return {
            "failed": True,
            "msg": f"Unknown error downloading '{given['url'].split('?')[0]}' to '{target}': {error}",
        }
    found = hashlib.new(algorithm, content).hexdigest()
    if wanted and found != wanted:
        return {"failed": True, "msg": f"The checksum for {target} did not match '{wanted}', it was '{found}'"}
    machine.write(target, content)
    return {"changed": True, "dest": target, "checksum_dest": found}


def firewall_rule(machine: Machine, given: dict[str, Any], check: bool) -> dict[str, Any]:
    """win_firewall_rule: what is not given stays as it is."""
    name = given.get("name", given.get("group", ""))
    before = machine.firewall.get(name)
    if given["state"] == "absent":
        if not check:
            machine.firewall.pop(name, None)
        return {"changed": before is not None}
    if before is None and ("direction" not in given or "action" not in given):
        return {"failed": True, "msg": f"{name}: a new rule needs a direction and an action"}
    wanted = {**(before or {}), **given}
    if wanted != before and not check:
        machine.firewall[name] = wanted
    return {"changed": wanted != before}


def listeners(machine: Machine) -> list[tuple[str, int]]:
    """Return the addresses and ports that something listens on."""
    found: list[tuple[str, Any]] = []
    if machine.services["winrm"]["state"] == "started":
        found.append(("::", 5986))
    signalling = machine.services.get("pixelsignalling")
    if signalling and signalling["state"] == "started":
        written = tomllib.loads(machine.read(_SETTINGS).decode())
        http, streamer = (_DEFAULTS[name] | written.get(name, {}) for name in ("http", "streamer"))
        found += [(http["host"], http["port"]), (http["host"], http["redirect_port"])]
        found.append(("0.0.0.0" if "streamer-open" in machine.broken else streamer["host"], streamer["port"]))
    return [(str(address), int(port)) for address, port in found if port != "off"]


def listen_ports_facts(machine: Machine, _: dict[str, Any], __: bool) -> dict[str, Any]:
    """win_listen_ports_facts."""
    listening = [{"address": address, "port": port, "protocol": "tcp"} for address, port in listeners(machine)]
    return {"changed": False, "ansible_facts": {"tcp_listen": listening, "udp_listen": []}}


def uri(machine: Machine, given: dict[str, Any], _: bool) -> dict[str, Any]:
    """win_uri: asks the machine's own service."""
    url = urlsplit(given["url"])
    port = url.port or (443 if url.scheme == "https" else 80)
    if port not in {port for _, port in listeners(machine)}:
        return {"failed": True, "changed": False, "msg": f"Unable to connect to the remote server: {given['url']}"}
    if "healthz" in machine.broken:
        return {
            "failed": True,
            "changed": False,
            "status_code": 503,
            "msg": "Status code of request '503' is not in list",
        }
    return {"changed": False, "status_code": 200, "url": given["url"]}
