"""What cannot be meant is refused with one message that names the option and the mend, and nothing is changed."""

from __future__ import annotations

import time
from typing import Any

import pytest
from ansible_collections.mitlab.pixel.tests.module.conftest import Modules

CHANGES = ("Create", "Run", "Start", "Stop", "Terminate", "Modify", "Delete", "Change", "Deregister", "Put", "Update")
TEMPLATE: dict[str, Any] = {"name": "pixel-drone", "pool": "drone", "release": "1.0.0"}


def message(modules: Modules, module: str, **options: Any) -> str:
    """Run a module that must fail without a traceback and without a change; return its message."""
    result = modules.run(module, **options)
    assert result.failed
    assert "Traceback" not in str(result.json)
    assert not [action for action in result.calls if action.split(".")[1].startswith(CHANGES)]
    return str(result["msg"])


def fleet(modules: Modules, **more: Any) -> str:
    options = {"pool": "drone", "launch_template": "pixel-drone", "size": 1, "subnets": ["subnet-1"], **more}
    return message(modules, "fleet", **options)


def test_a_size_below_zero(modules: Modules) -> None:
    said = fleet(modules, size=-1)
    assert said == "size is -1: give 0 for no members, or a number up to max_size, which is 100"


def test_a_batch_below_zero(modules: Modules) -> None:
    assert fleet(modules, batch=-1) == "batch is -1: give how many members to launch at a time, or 0 for all"


def test_a_size_above_the_cap(modules: Modules) -> None:
    said = fleet(modules, size=21, max_size=20)
    assert said == "size is 21, above the cap max_size, which is 20: lower size or raise max_size"


def test_an_unknown_launch_template(modules: Modules) -> None:
    assert fleet(modules).startswith("launch template pixel-drone does not exist")


def test_an_unknown_release_names_those_there_are(modules: Modules) -> None:
    modules.publish("1.0.0")
    assert "set release to one of those it has (1.0.0)" in fleet(modules, release="9.9.9")


def test_an_unknown_subnet(modules: Modules) -> None:
    modules.publish("1.0.0")
    assert fleet(modules, subnets=["subnet-0123456789abcdef0"]).startswith("subnets names one that does not exist")


def test_no_subnet(modules: Modules) -> None:
    modules.publish("1.0.0")
    assert fleet(modules, subnets=[]) == "subnets is empty: name at least one subnet to launch members in"


def test_an_unknown_lease_table(modules: Modules) -> None:
    modules.publish("1.0.0")
    modules.fleet(1)
    assert fleet(modules, size=0, lease_table="nowhere").startswith(
        "lease_table is nowhere, and there is no such table"
    )


@pytest.mark.parametrize("module", ["fleet", "launch_template", "image_prune"])
def test_an_empty_pool(modules: Modules, module: str) -> None:
    options: dict[str, dict[str, Any]] = {"fleet": {"launch_template": "t", "size": 1}, "launch_template": TEMPLATE}
    assert message(modules, module, **{**options.get(module, {}), "pool": ""}).startswith("pool is empty")


def test_an_empty_tag_filter(modules: Modules) -> None:
    assert message(modules, "power", state="stopped", tags={}).startswith("tags is empty")


def test_an_image_that_does_not_exist(modules: Modules) -> None:
    said = message(modules, "launch_template", **TEMPLATE, image_id="ami-0123456789abcdef0")
    assert said.startswith("image_id is ami-0123456789abcdef0, and this region has no such image")


def test_an_image_that_is_not_available(modules: Modules) -> None:
    modules.sandbox.set_delays(image=3600)
    image_id = modules.image("1.0.0")
    said = message(modules, "launch_template", **TEMPLATE, image_id=image_id)
    assert said.startswith(f"image_id is {image_id}, and that image is pending: wait until it is available")


def test_a_release_that_is_no_semver(modules: Modules) -> None:
    said = message(modules, "launch_template", **{**TEMPLATE, "release": "v1"})
    assert said == "release is 'v1': give SemVer without a leading v, such as 1.4.0"


def test_a_zone_that_is_not_ours_names_those_we_have(modules: Modules) -> None:
    said = message(modules, "dns_prune", zone="example.org")
    assert said == "zone is example.org, and this account has no such zone: set it to one of pixel.test"


@pytest.mark.parametrize(
    ("module", "options"),
    [("power", {"state": "stopped", "tags": {"pixel:pool": "drone"}}), ("dns_prune", {"zone": "pixel.test"})],
)
def test_wrong_credentials(modules: Modules, module: str, options: dict[str, Any]) -> None:
    said = message(modules, module, **options, access_key="AKIAWRONG")
    assert "refused the credentials" in said
    assert "set access_key and secret_key" in said


def test_an_unreachable_endpoint_is_found_out_soon(modules: Modules) -> None:
    started = time.monotonic()
    said = message(modules, "power", state="stopped", tags={"a": "b"}, endpoint_url="http://127.0.0.1:9")
    assert said.startswith("no answer from http://127.0.0.1:9")
    assert time.monotonic() - started < 30
