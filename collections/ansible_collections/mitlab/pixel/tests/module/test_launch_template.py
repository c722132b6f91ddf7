from __future__ import annotations

from typing import Any

from ansible_collections.mitlab.pixel.tests.module.conftest import Modules


def versions(modules: Modules) -> dict[str, int]:
    """Return the version numbers that EC2 has, by release."""
    answer = modules.sandbox.ec2.describe_launch_template_versions(LaunchTemplateName="pixel-drone")
    return {one["VersionDescription"]: one["VersionNumber"] for one in answer["LaunchTemplateVersions"]}


def test_a_release_becomes_the_default_version(modules: Modules) -> None:
    modules.publish("1.0.0")
    result = modules.publish("1.1.0")
    assert result["changes"] == [
        "published release 1.1.0 as a new version of pixel-drone",
        "made release 1.1.0 the default version of pixel-drone",
    ]
    assert result["launch_template"]["default_version"] == 2


def test_a_repeat_changes_nothing_in_at_most_three_calls(modules: Modules) -> None:
    image_id = modules.image("1.0.0")
    modules.publish("1.0.0", image_id=image_id)
    repeat = modules.publish("1.0.0", image_id=image_id)
    assert (repeat["changed"], repeat["changes"]) == (False, [])
    assert repeat.number_of_calls <= 3


def test_input_in_another_order_makes_no_version(modules: Modules) -> None:
    image_id = modules.image("1.0.0")
    groups = [modules.sandbox.state.security_group_id, "sg-0123456789abcdef0"]
    modules.publish("1.0.0", image_id=image_id, security_group_ids=groups, instance_tags={"a": "1", "b": "2"})
    again = modules.publish(
        "1.0.0", image_id=image_id, security_group_ids=groups[::-1], instance_tags={"b": "2", "a": "1"}
    )
    assert not again["changed"]


def test_going_back_makes_no_version(modules: Modules) -> None:
    modules.publish("1.0.0")
    modules.publish("1.1.0")
    back = modules.succeed("launch_template", name="pixel-drone", pool="drone", release="1.0.0")
    assert back["changes"] == ["made release 1.0.0 the default version of pixel-drone"]
    assert versions(modules) == {"1.0.0": 1, "1.1.0": 2}
    assert back.number_of_calls <= 3


def test_the_same_release_with_other_contents_is_refused_and_nothing_is_changed(modules: Modules) -> None:
    image_id = modules.image("1.0.0")
    modules.publish("1.0.0", image_id=image_id)
    options: dict[str, Any] = {"name": "pixel-drone", "pool": "drone", "release": "1.0.0", "image_id": image_id}
    refused = modules.run("launch_template", **options, instance_type="g5.xlarge")
    assert refused.failed
    assert "instance_type is g4dn.xlarge, not g5.xlarge" in refused["msg"]
    assert versions(modules) == {"1.0.0": 1}


def test_check_mode_tells_and_changes_nothing(modules: Modules) -> None:
    planned = modules.publish("1.0.0", check=True)
    assert planned["changes"] == ["created launch template pixel-drone with release 1.0.0"]
    assert modules.sandbox.ec2.describe_launch_templates()["LaunchTemplates"] == []


def test_old_versions_are_deleted_but_for_those_in_use(modules: Modules) -> None:
    modules.publish("1.0.0")
    assert not modules.fleet(1).failed
    for minor in (1, 2):
        modules.publish(f"1.{minor}.0", keep=2)
    last = modules.publish("1.3.0", keep=2)
    assert last["deleted_versions"] == [{"number": 2, "release": "1.1.0"}]
    assert sorted(versions(modules)) == ["1.0.0", "1.2.0", "1.3.0"]


def test_a_lost_answer_makes_no_second_version(modules: Modules) -> None:
    modules.publish("1.0.0")
    image_id = modules.image("1.1.0")
    modules.sandbox.set_faults(lost_answers={"probability": 0.5, "seed": 1, "actions": ["CreateLaunchTemplateVersion"]})
    modules.publish("1.1.0", image_id=image_id)
    assert versions(modules) == {"1.0.0": 1, "1.1.0": 2}


def test_the_launch_template_is_deleted_with_its_versions(modules: Modules) -> None:
    modules.publish("1.0.0")
    gone = modules.succeed("launch_template", name="pixel-drone", pool="drone", state="absent")
    again = modules.succeed("launch_template", name="pixel-drone", pool="drone", state="absent")
    assert (gone["changed"], again["changed"]) == (True, False)


def test_the_diff_shows_the_launch_template_before_and_after(modules: Modules) -> None:
    modules.publish("1.0.0")
    diff = modules.publish("1.1.0")["diff"]
    assert diff["before"]["releases"] == ["1.0.0"]
    assert diff["after"]["releases"] == ["1.0.0", "1.1.0"]


def test_a_release_that_never_came_into_service_is_withdrawn(modules: Modules) -> None:
    modules.publish("1.0.0")
    modules.publish("1.1.0", default=False)
    options = {"name": "pixel-drone", "pool": "drone", "release": "1.1.0", "state": "absent"}
    withdrawn = modules.succeed("launch_template", **options)
    assert withdrawn["changes"] == ["withdrew release 1.1.0 from pixel-drone"]
    assert withdrawn["launch_template"]["releases"] == ["1.0.0"]
    assert not modules.succeed("launch_template", **options)["changed"]


def test_a_release_that_was_withdrawn_can_be_published_again(modules: Modules) -> None:
    modules.publish("1.0.0")
    image_id = modules.publish("1.1.0", default=False)["version"]["image_id"]
    modules.succeed("launch_template", name="pixel-drone", pool="drone", release="1.1.0", state="absent")
    again = modules.publish("1.1.0", image_id=image_id)
    assert again["launch_template"]["releases"] == ["1.0.0", "1.1.0"]
    assert modules.fleet(1, release="1.1.0")["totals"]["release"] == {"1.1.0": 1}


def test_the_release_in_service_is_not_withdrawn(modules: Modules) -> None:
    modules.publish("1.0.0")
    modules.publish("1.1.0")
    refused = modules.run("launch_template", name="pixel-drone", pool="drone", release="1.1.0", state="absent")
    assert "make another release the default first" in refused["msg"]


def test_withdrawing_the_only_release_deletes_the_template(modules: Modules) -> None:
    modules.publish("1.0.0")
    gone = modules.succeed("launch_template", name="pixel-drone", pool="drone", release="1.0.0", state="absent")
    assert gone["launch_template"] is None


def test_the_release_that_was_in_service_before_is_told(modules: Modules) -> None:
    assert modules.publish("1.0.0")["default_before"] is None
    assert modules.publish("1.1.0")["default_before"] == "1.0.0"
