"""What runs that were killed have left behind. One run for all: each case is a host's own."""

from __future__ import annotations

from typing import Any

import pytest

from pixel.sandbox.testing import RunningSandbox

from .many_hosts import Messages, refused, run

LATER = -3600
"""Seconds after which nothing is at work any more, for who looks an hour from now."""


def worker(sandbox: RunningSandbox, image: str) -> str:
    """Launch an instance that builds an image, or checks it; return its id."""
    tags = [{"Key": "pixel:image", "Value": image}]
    return sandbox.launch(TagSpecifications=[{"ResourceType": "instance", "Tags": tags}])[0]


@pytest.fixture(scope="module")
def workers(sandbox: RunningSandbox) -> dict[str, str]:
    return {name: worker(sandbox, f"pixel-{name}") for name in ("drone-1.5.0", "car-1.5.0", "car-park-1.5.0")}


@pytest.fixture(scope="module")
def messages(sandbox: RunningSandbox, workers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Messages:
    hosts: dict[str, dict[str, Any]] = {
        "same_release": {"pixel_release": "1.5.0"},
        "other_release": {"pixel_release": "1.6.0"},
        "an_hour_later": {"pixel_pool": "car", "pixel_release": "1.6.0", "pixel_image_seconds": LATER},
    }
    return refused(run(sandbox, tmp_path_factory.mktemp("leftovers"), ["image_leftovers.yml"], hosts))


def test_a_release_that_is_being_built_is_not_built_beside(messages: Messages, workers: dict[str, str]) -> None:
    assert f"is being built or checked by {workers['drone-1.5.0']}" in messages["same_release"]


def test_builds_of_other_releases_are_in_nobodys_way(messages: Messages) -> None:
    assert set(messages) == {"same_release"}


def test_what_is_older_than_any_build_is_terminated(
    messages: Messages, workers: dict[str, str], sandbox: RunningSandbox
) -> None:
    assert sandbox.instance_state(workers["car-1.5.0"]) in ("shutting-down", "terminated")


def test_what_is_younger_or_another_pools_goes_on(
    messages: Messages, workers: dict[str, str], sandbox: RunningSandbox
) -> None:
    left = {sandbox.instance_state(workers[name]) for name in ("drone-1.5.0", "car-park-1.5.0")}
    assert left <= {"pending", "running"}
