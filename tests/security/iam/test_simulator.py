"""The simulator itself, on examples of IAM's and EC2's own documentation."""

from __future__ import annotations

import pytest

from .simulator import Request, decisions
from .template import ACCOUNT, arn

pytestmark = pytest.mark.xdist_group("iam")

INSTANCE = arn("ec2", "instance/i-1")
BY_OWNER = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["ec2:StartInstances", "ec2:StopInstances"],
            "Resource": "arn:aws:ec2:*:*:instance/*",
            "Condition": {"StringEquals": {"aws:ResourceTag/Owner": "${aws:username}"}},
        }
    ],
}
"""IAM's example "Allows starting or stopping EC2 instances a user has tagged"."""
LAUNCHED_FROM_A_TEMPLATE = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "ec2:RunInstances",
            "Resource": "*",
            "Condition": {"ArnLike": {"ec2:LaunchTemplate": arn("ec2", "launch-template/*")}},
        }
    ],
}
"""EC2's example of launching with a template only."""
RECORDS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "route53:ChangeResourceRecordSets",
            "Resource": "arn:aws:route53:::hostedzone/Z1",
            "Condition": {
                "ForAllValues:StringEquals": {
                    "route53:ChangeResourceRecordSetsRecordTypes": ["CNAME", "TXT"],
                    "route53:ChangeResourceRecordSetsActions": ["DELETE"],
                }
            },
        }
    ],
}
"""Route 53's example of conditions on the types and the actions of changes."""
CHANGE = "route53:ChangeResourceRecordSets"


def change(types: list[str], actions: list[str]) -> Request:
    context = {CHANGE + "RecordTypes": types, CHANGE + "Actions": actions}
    return Request("records", CHANGE, "arn:aws:route53:::hostedzone/Z1", context)


def test_the_documented_examples_come_out_as_documented() -> None:
    policies = {"owner": [BY_OWNER], "template": [LAUNCHED_FROM_A_TEMPLATE], "records": [RECORDS]}
    asked = {
        Request(
            "owner", "ec2:StopInstances", INSTANCE, {"aws:ResourceTag/Owner": "ana", "aws:username": "ana"}
        ): "allowed",
        Request(
            "owner", "ec2:StopInstances", INSTANCE, {"aws:ResourceTag/Owner": "bob", "aws:username": "ana"}
        ): "denied",
        Request("owner", "ec2:StopInstances", INSTANCE, {"aws:username": "ana"}): "denied",
        Request("owner", "ec2:TerminateInstances", INSTANCE, {"aws:ResourceTag/Owner": "ana"}): "denied",
        Request(
            "template", "ec2:RunInstances", INSTANCE, {"ec2:LaunchTemplate": arn("ec2", "launch-template/lt-1")}
        ): "allowed",
        Request("template", "ec2:RunInstances", INSTANCE): "denied",
        change(["TXT"], ["DELETE"]): "allowed",
        change(["TXT", "CNAME"], ["DELETE", "DELETE"]): "allowed",
        change(["TXT", "A"], ["DELETE"]): "denied",
        change(["TXT"], ["DELETE", "UPSERT"]): "denied",
    }
    assert decisions(policies, list(asked)) == list(asked.values())


@pytest.mark.parametrize(
    "request_",
    [
        Request("owner", "ec2:StopInstance", INSTANCE),
        Request("owner", "ec2:StopInstances", f"arn:aws:s3:::{ACCOUNT}"),
        Request("owner", "ec2:StopInstances", INSTANCE, {"dynamodb:LeadingKeys": ["i-1"]}),
    ],
)
def test_what_aws_would_not_know_is_an_error(request_: Request) -> None:
    assert decisions({"owner": [BY_OWNER]}, [request_])[0].startswith("unknown")
