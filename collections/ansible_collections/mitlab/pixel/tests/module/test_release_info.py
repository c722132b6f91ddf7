from __future__ import annotations

from ansible_collections.mitlab.pixel.tests.module.conftest import Modules, Result


def info(modules: Modules, **more: object) -> Result:
    return modules.succeed("release_info", pool="drone", launch_template="pixel-drone", **more)


def test_a_pool_of_which_there_is_nothing_has_no_releases(modules: Modules) -> None:
    found = info(modules)
    assert (found["releases"], found["in_service"]) == ([], None)


def test_each_release_has_its_image_version_members_and_record(modules: Modules) -> None:
    modules.publish("1.0.0")
    modules.fleet(2)
    modules.image("1.10.0")
    modules.succeed("release_record", pool="drone", release="1.0.0", outcome="released")

    found = info(modules)

    assert [one["release"] for one in found["releases"]] == ["1.0.0", "1.10.0"]
    released, built = found["releases"]
    assert (released["version"], released["default"], released["members"], released["size"]) == (
        1,
        True,
        {"stopped": 2},
        2,
    )
    assert released["record"]["outcome"] == "released"
    assert (built["version"], built["default"], built["members"], built["record"]) == (None, False, {}, None)
    assert built["images"][0]["state"] == "available"
    assert found["in_service"] == "1.0.0"


def test_a_canary_that_has_not_passed_is_named_and_no_member(modules: Modules) -> None:
    modules.publish("1.0.0")
    started = modules.succeed(
        "canary",
        state="started",
        pool="drone",
        release="1.0.0",
        launch_template="pixel-drone",
        subnets=list(modules.sandbox.state.subnets.values()),
    )
    (one,) = info(modules)["releases"]
    assert (one["canaries"], one["size"]) == ([started["instance_id"]], 0)


def test_one_release_takes_four_calls(modules: Modules) -> None:
    modules.publish("1.0.0")
    assert info(modules, release="1.0.0").calls == {
        "ec2.DescribeImages": 1,
        "ec2.DescribeInstances": 1,
        "ec2.DescribeLaunchTemplateVersions": 1,
        "ssm.GetParameters": 1,
    }


def test_records_are_read_ten_releases_a_call(modules: Modules) -> None:
    for number in range(12):
        modules.succeed("release_record", pool="drone", release=f"1.{number}.0", outcome="failed", why="so")
    found = info(modules)
    assert len(found["releases"]) == 12
    assert found.calls["ssm.GetParametersByPath"] == 2
