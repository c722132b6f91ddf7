"""What the policies for operators' jobs allow, and what they do not."""

from __future__ import annotations

import pytest

from .cases import (
    ACCOUNT_KEY,
    CERTIFICATE,
    CHANGE,
    ELSEWHERE,
    HERE,
    IMAGE,
    MEMBER,
    MEMBER_NAME,
    MEMBER_ROLE,
    OTHER,
    OTHER_ROLE,
    OURS,
    SNAPSHOT,
    TABLE_ARN,
    TEMPLATE_ARN,
    ZONE_ARN,
    Case,
    change,
    item,
    launch,
    may,
    may_not,
    outcomes,
)
from .template import MADE, REGION, ZONE, actions, arn

pytestmark = pytest.mark.xdist_group("iam")

POOL = {"aws:RequestTag/pixel:pool": "drone"}
IMDSV2 = {"ec2:MetadataHttpTokens": "required"}
TO_EC2 = {"iam:PassedToService": "ec2.amazonaws.com"}
CANARY = {"aws:RequestTag/pixel:canary": "passed", "aws:TagKeys": ["pixel:canary"]}
RECORD = arn("ssm", "parameter/pixel/drone/releases/1.4.0")
NOT_OURS = {"aws:ResourceTag/Name": "database"}
BUILDER = {"aws:ResourceTag/pixel:builder": "pixel-drone-1.4.0"}
CHECK = {"aws:ResourceTag/pixel:check": "1.4.0"}
ARTIFACT = "arn:aws:s3:::pixel-artifacts/build.zip"
KEY_PAIR, SECURITY_GROUP = arn("ec2", "key-pair/packer_1"), arn("ec2", "security-group/sg-0aaa")
SUBNET, VPC = arn("ec2", "subnet/subnet-0aaa"), arn("ec2", "vpc/vpc-0aaa")
VOLUME, INTERFACE = arn("ec2", "volume/vol-0aaa"), arn("ec2", "network-interface/eni-0aaa")
RUN = "ec2:RunInstances"


def created_by(action: str) -> dict[str, str]:
    """Return what IAM knows of tags that are put on while something is made."""
    return {"ec2:CreateAction": action, **POOL}


FLEET = [
    *(
        may("FleetPolicy", f"see the region's {what}", f"ec2:{action}", "*", HERE)
        for what, action in {
            "instances": "DescribeInstances",
            "status checks": "DescribeInstanceStatus",
            "templates": "DescribeLaunchTemplates",
            "template versions": "DescribeLaunchTemplateVersions",
            "subnets": "DescribeSubnets",
        }.items()
    ),
    may_not("FleetPolicy", "see other regions", "ec2:DescribeInstances", "*", ELSEWHERE),
    may("FleetPolicy", "launch a member", RUN, *launch(MEMBER, **POOL, **IMDSV2)),
    may("FleetPolicy", "launch from our template", RUN, *launch(TEMPLATE_ARN, **OURS)),
    may("FleetPolicy", "launch our image", RUN, *launch(IMAGE, **OURS)),
    *(
        may("FleetPolicy", f"launch with {one.rpartition(':')[2]}", RUN, *launch(one))
        for one in (VOLUME, INTERFACE, SUBNET, SECURITY_GROUP)
    ),
    may_not("FleetPolicy", "launch what is in no pool", RUN, *launch(MEMBER, **IMDSV2)),
    may_not("FleetPolicy", "launch with open metadata", RUN, *launch(MEMBER, **POOL)),
    may_not("FleetPolicy", "launch without a template", RUN, MEMBER, {**POOL, **IMDSV2}),
    may_not("FleetPolicy", "launch from another's template", RUN, *launch(TEMPLATE_ARN, **NOT_OURS)),
    may_not("FleetPolicy", "launch another's image", RUN, *launch(IMAGE, **NOT_OURS)),
    may("FleetPolicy", "tag members at their launch", "ec2:CreateTags", MEMBER, created_by("RunInstances")),
    may("FleetPolicy", "tag disks at their launch", "ec2:CreateTags", VOLUME, created_by("RunInstances")),
    may_not("FleetPolicy", "make something a member", "ec2:CreateTags", OTHER, POOL),
    may_not("FleetPolicy", "tag a member", "ec2:CreateTags", MEMBER, {**OURS, **POOL}),
    may_not("FleetPolicy", "take tags off", "ec2:DeleteTags", MEMBER, OURS),
    *(
        case
        for verb in ("start", "stop", "terminate")
        for action in (f"ec2:{verb.title()}Instances",)
        for case in (
            may("FleetPolicy", f"{verb} a member", action, MEMBER, OURS),
            may_not("FleetPolicy", f"{verb} what is in no pool", action, OTHER, NOT_OURS),
            may_not("FleetPolicy", f"{verb} what has no tags", action, OTHER),
        )
    ),
    may("FleetPolicy", "give members their role", "iam:PassRole", MEMBER_ROLE, TO_EC2),
    may_not("FleetPolicy", "give members another role", "iam:PassRole", OTHER_ROLE, TO_EC2),
    may_not(
        *("FleetPolicy", "give the members' role to Lambda", "iam:PassRole", MEMBER_ROLE),
        {"iam:PassedToService": "lambda.amazonaws.com"},
    ),
    may("FleetPolicy", "see leases", "dynamodb:Scan", TABLE_ARN),
    may("FleetPolicy", "drain a member", "dynamodb:UpdateItem", TABLE_ARN, item("i-0aaa")),
    may_not("FleetPolicy", "write what is no member", "dynamodb:UpdateItem", TABLE_ARN, item("session#a")),
    may_not("FleetPolicy", "delete leases", "dynamodb:DeleteItem", TABLE_ARN, item("i-0aaa")),
    may_not("FleetPolicy", "change records", CHANGE, ZONE_ARN, change("UPSERT", MEMBER_NAME)),
    may_not("FleetPolicy", "read the token secret", "secretsmanager:GetSecretValue", MADE["TokenSecret"]),
    may_not("FleetPolicy", "publish a version", "ec2:CreateLaunchTemplateVersion", TEMPLATE_ARN, OURS),
]

RELEASE = [
    may("ReleasePolicy", "see images", "ec2:DescribeImages", "*", HERE),
    may("ReleasePolicy", "make a pool's template", "ec2:CreateLaunchTemplate", TEMPLATE_ARN, POOL),
    may_not("ReleasePolicy", "make a template of no pool", "ec2:CreateLaunchTemplate", TEMPLATE_ARN),
    may("ReleasePolicy", "tag a template it makes", "ec2:CreateTags", TEMPLATE_ARN, created_by("CreateLaunchTemplate")),
    may("ReleasePolicy", "tag a template of ours", "ec2:CreateTags", TEMPLATE_ARN, OURS),
    may_not("ReleasePolicy", "make another's template ours", "ec2:CreateTags", TEMPLATE_ARN, {**NOT_OURS, **POOL}),
    may_not("ReleasePolicy", "make something a member", "ec2:CreateTags", OTHER, POOL),
    *(
        case
        for action in (
            "CreateLaunchTemplateVersion",
            "ModifyLaunchTemplate",
            "DeleteLaunchTemplateVersions",
            "DeleteLaunchTemplate",
        )
        for case in (
            may("ReleasePolicy", f"call {action} for our template", f"ec2:{action}", TEMPLATE_ARN, OURS),
            may_not("ReleasePolicy", f"call {action} for another's", f"ec2:{action}", TEMPLATE_ARN, NOT_OURS),
        )
    ),
    may("ReleasePolicy", "lease a canary", "dynamodb:UpdateItem", TABLE_ARN, item("i-0aaa")),
    may("ReleasePolicy", "give a canary's lease back", "dynamodb:DeleteItem", TABLE_ARN, item("i-0aaa")),
    may_not("ReleasePolicy", "write a session", "dynamodb:UpdateItem", TABLE_ARN, item("session#a")),
    may("ReleasePolicy", "say that a canary has passed", "ec2:CreateTags", MEMBER, {**OURS, **CANARY}),
    may_not("ReleasePolicy", "call something else a canary", "ec2:CreateTags", OTHER, {**NOT_OURS, **CANARY}),
    may_not("ReleasePolicy", "move a member to another pool", "ec2:CreateTags", MEMBER, {
        **OURS, **POOL, "aws:TagKeys": ["pixel:canary", "pixel:pool"],
    }),
    *(
        may("ReleasePolicy", f"call {action} for a release's record", f"ssm:{action}", RECORD)
        for action in ("GetParameters", "GetParametersByPath", "GetParameterHistory", "PutParameter")
    ),
    may_not("ReleasePolicy", "read another parameter", "ssm:GetParameters", arn("ssm", "parameter/database/password")),
    may_not("ReleasePolicy", "delete a record", "ssm:DeleteParameter", RECORD),
    may_not("ReleasePolicy", "mark an image as verified", "ec2:CreateTags", IMAGE, OURS),
    may_not("ReleasePolicy", "stop a member", "ec2:StopInstances", MEMBER, OURS),
]  # fmt: skip

SCHEDULE = [
    may("SchedulePolicy", "see who is held", "dynamodb:BatchGetItem", TABLE_ARN, item("i-0aaa", "i-0bbb")),
    may("SchedulePolicy", "hold a member", "dynamodb:UpdateItem", TABLE_ARN, item("i-0aaa")),
    may_not("SchedulePolicy", "write a session", "dynamodb:UpdateItem", TABLE_ARN, item("session#a")),
    may_not("SchedulePolicy", "read a session", "dynamodb:BatchGetItem", TABLE_ARN, item("i-0aaa", "session#a")),
    may_not("SchedulePolicy", "delete a lease", "dynamodb:DeleteItem", TABLE_ARN, item("i-0aaa")),
]

API_KEYS = f"arn:aws:apigateway:{REGION}::/apikeys"
REPORT = [
    may("ReportPolicy", "read what was used", "dynamodb:BatchGetItem", TABLE_ARN, item("usage#drone#2026-11-24#00")),
    may_not("ReportPolicy", "read a session", "dynamodb:BatchGetItem", TABLE_ARN, item("session#a")),
    may_not("ReportPolicy", "write what was used", "dynamodb:UpdateItem", TABLE_ARN, item("usage#drone")),
    may("ReportPolicy", "read the names of API keys", "apigateway:GET", API_KEYS),
    may_not("ReportPolicy", "read one API key's value", "apigateway:GET", f"{API_KEYS}/abc123"),
    may_not("ReportPolicy", "make an API key", "apigateway:POST", API_KEYS),
]

DNS = [
    may("DnsPolicy", "see who runs", "ec2:DescribeInstances", "*", HERE),
    may("DnsPolicy", "find the zone", "route53:ListHostedZones"),
    may("DnsPolicy", "see the zone's records", "route53:ListResourceRecordSets", ZONE_ARN),
    may("DnsPolicy", "delete members' records", CHANGE, ZONE_ARN, change("DELETE", MEMBER_NAME)),
    may_not("DnsPolicy", "publish a record", CHANGE, ZONE_ARN, change("UPSERT", MEMBER_NAME)),
    may_not("DnsPolicy", "delete another name", CHANGE, ZONE_ARN, change("DELETE", f"www.{ZONE}")),
    may_not("DnsPolicy", "delete an AAAA record", CHANGE, ZONE_ARN, change("DELETE", MEMBER_NAME, "AAAA")),
    may_not("DnsPolicy", "delete one name behind another", CHANGE, ZONE_ARN, {
        CHANGE + "NormalizedRecordNames": [MEMBER_NAME, f"www.{ZONE}"],
        CHANGE + "RecordTypes": ["A", "A"],
        CHANGE + "Actions": ["DELETE", "DELETE"],
    }),
    may("DnsPolicy", "wait for a change", "route53:GetChange", "arn:aws:route53:::change/C1"),
    may_not("DnsPolicy", "delete the zone", "route53:DeleteHostedZone", ZONE_ARN),
    may_not("DnsPolicy", "stop a member", "ec2:StopInstances", MEMBER, OURS),
]  # fmt: skip

PRUNE = [
    *(
        may("ImagePrunePolicy", f"call {action}", f"ec2:{action}", "*", HERE)
        for action in (
            "DescribeImages",
            "DescribeInstances",
            "DescribeLaunchTemplates",
            "DescribeLaunchTemplateVersions",
        )
    ),
    may("ImagePrunePolicy", "deregister our image", "ec2:DeregisterImage", IMAGE, OURS),
    may("ImagePrunePolicy", "delete our snapshot", "ec2:DeleteSnapshot", SNAPSHOT, OURS),
    may_not("ImagePrunePolicy", "deregister another's image", "ec2:DeregisterImage", IMAGE, NOT_OURS),
    may_not("ImagePrunePolicy", "delete another's snapshot", "ec2:DeleteSnapshot", SNAPSHOT, NOT_OURS),
    may_not("ImagePrunePolicy", "make another's image ours", "ec2:CreateTags", IMAGE, POOL),
]

ACME_NAME = f"_acme-challenge.{ZONE}"
CERTIFICATES = [
    may("CertificatePolicy", "find the zone", "route53:ListHostedZones"),
    may("CertificatePolicy", "see the zone", "route53:GetHostedZone", ZONE_ARN),
    may("CertificatePolicy", "see its records", "route53:ListResourceRecordSets", ZONE_ARN),
    may("CertificatePolicy", "answer the challenge", CHANGE, ZONE_ARN, change("UPSERT", ACME_NAME, "TXT")),
    may("CertificatePolicy", "take the answer away", CHANGE, ZONE_ARN, change("DELETE", ACME_NAME, "TXT")),
    may_not("CertificatePolicy", "touch a member's record", CHANGE, ZONE_ARN, change("DELETE", MEMBER_NAME)),
    may_not("CertificatePolicy", "write TXT elsewhere", CHANGE, ZONE_ARN, change("UPSERT", ZONE, "TXT")),
    may("CertificatePolicy", "wait for a change", "route53:GetChange", "arn:aws:route53:::change/C1"),
    *(
        may("CertificatePolicy", f"call {action} for {name}", f"secretsmanager:{action}", secret)
        for name, secret in {"the certificate": CERTIFICATE, "the account's key": ACCOUNT_KEY}.items()
        for action in (
            "CreateSecret",
            "DescribeSecret",
            "GetResourcePolicy",
            "GetSecretValue",
            "TagResource",
            "UpdateSecret",
        )
    ),
    may_not("CertificatePolicy", "read the token secret", "secretsmanager:GetSecretValue", MADE["TokenSecret"]),
    may_not("CertificatePolicy", "delete the certificate", "secretsmanager:DeleteSecret", CERTIFICATE),
    may("CertificatePolicy", "take its lock", "dynamodb:UpdateItem", TABLE_ARN, item("lock#certificate")),
    may("CertificatePolicy", "let go of its lock", "dynamodb:DeleteItem", TABLE_ARN, item("lock#certificate")),
    may_not("CertificatePolicy", "write a lease", "dynamodb:UpdateItem", TABLE_ARN, item("i-0aaa")),
    may_not("CertificatePolicy", "delete a lease", "dynamodb:DeleteItem", TABLE_ARN, item("i-0aaa")),
]

OF_BUILDERS = (
    "StopInstances",
    "TerminateInstances",
    "DescribeInstanceAttribute",
    "ModifyInstanceAttribute",
    "GetPasswordData",
    "CreateImage",
)
IMAGES = [
    *(
        may("ImagePolicy", f"call {action}", action, "*", HERE)
        for action in sorted(actions("ImagePolicy"))
        if action.startswith("ec2:Describe") and action != "ec2:DescribeInstanceAttribute"
    ),
    may("ImagePolicy", "launch a builder", RUN, MEMBER, {"aws:RequestTag/pixel:builder": "pixel-drone-1.4.0"}),
    may("ImagePolicy", "launch what checks an image", RUN, MEMBER, {"aws:RequestTag/pixel:check": "1.4.0"}),
    may_not("ImagePolicy", "launch a member", RUN, MEMBER, POOL),
    may_not("ImagePolicy", "launch a builder that is a member", RUN, MEMBER, {
        "aws:RequestTag/pixel:builder": "x", **POOL,
    }),
    may_not("ImagePolicy", "launch something untagged", RUN, MEMBER),
    *(
        may("ImagePolicy", f"launch with {one.rpartition(':')[2]}", RUN, one)
        for one in (IMAGE, VOLUME, INTERFACE, SUBNET, SECURITY_GROUP, KEY_PAIR)
    ),
    *(
        may("ImagePolicy", f"call {action} for {name}", f"ec2:{action}", MEMBER, tag)
        for name, tag in {"a builder": BUILDER, "what checks an image": CHECK}.items()
        for action in OF_BUILDERS
    ),
    *(
        case
        for action in OF_BUILDERS
        for case in (
            may_not("ImagePolicy", f"call {action} for a member", f"ec2:{action}", MEMBER, OURS),
            may_not("ImagePolicy", f"call {action} for another", f"ec2:{action}", OTHER, NOT_OURS),
        )
    ),
    may("ImagePolicy", "tag at launch", "ec2:CreateTags", MEMBER, {"ec2:CreateAction": "RunInstances"}),
    may_not("ImagePolicy", "make something a member", "ec2:CreateTags", OTHER, POOL),
    may("ImagePolicy", "make a key for the build", "ec2:CreateKeyPair", KEY_PAIR),
    may("ImagePolicy", "delete the build's key", "ec2:DeleteKeyPair", KEY_PAIR),
    may_not("ImagePolicy", "delete another's key", "ec2:DeleteKeyPair", arn("ec2", "key-pair/admin")),
    may("ImagePolicy", "make a security group", "ec2:CreateSecurityGroup", SECURITY_GROUP),
    may("ImagePolicy", "open it for the build", "ec2:AuthorizeSecurityGroupIngress", SECURITY_GROUP),
    may("ImagePolicy", "delete it", "ec2:DeleteSecurityGroup", SECURITY_GROUP),
    may("ImagePolicy", "make an image", "ec2:CreateImage", IMAGE),
    may("ImagePolicy", "tag an image", "ec2:CreateTags", IMAGE),
    may("ImagePolicy", "say when an image is old", "ec2:EnableImageDeprecation", IMAGE),
    may("ImagePolicy", "describe an image", "ec2:ModifyImageAttribute", IMAGE),
    may("ImagePolicy", "prepare fast launches", "ec2:EnableFastLaunch", IMAGE),
    may("ImagePolicy", "deregister our image", "ec2:DeregisterImage", IMAGE, OURS),
    may("ImagePolicy", "delete our snapshot", "ec2:DeleteSnapshot", SNAPSHOT, OURS),
    may_not("ImagePolicy", "deregister another's image", "ec2:DeregisterImage", IMAGE, NOT_OURS),
    may("ImagePolicy", "give the checked instance its role", "iam:PassRole", MEMBER_ROLE, TO_EC2),
    may_not("ImagePolicy", "give it another role", "iam:PassRole", OTHER_ROLE, TO_EC2),
    may("ImagePolicy", "find the profile", "iam:GetInstanceProfile", MADE["MemberInstanceProfile"]),
    may("ImagePolicy", "read what is installed", "s3:GetObject", ARTIFACT),
    may("ImagePolicy", "store what is installed", "s3:PutObject", ARTIFACT),
    may("ImagePolicy", "see what is installed", "s3:ListBucket", "arn:aws:s3:::pixel-artifacts"),
    may_not("ImagePolicy", "write the function's code", "s3:PutObject", "arn:aws:s3:::pixel-code/wake/a.zip"),
    may("ImagePolicy", "lease what checks an image", "dynamodb:UpdateItem", TABLE_ARN, item("i-0aaa")),
    may("ImagePolicy", "give that lease back", "dynamodb:DeleteItem", TABLE_ARN, item("i-0aaa")),
    may_not("ImagePolicy", "write a session", "dynamodb:UpdateItem", TABLE_ARN, item("session#a")),
    may("ImagePolicy", "read the certificate", "secretsmanager:GetSecretValue", CERTIFICATE),
    may_not("ImagePolicy", "read the token secret", "secretsmanager:GetSecretValue", MADE["TokenSecret"]),
]  # fmt: skip

CASES = FLEET + RELEASE + SCHEDULE + REPORT + DNS + PRUNE + CERTIFICATES + IMAGES
POLICIES = sorted({case.request.role for case in CASES})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.sentence)
def test_an_operator_with_the_policy(case: Case) -> None:
    assert outcomes(CASES)[case.sentence] == case.expected


@pytest.mark.parametrize("policy", POLICIES)
def test_no_right_is_without_a_test_that_needs_it(policy: str) -> None:
    needed = {case.request.action for case in CASES if case.expected == "allowed" and case.request.role == policy}
    assert actions(policy) - needed == set()
