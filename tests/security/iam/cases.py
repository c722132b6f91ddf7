"""What the tests of the policies have in common: ARNs, and how a list of requests becomes tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Literal, NamedTuple

from .simulator import Request, decisions
from .template import ACCOUNT, MADE, REGION, TABLE, ZONE, ZONE_ID, arn, policies

MEMBER, OTHER = arn("ec2", "instance/i-0aaa"), arn("ec2", "instance/i-0bbb")
OURS = {"aws:ResourceTag/pixel:pool": "drone"}
"""What EC2 says of a member, or of something else that belongs to a pool."""
HERE = {"aws:RequestedRegion": REGION}
ELSEWHERE = {"aws:RequestedRegion": "eu-west-1"}
ZONE_ARN = f"arn:aws:route53:::hostedzone/{ZONE_ID}"
TABLE_ARN = arn("dynamodb", f"table/{TABLE}")
CERTIFICATE = arn("secretsmanager", "secret:pixel/certificate-abcdef")
ACCOUNT_KEY = arn("secretsmanager", "secret:pixel/acme-account-abcdef")
MEMBER_ROLE = MADE["MemberRole"]
TEMPLATE_ARN = arn("ec2", "launch-template/lt-0aaa")
IMAGE = f"arn:aws:ec2:{REGION}::image/ami-0aaa"
SNAPSHOT = f"arn:aws:ec2:{REGION}::snapshot/snap-0aaa"
MEMBER_NAME = f"drone-198-51-100-7.{ZONE}"

CHANGE = "route53:ChangeResourceRecordSets"


class Case(NamedTuple):
    """A request, what is to come of it, and a sentence that says what it is."""

    sentence: str
    expected: Literal["allowed", "denied"]
    request: Request


def may(
    role: str, sentence: str, action: str, resource: str = "*", context: Mapping[str, object] | None = None
) -> Case:
    """Say that a role may do something."""
    return Case(f"{role} may {sentence}", "allowed", _request(role, action, resource, context))


def may_not(
    role: str, sentence: str, action: str, resource: str = "*", context: Mapping[str, object] | None = None
) -> Case:
    """Say that a role may not do something."""
    return Case(f"{role} may not {sentence}", "denied", _request(role, action, resource, context))


def change(action: str, name: str, kind: str = "A") -> dict[str, list[str]]:
    """Return what IAM knows of a change of one record."""
    return {CHANGE + "NormalizedRecordNames": [name], CHANGE + "RecordTypes": [kind], CHANGE + "Actions": [action]}


def item(*keys: str) -> dict[str, list[str]]:
    """Return what IAM knows of a call about items with these keys."""
    return {"dynamodb:LeadingKeys": list(keys)}


def outcomes(cases: Sequence[Case]) -> dict[str, str]:
    """Return what the simulator says of each case, by its sentence."""
    return dict(zip((case.sentence for case in cases), _decided(tuple(cases)), strict=True))


@cache
def _decided(cases: tuple[Case, ...]) -> list[str]:
    return decisions(policies(), [case.request for case in cases])


def _request(role: str, action: str, resource: str, context: Mapping[str, object] | None) -> Request:
    return Request(role, action, resource, dict(context or {}))  # type: ignore[arg-type] # texts, and lists of texts


def launch(resource: str, **context: object) -> tuple[str, dict[str, object]]:
    """Return resource and context of one part of a launch from a template of ours."""
    known = {"ec2:LaunchTemplate": TEMPLATE_ARN, "ec2:IsLaunchTemplateResource": "true"}
    return resource, {**known, **context}


OTHER_ROLE = f"arn:aws:iam::{ACCOUNT}:role/administrator"
