"""The foundation's template, checked without deploying it: what the sandbox cannot enforce has to be right on paper."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLE = ROOT / "collections/ansible_collections/mitlab/pixel/roles/foundation"
PROGRAMS = Path(sys.executable).parent


class Cloudformation(yaml.SafeLoader):
    """Reads the short forms of CloudFormation's functions as plain values."""


def _plain(loader: yaml.SafeLoader, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node)
    return loader.construct_mapping(node)


Cloudformation.add_multi_constructor("!", _plain)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as the role gives it to CloudFormation."""
    target = tmp_path_factory.mktemp("foundation") / "foundation.yaml"
    subprocess.run(
        [
            *(
                str(PROGRAMS / "ansible"),
                "localhost",
                "--connection",
                "local",
                "--module-name",
                "ansible.builtin.template",
            ),
            *("--args", f"src={ROLE / 'templates/foundation.yaml.j2'} dest={target}"),
            *("--extra-vars", f"@{ROLE / 'defaults/main.yml'}"),
        ],
        check=True,
        capture_output=True,
        cwd=target.parent,
    )
    return target


@pytest.fixture
def resources(rendered: Path) -> dict[str, Any]:
    """The template's resources."""
    template = yaml.load(rendered.read_text(), Cloudformation)
    found: dict[str, Any] = template["Resources"]
    return found


def statements(role: dict[str, Any]) -> dict[str, Any]:
    """The statements of a role's own policies, by their ids."""
    return {
        statement["Sid"]: statement
        for policy in role["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
    }


def test_cfn_lint_finds_nothing(rendered: Path) -> None:
    found = subprocess.run([PROGRAMS / "cfn-lint", rendered], capture_output=True, text=True, check=False)
    assert found.stdout + found.stderr == ""


def test_only_the_page_the_redirect_and_a_narrow_media_range_are_open(resources: dict[str, Any]) -> None:
    rules = resources["MemberSecurityGroup"]["Properties"]["SecurityGroupIngress"]
    assert [(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in rules] == [
        ("tcp", 443, 443),
        ("tcp", 80, 80),
        ("udp", "MediaPortFirst", "MediaPortLast"),
    ]


def test_a_member_may_stop_nobody_but_itself(resources: dict[str, Any]) -> None:
    stop = statements(resources["MemberRole"])["StopItself"]
    assert stop["Action"] == "ec2:StopInstances"
    condition = stop["Condition"]["StringEquals"]["ec2:SourceInstanceARN"]
    assert condition.endswith("instance/${!ec2:InstanceID}")


@pytest.mark.parametrize("role", ["MemberRole", "WakeRole"])
def test_records_that_are_no_members_are_out_of_reach(resources: dict[str, Any], role: str) -> None:
    changes = [
        one for one in statements(resources[role]).values() if one["Action"] == "route53:ChangeResourceRecordSets"
    ]
    assert len(changes) == 1
    condition = changes[0]["Condition"]
    names = condition["ForAllValues:StringLike"]["route53:ChangeResourceRecordSetsNormalizedRecordNames"]
    assert names == ["drone-*.${Zone}"]
    assert condition["ForAllValues:StringEquals"]["route53:ChangeResourceRecordSetsRecordTypes"] == ["A"]


def test_the_wake_function_starts_and_stops_only_instances_of_a_pool(resources: dict[str, Any]) -> None:
    power = statements(resources["WakeRole"])["StartAndStopMembers"]
    assert power["Action"] == ["ec2:StartInstances", "ec2:StopInstances"]
    assert power["Condition"] == {"StringLike": {"aws:ResourceTag/pixel:pool": "?*"}}


@pytest.mark.parametrize("role", ["MemberRole", "WakeRole"])
def test_no_role_may_tag_or_launch(resources: dict[str, Any], role: str) -> None:
    actions = [
        action
        for statement in statements(resources[role]).values()
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    ]
    assert not [action for action in actions if "*" in action or "Tags" in action or "RunInstances" in action]


def test_the_wake_function_may_see_of_the_certificate_when_it_ends_and_no_more(resources: dict[str, Any]) -> None:
    secrets = {
        name: one for name, one in statements(resources["WakeRole"]).items() if "secretsmanager" in str(one["Action"])
    }
    assert secrets.keys() == {"ReadTokenSecret", "SeeWhenCertificateEnds"}
    assert secrets["ReadTokenSecret"]["Resource"] == "TokenSecret"
    assert secrets["SeeWhenCertificateEnds"]["Action"] == "secretsmanager:DescribeSecret"
    assert secrets["SeeWhenCertificateEnds"]["Resource"].endswith(":secret:${CertificateSecretName}-??????")


def test_the_alarm_goes_off_when_the_certificate_ends_soon_or_nobody_knows_when(resources: dict[str, Any]) -> None:
    alarm = resources["CertificateEndsSoon"]
    assert alarm["Condition"] == "KeepCertificate"
    told = alarm["Properties"]
    assert (told["Namespace"], told["MetricName"]) == ("AWS::StackName", "CertificateDaysLeft")
    assert told["Dimensions"] == [{"Name": "service", "Value": "wake"}]
    assert (told["Threshold"], told["ComparisonOperator"]) == ("CertificateMinDays", "LessThanThreshold")
    assert told["TreatMissingData"] == "breaching"


def test_every_alarm_is_told_to_the_topic(resources: dict[str, Any]) -> None:
    alarms = [one["Properties"] for one in resources.values() if one["Type"] == "AWS::CloudWatch::Alarm"]
    assert [alarm["AlarmActions"] for alarm in alarms] == [["TellAlarms", ["AlarmTopic"], "AWS::NoValue"]] * 3


def test_every_method_but_the_preflight_needs_a_key(resources: dict[str, Any]) -> None:
    methods = {
        one["Properties"]["HttpMethod"]: one["Properties"]["ApiKeyRequired"]
        for one in resources.values()
        if one["Type"] == "AWS::ApiGateway::Method"
    }
    assert methods == {"ANY": True, "OPTIONS": False}
