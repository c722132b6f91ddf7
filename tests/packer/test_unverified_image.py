"""An image that was built, and whose run was killed before it was verified: the next run goes on from there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pixel.sandbox.testing import RunningSandbox

from .workshop import Workshop, workshop

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shop(sandbox: RunningSandbox) -> Iterator[Workshop]:
    """A workshop with an unverified image of release 1.4.0, whose members never get ready."""
    folder: Path = sandbox.folder  # type: ignore[attr-defined] # set by the fixture
    with workshop(sandbox, folder, silent_member=True) as shop:
        tags = {
            "pixel:pool": "drone",
            "pixel:release": "1.4.0",
            "pixel:build-sha256": shop.settings["pixel_build"]["sha256"],
        }
        listed = [{"Key": name, "Value": value} for name, value in tags.items()]
        sandbox.ec2.register_image(
            Name="pixel-drone-1.4.0", TagSpecifications=[{"ResourceType": "image", "Tags": listed}]
        )
        yield shop


def test_it_is_kept_while_no_instance_of_it_can_be_started(shop: Workshop) -> None:
    shop.sandbox.set_faults(vcpus=0)
    run = shop.play("image")
    shop.sandbox.set_faults(vcpus=None)
    said = " ".join(run.stdout.split())
    assert run.returncode != 0
    assert "is built, as image" in said and "VcpuLimitExceeded" in said and "run the same command" in said
    assert shop.image("1.4.0")["State"] == "available"


def test_it_is_deregistered_when_its_member_never_gets_ready(shop: Workshop) -> None:
    run = shop.play("image", pixel_verify_timeout=2)
    said = " ".join(run.stdout.split())
    assert run.returncode != 0
    assert "built but not verified" in said and "/readyz did not say 200 within 2 s" in said
    assert shop.images() == []
    assert shop.left_behind() == {"instances": [], "groups": [], "keys": []}
