"""What a new sandbox holds, and a reset one again."""

from __future__ import annotations

from pathlib import Path

from pixel.sandbox import state
from pixel.sandbox.testing import RunningSandbox, running_sandbox


def seeds(sandbox: RunningSandbox) -> dict[str, object]:
    """Return the ids of what is there, as `sandbox.json` names them."""
    subnets = sandbox.ec2.describe_subnets()["Subnets"]
    zone = sandbox.route53.list_hosted_zones()["HostedZones"][0]
    groups = sandbox.ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["pixel"]}])
    return {
        "base_image_id": sandbox.ec2.describe_images()["Images"][0]["ImageId"],
        "lease_table": sandbox.dynamodb.list_tables()["TableNames"][0],
        "security_group_id": groups["SecurityGroups"][0]["GroupId"],
        "subnets": {subnet["AvailabilityZone"]: subnet["SubnetId"] for subnet in subnets},
        "vpc_id": sandbox.ec2.describe_vpcs()["Vpcs"][0]["VpcId"],
        "zone": zone["Name"].rstrip("."),
        "zone_id": zone["Id"].removeprefix("/hostedzone/"),
    }


def written(sandbox: RunningSandbox) -> dict[str, object]:
    return {name: getattr(sandbox.state, name) for name in seeds(sandbox)}


def test_the_state_names_what_is_there(sandbox: RunningSandbox) -> None:
    assert seeds(sandbox) == written(sandbox)


def test_a_reset_keeps_the_ids_of_the_seeds(sandbox: RunningSandbox) -> None:
    sandbox.launch(3)
    sandbox.reset()
    assert seeds(sandbox) == written(sandbox)


def test_a_reset_leaves_nothing_else(sandbox: RunningSandbox) -> None:
    sandbox.launch(3)
    sandbox.ec2.create_launch_template(LaunchTemplateName="mine", LaunchTemplateData={"KeyName": "k"})
    sandbox.reset()
    assert sandbox.ec2.describe_instances()["Reservations"] == []
    assert sandbox.ec2.describe_launch_templates()["LaunchTemplates"] == []


def test_members_of_three_zones_have_a_subnet_each(sandbox: RunningSandbox) -> None:
    assert list(sandbox.state.subnets) == ["us-east-2a", "us-east-2b", "us-east-2c"]


def test_who_asks_for_a_sandbox_while_one_runs_joins_it(sandbox: RunningSandbox, tmp_path: Path) -> None:
    with running_sandbox(tmp_path) as same:
        assert same.endpoint == sandbox.endpoint
        assert state.read(tmp_path) == sandbox.state
    assert sandbox.ec2.describe_vpcs()["Vpcs"]
