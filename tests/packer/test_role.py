"""The role on the stand-in host, without Packer."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from self_signed import self_signed

from .builder import PROGRAM, installed_files, small_wheelhouse
from .windows_host.host import Host, running_host
from .workshop import ANSIBLE_PLAYBOOK, ROOT

PASSWORD = "of the test"
PLAY = """
- hosts: all
  gather_facts: false
  roles: [mitlab.pixel.streaming_host]
"""


class Run:
    """Runs the role against one host."""

    def __init__(self, host: Host, folder: Path, port: int, files: str) -> None:
        self.host, self._folder = host, folder
        fullchain, privkey = self_signed(["*.pixel.test"], ends=timedelta(days=90))
        sources = installed_files(folder)
        wheelhouse = small_wheelhouse(folder / "wheelhouse.zip")
        sources["pixel_wheelhouse"] = {
            "source": str(wheelhouse),
            "sha256": hashlib.sha256(wheelhouse.read_bytes()).hexdigest(),
        }
        url = {
            name: {"url": f"{files}/{Path(one['source']).name}", "sha256": one["sha256"]}
            for name, one in sources.items()
        }
        variables = {
            "ansible_connection": "winrm",
            "ansible_winrm_transport": "basic",
            "ansible_winrm_scheme": "https",
            "ansible_winrm_server_cert_validation": "ignore",
            "ansible_host": "127.0.0.1",
            "ansible_port": port,
            "ansible_user": "Administrator",
            "ansible_password": PASSWORD,
            "streaming_host_pool": "drone",
            "streaming_host_build": url["pixel_build"],
            "streaming_host_executable": PROGRAM,
            "streaming_host_driver": url["pixel_driver"],
            "streaming_host_python_installer": url["pixel_python"],
            "streaming_host_wheelhouse": url["pixel_wheelhouse"],
            "streaming_host_cloudwatch_agent": url["pixel_cloudwatch_agent"],
            "streaming_host_certificate": {"fullchain": fullchain, "privkey": privkey},
            "streaming_host_certificate_secret": "pixel/certificate",
            "streaming_host_service_settings": {"lifecycle": {"enabled": True, "lease_table": "pixel-leases"}},
        }
        (folder / "variables.json").write_text(json.dumps(variables))
        (folder / "play.yml").write_text(PLAY)

    def __call__(self, *options: str) -> str:
        run = subprocess.run(
            [
                *(str(ANSIBLE_PLAYBOOK), "--inventory", "host,", "--extra-vars", f"@{self._folder}/variables.json"),
                *(*options, str(self._folder / "play.yml")),
            ],
            cwd=ROOT,
            env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stdout
        return run.stdout


@pytest.fixture
def role(tmp_path: Path) -> Iterator[Run]:
    class Files(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(tmp_path))  # type: ignore[arg-type] # as the server calls it

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the name of the base class
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        with running_host(tmp_path, PASSWORD) as (host, port):
            yield Run(host, tmp_path, port, f"http://127.0.0.1:{server.server_address[1]}")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.slow
def test_a_check_changes_nothing_and_says_so_of_a_host_that_was_never_set_up(role: Run) -> None:
    before = dict(role.host.machine.files)
    said = role("--check")
    assert "this host was never set up" in said
    assert {path for path in role.host.machine.files if path not in before and "ansible" not in path} == set()
    assert role.host.machine.services["w32time"]["start_mode"] == "manual"


@pytest.mark.slow
def test_a_second_run_changes_nothing(role: Run) -> None:
    role()
    before = len(role.host.journal.changed())
    assert "changed=0" in role()
    assert len(role.host.journal.changed()) == before


@pytest.mark.soak
def test_a_check_of_a_host_that_was_set_up_finds_nothing_to_change(role: Run) -> None:
    role()
    assert "changed=0" in role("--check")
