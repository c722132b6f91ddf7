from __future__ import annotations

from datetime import timedelta

from ansible_collections.mitlab.pixel.plugins.module_utils.image_plan import Image, ImagePlan, plan_images
from ansible_collections.mitlab.pixel.tests.unit.builders import LAUNCHED
from hypothesis import given
from hypothesis import strategies as st


def image(release: str, image_id: str | None = None) -> Image:
    tags = {"pixel:pool": "drone", "pixel:release": release}
    return Image(image_id or f"ami-{release}", "", "available", "/dev/sda1", LAUNCHED, tags=tags)


def plan(images: list[Image], keep: int = 1, in_use: dict[str, str] | None = None, min_age: float = 0) -> ImagePlan:
    now = LAUNCHED + timedelta(hours=1)
    return plan_images(images, keep=keep, in_use=in_use or {}, min_age=min_age, now=now)


def test_images_of_older_releases_go() -> None:
    assert [one.release for one in plan([image("1.10.0"), image("1.9.0"), image("1.2.0")]).delete] == ["1.2.0", "1.9.0"]


def test_all_images_of_a_kept_release_are_kept() -> None:
    assert plan([image("1.0.0", "ami-1"), image("1.0.0", "ami-2")]).delete == ()


def test_an_image_in_use_is_kept_with_its_user() -> None:
    planned = plan([image("1.0.0"), image("1.1.0")], in_use={"ami-1.0.0": "instance i-1"})
    assert (planned.delete, planned.kept["ami-1.0.0"]) == ((), "used by instance i-1")


def test_a_young_image_is_kept() -> None:
    assert plan([image("1.0.0"), image("1.1.0")], min_age=7200).delete == ()


def test_an_image_of_no_release_is_kept() -> None:
    planned = plan([image("base"), image("1.1.0")])
    assert (planned.delete, planned.kept["ami-base"]) == ((), "its tag pixel:release is no release: 'base'")


@given(st.sets(st.integers(0, 30)), st.integers(1, 5))
def test_the_newest_releases_are_kept_and_all_others_go(minors: set[int], keep: int) -> None:
    planned = plan([image(f"1.{minor}.0") for minor in minors], keep=keep)
    assert [one.release for one in planned.delete] == [f"1.{minor}.0" for minor in sorted(minors)[:-keep]]
