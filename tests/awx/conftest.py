"""playbooks/awx.yml against a stand-in of AWX, which all tests share; they run in one process, for it takes a while."""

from __future__ import annotations

import copy
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from playbook_runs import ROOT, Run, run_playbook

from .stand_in.server import Awx, running_awx

CLASS = {"name": "robotics", "weekdays": ["mon", "wed"], "start": "10:00", "end": "12:00", "seats": 6}
SETTINGS = {"pixel_time_zone": "Europe/Berlin", "pixel_classes": [CLASS]}
"""What the first run is given."""
SANDBOX = {"region": "us-east-2", "zone": "pixel.test", "zone_id": "Z0", "lease_table": "pixel-leases"}


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[Awx, str]]:
    """An AWX that nothing has been done to yet, and its address."""
    with running_awx(ROOT) as served:
        yield served


@pytest.fixture(scope="session")
def awx(served: tuple[Awx, str]) -> Awx:
    """The AWX that the playbook finds."""
    return served[0]


@pytest.fixture(scope="session")
def apply(served: tuple[Awx, str], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Run]:
    """Run playbooks/awx.yml as an operator would: `apply(pixel_awx_image="…")`."""
    awx, address = served
    state = tmp_path_factory.mktemp("state")
    (state / "sandbox.json").write_text(json.dumps(SANDBOX))
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PIXEL_SANDBOX_STATE": str(state),
        "CONTROLLER_USERNAME": awx.username,
        "CONTROLLER_PASSWORD": awx.password,
        # Each of some two hundred requests would read the system's certificates, for plain HTTP.
        "SSL_CERT_FILE": os.devnull,
        "SSL_CERT_DIR": os.devnull,
    }

    def run(**variables: Any) -> Run:
        awx.requests.clear()
        return run_playbook("awx", environment, **{"pixel_awx": {"controller_host": address}, **variables})

    return run


@pytest.fixture(scope="session")
def applied(apply: Callable[..., Run]) -> Run:
    """The first run."""
    return apply(**SETTINGS)


@pytest.fixture(scope="session")
def job_templates(awx: Awx, applied: Run) -> dict[str, dict[str, Any]]:
    """The job templates as the first run left them, by the name of their playbook, with their surveys."""
    return {Path(item["playbook"]).stem: copy.deepcopy(item) for item in awx.store.all("job_templates")}
