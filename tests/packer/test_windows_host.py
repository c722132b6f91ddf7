"""The stand-in host is as strict as the real one where a mistake would go unseen."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from .windows_host import exec_wrapper, paths
from .windows_host.host import Host
from .windows_host.journal import Journal
from .windows_host.machine import Machine


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(Machine(), Journal(tmp_path / "journal"), lambda: None)


def wrapped(script: str, variables: list[dict[str, Any]]) -> bytes:
    """Return what Ansible's exec wrapper sends for a module."""
    action = {"name": "module_wrapper.ps1", "params": {"Script": script, "Variables": variables}}
    return b"{}\n\0\0\0\0\n" + json.dumps({"actions": [action]}).encode()


def call(host: Host, module: str, *, check: bool = False, **arguments: Any) -> dict[str, Any]:
    namespace, collection, name = module.split(".")
    value = {**arguments, "_ansible_check_mode": check}
    script = f"ansible_collections.{namespace}.{collection}.plugins.modules.{name}.ps1"
    output = host.run("PowerShell", wrapped(script, [{"Name": "complex_args", "Value": value}]))
    answer: dict[str, Any] = json.loads(output.stdout)
    return answer


@given(st.lists(st.text("abcXYZ019 ", min_size=1).map(str.strip).filter(bool), min_size=1))
def test_slashes_and_case_do_not_make_another_file(parts: list[str]) -> None:
    backward, forward = "C:\\" + "\\".join(parts), "c:/" + "/".join(parts).upper()
    assert paths.key(backward) == paths.key(forward)


def test_an_argument_that_is_not_documented_is_refused(host: Host) -> None:
    answer = call(host, "ansible.windows.win_service", name="WinRM", startmode="disabled")
    assert answer["failed"] and "unsupported parameters: startmode" in answer["msg"]


def test_a_value_that_is_none_of_the_choices_is_refused(host: Host) -> None:
    assert "must be one of" in call(host, "ansible.windows.win_service", name="WinRM", start_mode="off")["msg"]


def test_a_required_argument_that_is_missing_is_told(host: Host) -> None:
    assert "missing required argument: name" in call(host, "ansible.windows.win_service", state="started")["msg"]


def test_a_module_that_is_not_modelled_is_refused(host: Host) -> None:
    assert call(host, "ansible.windows.win_hosts", canonical_name="x", state="present")["failed"]


def test_check_mode_tells_a_change_and_makes_none(host: Host) -> None:
    assert call(host, "ansible.windows.win_file", check=True, path=r"C:\New", state="directory")["changed"]
    assert not host.machine.exists(r"C:\New")


def test_a_program_that_is_not_installed_cannot_be_run(host: Host) -> None:
    answer = call(host, "ansible.windows.win_command", argv=[r"C:\Windows\System32\nvidia-smi.exe"])
    assert answer["failed"] and "cannot find the file" in answer["msg"]


def test_an_encoded_script_is_decoded_however_deep(host: Host) -> None:
    inner = base64.b64encode('echo "hello"'.encode("utf-16-le")).decode()
    outer = base64.b64encode(f"PowerShell -EncodedCommand {inner}".encode("utf-16-le")).decode()
    assert host.run(f"PowerShell -EncodedCommand {outer}", b"").stdout == "hello\r\n"


def test_an_exec_wrapper_of_another_form_is_refused_clearly() -> None:
    with pytest.raises(ValueError, match="another form"):
        exec_wrapper.decode(b"{}\n\0\0\0\0\n{}")
