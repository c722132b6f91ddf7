"""What the member's role and the wake function's may do, and what they may not."""

from __future__ import annotations

import pytest

from .cases import (
    ACCOUNT_KEY,
    CERTIFICATE,
    CHANGE,
    ELSEWHERE,
    HERE,
    MEMBER,
    MEMBER_NAME,
    MEMBER_ROLE,
    OTHER,
    OURS,
    TABLE_ARN,
    ZONE_ARN,
    Case,
    change,
    item,
    may,
    may_not,
    outcomes,
)
from .template import MADE, ZONE, actions, arn

pytestmark = pytest.mark.xdist_group("iam")

SELF = {"ec2:SourceInstanceARN": MEMBER, "ec2:InstanceID": "i-0aaa", **OURS}
FROM_ANOTHER = {"ec2:SourceInstanceARN": MEMBER, "ec2:InstanceID": "i-0bbb", **OURS}
LOGS = arn("logs", "log-group:/aws/lambda/pixel-wake:log-stream:one")

MEMBERS = [
    may("MemberRole", "stop itself", "ec2:StopInstances", MEMBER, SELF),
    may_not("MemberRole", "stop another member", "ec2:StopInstances", OTHER, FROM_ANOTHER),
    may_not("MemberRole", "stop anything from outside of an instance", "ec2:StopInstances", MEMBER, OURS),
    may_not("MemberRole", "terminate itself", "ec2:TerminateInstances", MEMBER, SELF),
    may_not("MemberRole", "start anything", "ec2:StartInstances", MEMBER, SELF),
    may_not("MemberRole", "tag itself", "ec2:CreateTags", MEMBER, SELF),
    may_not("MemberRole", "take its own tags off", "ec2:DeleteTags", MEMBER, SELF),
    may_not("MemberRole", "see other instances", "ec2:DescribeInstances", "*", HERE),
    may_not("MemberRole", "change itself", "ec2:ModifyInstanceAttribute", MEMBER, SELF),
    may("MemberRole", "find its record", "route53:ListResourceRecordSets", ZONE_ARN),
    may("MemberRole", "delete a member's record", CHANGE, ZONE_ARN, change("DELETE", MEMBER_NAME)),
    may_not("MemberRole", "publish a record", CHANGE, ZONE_ARN, change("UPSERT", MEMBER_NAME)),
    may_not("MemberRole", "delete another name's record", CHANGE, ZONE_ARN, change("DELETE", f"www.{ZONE}")),
    may_not("MemberRole", "delete the zone's own record", CHANGE, ZONE_ARN, change("DELETE", ZONE)),
    may_not("MemberRole", "delete a TXT record", CHANGE, ZONE_ARN, change("DELETE", MEMBER_NAME, "TXT")),
    may_not(
        *("MemberRole", "delete records of another zone", CHANGE, "arn:aws:route53:::hostedzone/Z0OTHER"),
        change("DELETE", MEMBER_NAME),
    ),
    may("MemberRole", "read its lease", "dynamodb:GetItem", TABLE_ARN, item("i-0aaa")),
    may("MemberRole", "write its lease", "dynamodb:UpdateItem", TABLE_ARN, item("i-0aaa")),
    may_not("MemberRole", "read a session", "dynamodb:GetItem", TABLE_ARN, item("session#a")),
    may_not("MemberRole", "write a session", "dynamodb:UpdateItem", TABLE_ARN, item("session#a")),
    may_not("MemberRole", "write a caller's item", "dynamodb:UpdateItem", TABLE_ARN, item("owner#a")),
    may_not("MemberRole", "write a pool's item", "dynamodb:UpdateItem", TABLE_ARN, item("pool#drone")),
    may_not("MemberRole", "take a lock", "dynamodb:UpdateItem", TABLE_ARN, item("lock#certificate")),
    may_not("MemberRole", "hide one key behind another", "dynamodb:UpdateItem", TABLE_ARN, item("i-0aaa", "owner#a")),
    may_not("MemberRole", "delete a lease", "dynamodb:DeleteItem", TABLE_ARN, item("i-0aaa")),
    may_not("MemberRole", "make a lease", "dynamodb:PutItem", TABLE_ARN, item("i-0aaa")),
    may_not("MemberRole", "read the whole table", "dynamodb:Scan", TABLE_ARN),
    may_not("MemberRole", "read another table", "dynamodb:GetItem", arn("dynamodb", "table/other"), item("i-0aaa")),
    may("MemberRole", "read the certificate", "secretsmanager:GetSecretValue", CERTIFICATE),
    may_not("MemberRole", "read the token secret", "secretsmanager:GetSecretValue", MADE["TokenSecret"]),
    may_not("MemberRole", "read the key of the CA's account", "secretsmanager:GetSecretValue", ACCOUNT_KEY),
    may_not("MemberRole", "replace the certificate", "secretsmanager:PutSecretValue", CERTIFICATE),
    may_not("MemberRole", "read parameters", "ssm:GetParameter", arn("ssm", "parameter/secret")),
    may_not("MemberRole", "run commands on others", "ssm:SendCommand", OTHER, OURS),
    may_not("MemberRole", "open sessions on others", "ssm:StartSession", OTHER, OURS),
    may("MemberRole", "be administered through Session Manager", "ssmmessages:CreateControlChannel"),
    may_not(
        "MemberRole", "pass its role on", "iam:PassRole", MEMBER_ROLE, {"iam:PassedToService": "ec2.amazonaws.com"}
    ),
    may_not("MemberRole", "call the wake function", "lambda:InvokeFunction", arn("lambda", "function:pixel-wake")),
]

WAKE = [
    may("WakeRole", "see instances", "ec2:DescribeInstances", "*", HERE),
    may_not("WakeRole", "see instances of other regions", "ec2:DescribeInstances", "*", ELSEWHERE),
    may("WakeRole", "start a member", "ec2:StartInstances", MEMBER, OURS),
    may("WakeRole", "stop a member", "ec2:StopInstances", MEMBER, OURS),
    may_not("WakeRole", "start what is in no pool", "ec2:StartInstances", OTHER, {"aws:ResourceTag/Name": "database"}),
    may_not("WakeRole", "stop what is in no pool", "ec2:StopInstances", OTHER, {"aws:ResourceTag/Name": "database"}),
    may_not("WakeRole", "stop what has no tags", "ec2:StopInstances", OTHER),
    may_not("WakeRole", "stop what has an empty pool", "ec2:StopInstances", OTHER, {"aws:ResourceTag/pixel:pool": ""}),
    may_not("WakeRole", "terminate a member", "ec2:TerminateInstances", MEMBER, OURS),
    may_not("WakeRole", "make something a member", "ec2:CreateTags", OTHER, {"aws:RequestTag/pixel:pool": "drone"}),
    may_not("WakeRole", "take tags off", "ec2:DeleteTags", MEMBER, OURS),
    may_not("WakeRole", "launch anything", "ec2:RunInstances", MEMBER, {"aws:RequestTag/pixel:pool": "drone"}),
    may("WakeRole", "publish a member's record", CHANGE, ZONE_ARN, change("UPSERT", MEMBER_NAME)),
    may("WakeRole", "delete a member's record", CHANGE, ZONE_ARN, change("DELETE", MEMBER_NAME)),
    may_not("WakeRole", "publish another name", CHANGE, ZONE_ARN, change("UPSERT", f"www.{ZONE}")),
    may_not(
        "WakeRole", "answer a CA's challenge", CHANGE, ZONE_ARN, change("UPSERT", f"_acme-challenge.{ZONE}", "TXT")
    ),
    may_not("WakeRole", "make a member an alias", CHANGE, ZONE_ARN, change("UPSERT", MEMBER_NAME, "CNAME")),
    may_not("WakeRole", "make a wildcard", CHANGE, ZONE_ARN, change("UPSERT", rf"\052.{ZONE}")),
    may_not(
        *("WakeRole", "change another zone", CHANGE, "arn:aws:route53:::hostedzone/Z0OTHER"),
        change("UPSERT", MEMBER_NAME),
    ),
    may("WakeRole", "see the zone's records", "route53:ListResourceRecordSets", ZONE_ARN),
    may("WakeRole", "wait for a change", "route53:GetChange", "arn:aws:route53:::change/C1"),
    may("WakeRole", "read several items", "dynamodb:BatchGetItem", TABLE_ARN, item("i-0aaa", "session#a")),
    may("WakeRole", "read an item", "dynamodb:GetItem", TABLE_ARN, item("session#a")),
    may("WakeRole", "make an item", "dynamodb:PutItem", TABLE_ARN, item("session#a")),
    may("WakeRole", "write an item", "dynamodb:UpdateItem", TABLE_ARN, item("i-0aaa")),
    may("WakeRole", "delete an item", "dynamodb:DeleteItem", TABLE_ARN, item("i-0aaa")),
    may("WakeRole", "read the table", "dynamodb:Scan", TABLE_ARN),
    may_not("WakeRole", "delete the table", "dynamodb:DeleteTable", TABLE_ARN),
    may_not("WakeRole", "read another table", "dynamodb:Scan", arn("dynamodb", "table/other")),
    may("WakeRole", "read the token secret", "secretsmanager:GetSecretValue", MADE["TokenSecret"]),
    may("WakeRole", "see when the certificate ends", "secretsmanager:DescribeSecret", CERTIFICATE),
    may_not("WakeRole", "read the certificate's key", "secretsmanager:GetSecretValue", CERTIFICATE),
    may_not("WakeRole", "replace the token secret", "secretsmanager:PutSecretValue", MADE["TokenSecret"]),
    may("WakeRole", "open a log", "logs:CreateLogStream", LOGS),
    may("WakeRole", "write its log", "logs:PutLogEvents", LOGS),
    may_not(
        *("WakeRole", "write another log", "logs:PutLogEvents"),
        arn("logs", "log-group:/aws/lambda/other:log-stream:one"),
    ),
    may_not("WakeRole", "pass a role", "iam:PassRole", MEMBER_ROLE, {"iam:PassedToService": "ec2.amazonaws.com"}),
]
CASES = MEMBERS + WAKE


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.sentence)
def test_a_role_may(case: Case) -> None:
    assert outcomes(CASES)[case.sentence] == case.expected


@pytest.mark.parametrize("role", ["MemberRole", "WakeRole"])
def test_no_right_is_without_a_test_that_needs_it(role: str) -> None:
    needed = {case.request.action for case in CASES if case.expected == "allowed" and case.request.role == role}
    session_manager = {
        action for action in actions(role) if action.startswith(("ssm:", "ssmmessages:"))
    }  # one is tried
    assert actions(role) - needed - session_manager == set()
