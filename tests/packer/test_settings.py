"""Settings that cannot be right are refused by the tasks that `playbooks/image.yml` begins with.

One run for all: each wrong setting is a host's own, and each host is told what is wrong with its.
"""

from __future__ import annotations

from typing import Any

import pytest

from pixel.sandbox.testing import RunningSandbox

from .builder import installed_files
from .many_hosts import Messages, refused, run

GONE = object()
WRONG: dict[str, tuple[str, Any, str]] = {
    "no_release": ("pixel_release", GONE, "pixel_release is not set"),
    "v_release": ("pixel_release", "v1.5.0", "give a SemVer release"),
    "short_release": ("pixel_release", "1.5", "give a SemVer release"),
    "pool": ("pixel_pool", "Drone", "use a lower-case letter"),
    "relative_build": ("pixel_build", {"source": "Drone.zip", "sha256": "0" * 64}, "give its source"),
    "no_hash": ("pixel_python", {"source": "/python.exe", "sha256": ""}, "64 hexadecimal digits"),
    "no_version": ("pixel_driver", {"source": "/driver.exe", "sha256": "0" * 64}, "give the driver's version"),
    "program": ("pixel_executable", "Drone", "the application's .exe"),
    "float": ("pixel_unreal_version", 5.4, "in quotes"),
    "flavour": ("pixel_unreal_flavour", "pixel-streaming-3", "pixel-streaming-2"),
    "arguments": ("pixel_unreal_extra_arguments", "-log", "give a list of arguments"),
    "base": ("pixel_base_image", "windows", "give an image's id"),
    "type": ("pixel_builder_type", "t3.large", "a type with a GPU"),
    "subnet": ("pixel_builder_subnet", "vpc-1", "give a subnet's id"),
    "world": ("pixel_builder_cidrs", ["0.0.0.0/0"], "give a list of networks"),
    "small": ("pixel_image_volume_size", 8, "give GiB"),
    "deprecation": ("pixel_image_deprecate_after", "1y", "give hours"),
    "days": ("pixel_certificate_min_days", "soon", "whole number of days"),
    "timeout": ("pixel_verify_timeout", 0, "whole number of seconds"),
    "service": ("pixel_service_settings", {"lifecycle": {"lease_tabl": "x"}}, "lifecycle.lease_tabl"),
    "nobody": ("pixel_service_settings", {}, "access.players is empty"),
    "packer": ("pixel_packer", "/nowhere/packer", "/nowhere/packer"),
}
"""What is wrong, by host: the setting, its value, and a part of what is said."""


@pytest.fixture(scope="module")
def messages(sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Messages:
    folder = tmp_path_factory.mktemp("settings")
    good = {
        **installed_files(folder),
        "pixel_release": "1.5.0",
        "pixel_executable": "Drone/Drone.exe",
        "pixel_service_settings": {"lifecycle": {"enabled": True, "lease_table": "pixel-leases"}},
    }
    hosts = {"good": good}
    for host, (setting, value, _) in WRONG.items():
        hosts[host] = {name: one for name, one in {**good, setting: value}.items() if one is not GONE}
    return refused(run(sandbox, folder, ["image_settings.yml"], hosts))


@pytest.mark.parametrize("host", WRONG)
def test_a_wrong_setting_is_refused_by_its_name_with_the_mend(messages: Messages, host: str) -> None:
    setting, _, mend = WRONG[host]
    assert setting in messages[host] and mend in messages[host]


def test_good_settings_are_taken(messages: Messages) -> None:
    assert "good" not in messages
