from __future__ import annotations

import pytest
from ansible_collections.mitlab.pixel.plugins.module_utils.releases import in_order, is_release


@pytest.mark.parametrize("name", ["1.4.0", "0.0.1", "1.4.0-rc.1", "10.20.30"])
def test_semver_is_a_release(name: str) -> None:
    assert is_release(name)


@pytest.mark.parametrize("name", ["v1.4.0", "1.4", "1.04.0", "1.4.0+build", "", "latest", "1.4.0-"])
def test_anything_else_is_no_release(name: str) -> None:
    assert not is_release(name)


def test_releases_are_ordered_as_semver_says() -> None:
    old_to_new = [
        "0.9.0",
        "1.0.0-1",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0",
        "1.10.0",
    ]
    assert in_order(set(old_to_new)) == old_to_new
