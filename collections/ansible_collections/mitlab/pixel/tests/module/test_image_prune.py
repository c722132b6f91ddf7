from __future__ import annotations

from ansible_collections.mitlab.pixel.tests.module.conftest import Modules


def images(modules: Modules) -> set[str]:
    return {one["ImageId"] for one in modules.sandbox.ec2.describe_images(Owners=["self"])["Images"]}


def test_images_of_old_releases_go_with_their_snapshots(modules: Modules) -> None:
    old, new = modules.image("1.0.0"), modules.image("1.1.0")
    before = len(modules.sandbox.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"])
    result = modules.succeed("image_prune", pool="drone", keep=1)
    assert [one["image_id"] for one in result["deleted"]] == [old]
    assert images(modules) == {new}
    assert len(modules.sandbox.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]) == before - 1


def test_a_repeat_changes_nothing(modules: Modules) -> None:
    modules.image("1.0.0")
    modules.image("1.1.0")
    modules.succeed("image_prune", pool="drone", keep=1)
    assert not modules.succeed("image_prune", pool="drone", keep=1)["changed"]


def test_an_image_that_a_version_names_is_kept(modules: Modules) -> None:
    old = modules.publish("1.0.0")["version"]["image_id"]
    modules.image("1.1.0")
    result = modules.succeed("image_prune", pool="drone", keep=1)
    assert result["kept"][old] == "used by version 1 of launch template pixel-drone"


def test_an_image_that_an_instance_was_launched_from_is_kept(modules: Modules) -> None:
    old = modules.image("1.0.0")
    modules.image("1.1.0")
    [instance] = modules.sandbox.launch(ImageId=old)
    result = modules.succeed("image_prune", pool="drone", keep=1)
    assert result["kept"][old] == f"used by instance {instance}"


def test_check_mode_tells_and_changes_nothing(modules: Modules) -> None:
    both = {modules.image("1.0.0"), modules.image("1.1.0")}
    assert len(modules.succeed("image_prune", pool="drone", keep=1, check=True)["deleted"]) == 1
    assert images(modules) == both
