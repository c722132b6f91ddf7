from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.mitlab.pixel.plugins.module_utils.errors import PixelError
from ansible_collections.mitlab.pixel.plugins.module_utils.launch_template_plan import (
    Template,
    TemplateRequest,
    Version,
    plan_template,
    sentences,
    superfluous,
    version_token,
)
from ansible_collections.mitlab.pixel.plugins.module_utils.template_data import MemberTemplate
from hypothesis import given
from hypothesis import strategies as st


def contents(release: str = "1.0.0", image_id: str = "ami-1") -> MemberTemplate:
    return MemberTemplate("drone", release, image_id, "g4dn.xlarge")


def version(number: int, release: str) -> Version:
    return Version(number, release, contents(release).data("/dev/sda1"))


def template(*releases: str, default: int = 1) -> Template:
    versions = tuple(version(number, release) for number, release in enumerate(releases, 1))
    return Template("lt-1", "pixel-drone", default, len(releases), versions, {"pixel:pool": "drone"})


def request(release: str = "1.0.0", *, publish: bool = True, **more: object) -> TemplateRequest:
    return TemplateRequest("pixel-drone", "drone", release, contents(release) if publish else None, **more)  # type: ignore[arg-type] # the test's own


def test_without_a_launch_template_one_is_made_with_the_pools_tag() -> None:
    plan = plan_template(request(), None)
    assert plan.create_template
    assert plan.add_tags == {"pixel:pool": "drone"}


def test_a_new_release_gets_a_version_and_becomes_the_default() -> None:
    plan = plan_template(request("1.1.0"), template("1.0.0"))
    assert (plan.publish, plan.set_default) == (contents("1.1.0"), True)


def test_the_same_release_with_the_same_contents_changes_nothing() -> None:
    assert not plan_template(request(), template("1.0.0")).changed


def test_going_back_to_an_older_release_only_moves_the_default() -> None:
    plan = plan_template(request("1.0.0"), template("1.0.0", "1.1.0", default=2))
    assert sentences(request("1.0.0"), plan) == ["made release 1.0.0 the default version of pixel-drone"]


def test_going_back_needs_no_contents() -> None:
    plan = plan_template(request("1.0.0", publish=False), template("1.0.0", "1.1.0", default=2))
    assert (plan.set_default, plan.publish) == (True, None)


def test_a_release_can_be_published_without_becoming_the_default() -> None:
    plan = plan_template(request("1.1.0", make_default=False), template("1.0.0"))
    assert (plan.publish, plan.set_default) == (contents("1.1.0"), False)


def test_the_same_release_with_other_contents_is_refused_with_what_differs() -> None:
    other = replace(request(), contents=contents(image_id="ami-2"))
    with pytest.raises(PixelError, match=r"release 1\.0\.0 is published already.*image_id is ami-1, not ami-2"):
        plan_template(other, template("1.0.0"))


def test_an_unknown_release_to_go_back_to_is_refused_with_those_there_are() -> None:
    with pytest.raises(PixelError, match=r"set release to one of those it has \(1\.0\.0, 1\.1\.0\)"):
        plan_template(request("1.2.0", publish=False), template("1.0.0", "1.1.0"))


def test_going_back_without_a_launch_template_is_refused() -> None:
    with pytest.raises(PixelError, match="launch template pixel-drone does not exist"):
        plan_template(request(publish=False), None)


def test_another_pools_launch_template_is_refused() -> None:
    foreign = replace(template("1.0.0"), tags={"pixel:pool": "other"})
    with pytest.raises(PixelError, match="belongs to pool other"):
        plan_template(request(), foreign)


def test_a_missing_tag_is_added_and_foreign_ones_are_left_alone() -> None:
    tagged = replace(template("1.0.0"), tags={"pixel:pool": "drone", "theirs": "x"})
    assert plan_template(request(tags={"ours": "y"}), tagged).add_tags == {"ours": "y"}


def test_the_default_version_is_the_fleets_release_when_none_is_named() -> None:
    assert template("1.0.0", "1.1.0", default=1).version_for(None).release == "1.0.0"


def test_a_default_version_of_no_release_is_refused() -> None:
    with pytest.raises(PixelError, match=r"set release to one of 1\.0\.0"):
        template("by hand", "1.0.0").version_for(None)


def test_an_unknown_release_for_the_fleet_is_refused_with_those_there_are() -> None:
    with pytest.raises(PixelError, match=r"one of those it has \(1\.0\.0\)"):
        template("1.0.0").version_for("2.0.0")


def test_the_newest_versions_the_default_and_those_in_use_are_kept() -> None:
    there = template("1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0", default=1)
    gone = superfluous(there, keep=2, used=frozenset({2}))
    assert [one.release for one in gone] == ["1.2.0"]


def test_versions_of_no_release_are_never_deleted() -> None:
    assert superfluous(template("1.0.0", "by hand", "1.1.0"), keep=1) == ()


@given(st.integers(1, 12), st.integers(1, 6), st.sets(st.integers(1, 12)), st.integers(1, 12))
def test_what_is_deleted_is_old_unused_and_not_the_default(count: int, keep: int, used: set[int], default: int) -> None:
    there = template(*(f"1.{number}.0" for number in range(count)), default=min(default, count))
    gone = {one.number for one in superfluous(there, keep, frozenset(used))}
    assert gone.isdisjoint(used | {there.default} | set(range(count - keep + 1, count + 1)))
    left = replace(there, versions=tuple(one for one in there.versions if one.number not in gone))
    assert superfluous(left, keep, frozenset(used)) == ()


def test_a_version_published_again_after_its_deletion_has_another_token() -> None:
    first = version_token(template("1.0.0"), request("1.1.0"), {})
    later = version_token(template("1.0.0", "1.1.0"), request("1.1.0"), {})
    assert first == version_token(template("1.0.0"), request("1.1.0"), {})
    assert first != later
    assert len(first) <= 64
