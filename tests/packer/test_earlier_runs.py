"""What earlier runs have left, and what they have published. One run for all: each case is a host's own."""

from __future__ import annotations

from typing import Any

import pytest

from pixel.sandbox.testing import RunningSandbox

from .many_hosts import Messages, refused, run

LATER = -3600
"""Seconds after which nothing is at work any more, for who looks an hour from now."""
SHA256 = "5" * 64


def worker(sandbox: RunningSandbox, image: str) -> str:
    """Launch an instance that builds an image, or checks it; return its id."""
    tags = [{"Key": "pixel:image", "Value": image}]
    return sandbox.launch(TagSpecifications=[{"ResourceType": "instance", "Tags": tags}])[0]


def image(sandbox: RunningSandbox, release: str, **tags: str) -> str:
    """Register an image of the pool; return its id."""
    both = {"pool": "drone", "release": release, "build-sha256": SHA256} | tags
    listed = [{"Key": f"pixel:{name}", "Value": value} for name, value in both.items()]
    specification: Any = [{"ResourceType": "image", "Tags": listed}]
    return sandbox.ec2.register_image(Name=f"pixel-drone-{release}", TagSpecifications=specification)["ImageId"]


@pytest.fixture(scope="module")
def workers(sandbox: RunningSandbox) -> dict[str, str]:
    return {name: worker(sandbox, f"pixel-{name}") for name in ("drone-1.5.0", "car-1.5.0", "car-park-1.5.0")}


@pytest.fixture(scope="module")
def images(sandbox: RunningSandbox) -> dict[str, str]:
    return {
        "verified": image(sandbox, "2.0.0", verified="true"),
        "unverified": image(sandbox, "2.1.0"),
        "of_another_build": image(sandbox, "2.2.0", **{"build-sha256": "6" * 64}),
    }


@pytest.fixture(scope="module")
def results(
    sandbox: RunningSandbox,
    workers: dict[str, str],
    images: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> list[dict[str, Any]]:
    build = {"pixel_build": {"source": "/Drone.zip", "sha256": SHA256}}
    hosts: dict[str, dict[str, Any]] = {
        "same_release": {"pixel_release": "1.5.0"},
        "other_release": {"pixel_release": "1.6.0"},
        "an_hour_later": {"pixel_pool": "car", "pixel_release": "1.6.0", "pixel_image_seconds": LATER},
        "verified": {"pixel_release": "2.0.0"},
        "unverified": {"pixel_release": "2.1.0"},
        "of_another_build": {"pixel_release": "2.2.0"},
    }
    folder = tmp_path_factory.mktemp("earlier")
    files = ["image_leftovers.yml", "image_new.yml"]
    return run(sandbox, folder, files, {name: {**build, **one} for name, one in hosts.items()})


@pytest.fixture(scope="module")
def messages(results: list[dict[str, Any]]) -> Messages:
    return refused(results)


def test_a_release_that_is_being_built_is_not_built_beside(messages: Messages, workers: dict[str, str]) -> None:
    assert f"is being built or checked by {workers['drone-1.5.0']}" in messages["same_release"]


def test_a_release_that_is_published_is_not_built_again(messages: Messages, images: dict[str, str]) -> None:
    assert f"is published already, as {images['verified']}: set pixel_release to a new" in messages["verified"]


def test_an_image_of_another_build_is_not_taken_for_this_one(messages: Messages) -> None:
    assert "not verified, and of another build than pixel_build" in messages["of_another_build"]


def test_builds_of_other_releases_are_in_nobodys_way(messages: Messages) -> None:
    assert set(messages) == {"same_release", "verified", "of_another_build"}


def test_an_image_that_only_lacks_its_verification_is_taken_up(
    results: list[dict[str, Any]], images: dict[str, str]
) -> None:
    found = {host: one.get("ansible_facts", {}).get("pixel_image_id") for host, one in results[-1]["hosts"].items()}
    assert {host: name for host, name in found.items() if name} == {"unverified": images["unverified"]}


def test_what_is_older_than_any_build_is_terminated(
    messages: Messages, workers: dict[str, str], sandbox: RunningSandbox
) -> None:
    assert sandbox.instance_state(workers["car-1.5.0"]) in ("shutting-down", "terminated")


def test_what_is_younger_or_another_pools_goes_on(
    messages: Messages, workers: dict[str, str], sandbox: RunningSandbox
) -> None:
    left = {sandbox.instance_state(workers[name]) for name in ("drone-1.5.0", "car-park-1.5.0")}
    assert left <= {"pending", "running"}
