"""Images, snapshots, and the password of a Windows instance."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from pixel.sandbox.seed import BASE_IMAGE_NAME, BASE_IMAGE_OWNER, BASE_IMAGE_PARAMETER
from pixel.sandbox.testing import RunningSandbox, refusal


def register(sandbox: RunningSandbox, name: str = "drone 1.0.0", **tags: str) -> str:
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    return sandbox.ec2.register_image(
        Name=name,
        RootDeviceName="/dev/sda1",
        TagSpecifications=[{"ResourceType": "image", "Tags": pairs}] if pairs else [],
    )["ImageId"]


def images(sandbox: RunningSandbox, **request: Any) -> list[str]:
    return [image["ImageId"] for image in sandbox.ec2.describe_images(**request)["Images"]]


def test_the_base_image_is_found_by_owner_and_name(sandbox: RunningSandbox) -> None:
    named = [{"Name": "name", "Values": ["Windows_Server-2022-English-Full-Base-*"]}]
    (found,) = sandbox.ec2.describe_images(Owners=[BASE_IMAGE_OWNER], Filters=named)["Images"]
    assert (found["Name"], found["Platform"]) == (BASE_IMAGE_NAME, "windows")


def test_a_public_parameter_names_the_base_image(sandbox: RunningSandbox) -> None:
    found = sandbox.client("ssm").get_parameter(Name=BASE_IMAGE_PARAMETER)["Parameter"]["Value"]
    assert found == sandbox.state.base_image_id


def test_own_images_are_found_by_tag(sandbox: RunningSandbox) -> None:
    wanted = register(sandbox, "first", pool="drone")
    register(sandbox, "second", pool="other")
    assert images(sandbox, Owners=["self"], Filters=[{"Name": "tag:pool", "Values": ["drone"]}]) == [wanted]


def test_two_images_may_not_have_one_name(sandbox: RunningSandbox) -> None:
    register(sandbox)
    assert refusal(register, sandbox) == "InvalidAMIName.Duplicate"


def test_a_new_image_is_pending_for_a_while(sandbox: RunningSandbox) -> None:
    sandbox.set_delays(image=60)
    image = register(sandbox)
    assert sandbox.ec2.describe_images(ImageIds=[image])["Images"][0]["State"] == "pending"


def test_an_image_may_be_put_into_a_state(sandbox: RunningSandbox) -> None:
    image = register(sandbox)
    sandbox.sandbox.set_image_state(image, "failed")
    assert images(sandbox, Filters=[{"Name": "state", "Values": ["failed"]}]) == [image]


def test_a_deregistered_image_is_unavailable(sandbox: RunningSandbox) -> None:
    image = register(sandbox)
    sandbox.ec2.deregister_image(ImageId=image)
    assert refusal(sandbox.launch, ImageId=image) == "InvalidAMIID.Unavailable"
    assert images(sandbox, Owners=["self"]) == []


def test_a_snapshot_is_in_use_while_its_image_is_there(sandbox: RunningSandbox) -> None:
    image = register(sandbox)
    snapshot = sandbox.ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    before = refusal(sandbox.ec2.delete_snapshot, SnapshotId=snapshot)
    sandbox.ec2.deregister_image(ImageId=image)
    sandbox.ec2.delete_snapshot(SnapshotId=snapshot)
    assert before == "InvalidSnapshot.InUse"


def test_an_image_is_made_of_an_instance_with_its_tags_and_its_snapshots(sandbox: RunningSandbox) -> None:
    (instance,) = sandbox.launch()
    sandbox.ec2.stop_instances(InstanceIds=[instance])
    tags = [{"Key": "pixel:release", "Value": "1.4.0"}]
    image = sandbox.ec2.create_image(
        InstanceId=instance,
        Name="made",
        TagSpecifications=[{"ResourceType": kind, "Tags": tags} for kind in ("image", "snapshot")],
    )["ImageId"]
    (found,) = sandbox.ec2.describe_images(ImageIds=[image])["Images"]
    snapshot = found["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    assert found["Platform"] == "windows"
    assert found["Tags"] == tags
    assert sandbox.ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]["Tags"] == tags


@pytest.mark.parametrize(
    ("image_id", "code"), [("ami-0123456789abcdef0", "InvalidAMIID.NotFound"), ("x", "InvalidAMIID.Malformed")]
)
def test_an_image_that_is_not_there_is_an_error(sandbox: RunningSandbox, image_id: str, code: str) -> None:
    assert refusal(sandbox.ec2.describe_images, ImageIds=[image_id]) == code


def test_an_unknown_filter_is_refused(sandbox: RunningSandbox) -> None:
    assert refusal(images, sandbox, Filters=[{"Name": "colour", "Values": ["x"]}]) == "InvalidParameterValue"


def test_the_password_is_for_the_holder_of_the_key(sandbox: RunningSandbox) -> None:
    key = sandbox.ec2.create_key_pair(KeyName="packer")["KeyMaterial"]
    (instance,) = sandbox.launch(KeyName="packer")
    sandbox.instance(instance)
    data = sandbox.ec2.get_password_data(InstanceId=instance)["PasswordData"]
    private: Any = load_pem_private_key(key.encode(), None)
    assert private.decrypt(base64.b64decode(data), PKCS1v15()) == sandbox.state.administrator_password.encode()
