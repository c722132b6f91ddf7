"""Wrong settings: one clear message that names the setting and the mend, no traceback, and nothing changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pixel.sandbox.testing import RunningSandbox
from playbook_runs import Run

Playbook = Callable[..., Run]
Image = Callable[..., str]


def reads_only(sandbox: RunningSandbox) -> bool:
    """Whether nothing but reading calls were made."""
    reading = ("Describe", "List", "Scan", "Get", "Query", "BatchGet")
    return all(action.split(".")[1].startswith(reading) for action in sandbox.calls())


@pytest.mark.parametrize(
    ("name", "variables", "told"),
    [
        ("release", {"pixel_release": "v1.0"}, ["pixel_release", "v1.0", "SemVer"]),
        ("release", {"pixel_release": "2.0.0"}, ["2.0.0", "playbooks/image.yml", "1.0.0"]),
        ("rollback", {"pixel_release": "0.9.0"}, ["0.9.0"]),
        ("release", {"pixel_release": "1.0.0", "pixel_size": -1}, ["pixel_size", "-1", "pixel_max_size"]),
        ("release", {"pixel_release": "1.0.0", "pixel_size": 21}, ["pixel_size", "21", "20"]),
        ("release", {"pixel_release": "1.0.0", "pixel_strategy": "slowly"}, ["pixel_strategy", "slowly", "gradual"]),
        ("rollback", {"pixel_release": "1.0.0", "pixel_batch": 0}, ["pixel_batch", "0", "1 or more"]),
        ("power", {"pixel_power_tags": {}}, ["tags"]),
        ("dns_prune", {"pixel_zone": "example.org"}, ["example.org", "pixel.test"]),
        ("fleet", {"pixel_pool": ""}, ["pixel_pool"]),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_wrong_settings_are_told_and_change_nothing(
    sandbox: RunningSandbox, playbook: Playbook, image: Image, name: str, variables: dict[str, Any], told: list[str]
) -> None:
    image("1.0.0")
    sandbox.reset_calls()

    run = playbook(name, **variables)

    assert not run.ok
    assert [word for word in told if word not in run.message] == [], run.message
    assert "Traceback" not in run.output
    assert reads_only(sandbox), sandbox.calls()


def test_an_image_that_was_never_verified_is_not_released(playbook: Playbook, image: Image) -> None:
    image("1.0.0", verified=False)

    run = playbook("release", pixel_release="1.0.0")

    assert not run.ok
    assert "never verified" in run.message
    assert "pixel_allow_unverified" in run.message


def test_wrong_credentials_are_told_at_once(sandbox: RunningSandbox, playbook: Playbook, state_folder: Path) -> None:
    written = json.loads((state_folder / "sandbox.json").read_text())
    aws = {
        "region": written["region"],
        "endpoint_url": written["endpoint"],
        "access_key": "AKIAWRONG",
        "secret_key": "wrong",
    }

    run = playbook("power", pixel_aws=aws)

    assert not run.ok
    assert "credentials" in run.message.lower()
    assert "Traceback" not in run.output


def test_an_endpoint_that_nobody_answers_is_told_at_once(playbook: Playbook, unused_tcp_port: int) -> None:
    aws = {
        "region": "us-east-2",
        "endpoint_url": f"http://127.0.0.1:{unused_tcp_port}",
        "access_key": "AKIANOBODY",
        "secret_key": "nobody",
    }

    run = playbook("power", pixel_aws=aws)

    assert not run.ok
    assert f"127.0.0.1:{unused_tcp_port}" in run.message
    assert "Traceback" not in run.output
    assert run.seconds < 60
