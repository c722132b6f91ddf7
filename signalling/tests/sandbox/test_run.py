"""RunInstances: how many, where, from what, and the same again for the same client token."""

from __future__ import annotations

import pytest

from pixel.sandbox.testing import RunningSandbox, refusal


def template(sandbox: RunningSandbox, **data: object) -> str:
    sandbox.ec2.create_launch_template(
        LaunchTemplateName="pixel-drone",
        LaunchTemplateData={"ImageId": sandbox.state.base_image_id, "InstanceType": "g4dn.xlarge", **data},
    )
    return "pixel-drone"


def from_template(sandbox: RunningSandbox, **more: object) -> dict[str, object]:
    answer = sandbox.ec2.run_instances(
        MinCount=1, MaxCount=1, LaunchTemplate={"LaunchTemplateName": "pixel-drone", "Version": "$Latest"}, **more
    )
    return sandbox.instance(answer["Instances"][0]["InstanceId"])


def tags(instance: dict[str, object]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in instance["Tags"] if not tag["Key"].startswith("aws:")}


def test_as_many_as_possible_are_made_up_to_the_most(sandbox: RunningSandbox) -> None:
    sandbox.set_faults(capacity={"us-east-2a": 3})
    assert len(sandbox.launch(MinCount=1, MaxCount=5)) == 3


def test_without_room_for_the_least_none_is_made(sandbox: RunningSandbox) -> None:
    sandbox.set_faults(capacity={"us-east-2a": 3})
    assert refusal(sandbox.launch, MinCount=4, MaxCount=5) == "InsufficientInstanceCapacity"
    assert sandbox.ec2.describe_instances()["Reservations"] == []


def test_a_dry_zone_starts_nothing(sandbox: RunningSandbox) -> None:
    (one,) = sandbox.launch()
    sandbox.ec2.stop_instances(InstanceIds=[one])
    sandbox.set_faults(capacity={"us-east-2a": 0})
    assert refusal(sandbox.ec2.start_instances, InstanceIds=[one]) == "InsufficientInstanceCapacity"


def test_a_dry_zone_leaves_others_alone(sandbox: RunningSandbox) -> None:
    sandbox.set_faults(capacity={"us-east-2a": 0})
    assert len(sandbox.launch(zone="us-east-2b")) == 1


def test_the_vcpu_limit_counts_what_runs(sandbox: RunningSandbox) -> None:
    sandbox.set_faults(vcpus=8)
    sandbox.launch(2)
    assert refusal(sandbox.launch) == "VcpuLimitExceeded"


def test_the_same_token_makes_nothing_twice(sandbox: RunningSandbox) -> None:
    assert sandbox.launch(2, ClientToken="t") == sandbox.launch(2, ClientToken="t")


def test_a_token_remembers_instances_that_are_gone(sandbox: RunningSandbox) -> None:
    sandbox.set_delays(vanish=0)
    made = sandbox.launch(2, ClientToken="t")
    sandbox.ec2.terminate_instances(InstanceIds=made)
    sandbox.ec2.describe_instances()
    assert sandbox.launch(2, ClientToken="t") == made


def test_an_empty_parameter_is_none(sandbox: RunningSandbox) -> None:
    empty = {"Placement": {"AvailabilityZone": ""}, "IamInstanceProfile": {"Name": ""}}
    assert len(sandbox.launch(**empty)) == 1


def test_an_empty_tag_stays(sandbox: RunningSandbox) -> None:
    (one,) = sandbox.launch(TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "empty", "Value": ""}]}])
    assert sandbox.instance(one)["Tags"] == [{"Key": "empty", "Value": ""}]


def test_a_token_is_not_good_for_another_request(sandbox: RunningSandbox) -> None:
    sandbox.launch(2, ClientToken="t")
    assert refusal(sandbox.launch, 3, ClientToken="t") == "IdempotentParameterMismatch"


def test_a_token_of_a_failed_request_may_be_used_again(sandbox: RunningSandbox) -> None:
    sandbox.set_faults(capacity={"us-east-2a": 0})
    refusal(sandbox.launch, ClientToken="t")
    sandbox.set_faults(capacity=None)
    assert len(sandbox.launch(ClientToken="t")) == 1


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"ImageId": "ami-0123456789abcdef0"}, "InvalidAMIID.NotFound"),
        ({"ImageId": "windows"}, "InvalidAMIID.Malformed"),
        ({"InstanceType": "g4dn.huge"}, "InvalidParameterValue"),
        ({"SubnetId": "subnet-0123456789abcdef0"}, "InvalidSubnetID.NotFound"),
        ({"SecurityGroupIds": ["sg-0123456789abcdef0"]}, "InvalidGroup.NotFound"),
        ({"KeyName": "lost"}, "InvalidKeyPair.NotFound"),
        ({"IamInstanceProfile": {"Name": "nobody"}}, "InvalidParameterValue"),
        ({"LaunchTemplate": {"LaunchTemplateName": "none"}}, "InvalidLaunchTemplateName.NotFoundException"),
        ({"MinCount": 2, "MaxCount": 1}, "InvalidParameterValue"),
        ({"DryRun": True}, "DryRunOperation"),
    ],
)
def test_a_wrong_request_is_refused(sandbox: RunningSandbox, wrong: dict[str, object], code: str) -> None:
    assert refusal(sandbox.launch, **wrong) == code


def test_an_image_that_is_not_available_cannot_run(sandbox: RunningSandbox) -> None:
    sandbox.set_delays(image=60)
    image = sandbox.ec2.register_image(Name="later", RootDeviceName="/dev/sda1")["ImageId"]
    assert refusal(sandbox.launch, ImageId=image) == "InvalidAMIID.Unavailable"


def test_tags_of_template_and_call_are_merged(sandbox: RunningSandbox) -> None:
    both = [{"Key": "pixel:pool", "Value": "drone"}, {"Key": "Name", "Value": "template"}]
    template(sandbox, TagSpecifications=[{"ResourceType": "instance", "Tags": both}])
    own = [{"Key": "Name", "Value": "call"}, {"Key": "more", "Value": "x"}]
    instance = from_template(sandbox, TagSpecifications=[{"ResourceType": "instance", "Tags": own}])
    assert tags(instance) == {"pixel:pool": "drone", "Name": "call", "more": "x"}


def test_an_instance_has_what_its_template_says(sandbox: RunningSandbox) -> None:
    profile = sandbox.client("iam").create_instance_profile(InstanceProfileName="member")["InstanceProfile"]["Arn"]
    template(
        sandbox,
        MetadataOptions={"HttpTokens": "required"},
        IamInstanceProfile={"Name": "member"},
        NetworkInterfaces=[
            {
                "DeviceIndex": 0,
                "SubnetId": sandbox.state.subnets["us-east-2c"],
                "Groups": [sandbox.state.security_group_id],
                "AssociatePublicIpAddress": True,
            }
        ],
    )
    instance = from_template(sandbox)
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert instance["IamInstanceProfile"]["Arn"] == profile
    assert instance["Placement"]["AvailabilityZone"] == "us-east-2c"
    assert [group["GroupId"] for group in instance["SecurityGroups"]] == [sandbox.state.security_group_id]
    assert instance["PublicIpAddress"].startswith("127.")
