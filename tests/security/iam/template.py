"""The foundation's policies, as CloudFormation makes them of its template."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import yaml

TEMPLATES = (
    Path(__file__).resolve().parents[3] / "collections/ansible_collections/mitlab/pixel/roles/foundation/templates"
)

REGION, ACCOUNT = "us-east-2", "123456789012"
ZONE, ZONE_ID, TABLE = "stream.example.org", "Z0AAAA", "pixel-leases"
PARAMETERS = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::StackName": "pixel",
    "AWS::URLSuffix": "amazonaws.com",
    "Zone": ZONE,
    "ZoneId": ZONE_ID,
    "LeaseTableName": TABLE,
    "CertificateSecretName": "pixel/certificate",
    "CertificateAccountSecretName": "pixel/acme-account",
    "ArtifactBucket": "pixel-artifacts",
}
Document = dict[str, Any]


def arn(service: str, resource: str) -> str:
    """Return an ARN of the account, in the region."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


MADE = {
    "MemberRole": f"arn:aws:iam::{ACCOUNT}:role/pixel-MemberRole",
    "MemberInstanceProfile": f"arn:aws:iam::{ACCOUNT}:instance-profile/pixel-MemberInstanceProfile",
    "TokenSecret": arn("secretsmanager", "secret:TokenSecret-abcdef"),
    "WakeLogs": arn("logs", "log-group:/aws/lambda/pixel-wake:*"),
}
"""The ARNs of what the stack makes and the policies name."""


class _Values(yaml.SafeLoader):
    """Reads CloudFormation's functions as their values. One that is not known here gives None, outside of policies."""


def _substituted(text: str) -> str:
    return re.sub(r"\$\{(!?)([^}]+)\}", lambda found: f"${{{found[2]}}}" if found[1] else _parameter(found[2]), text)


def _parameter(name: str) -> str:
    return PARAMETERS.get(name) or MADE.get(name) or f"<{name}>"


def _function(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> Any:
    if not isinstance(node, yaml.ScalarNode):
        return None
    text = str(loader.construct_scalar(node))
    if name == "Sub":
        return _substituted(text)
    return _parameter(text.removesuffix(".Arn"))


_Values.add_multi_constructor("!", _function)


@cache
def resources() -> dict[str, Any]:
    """Return the template's resources."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined)
    environment.filters["regex_replace"] = lambda text, pattern, new: re.sub(pattern, new, text)
    rendered = environment.get_template("foundation.yaml.j2").render(foundation_api_keys=["notebook"])
    template: dict[str, Any] = yaml.load(rendered, _Values)
    found: dict[str, Any] = template["Resources"]
    return found


@cache
def policies() -> dict[str, list[Document]]:
    """Return the policy documents of each role, and of each policy for operators, by the name in the template."""
    found: dict[str, list[Document]] = {}
    for name, resource in resources().items():
        if resource["Type"] == "AWS::IAM::Role":
            found[name] = [policy["PolicyDocument"] for policy in resource["Properties"]["Policies"]]
        elif resource["Type"] == "AWS::IAM::ManagedPolicy":
            found[name] = [resource["Properties"]["PolicyDocument"]]
    assert "<" not in str(found), f"a policy names what this test gives no value to: {found}"
    return found


def actions(*names: str) -> set[str]:
    """Return the actions that some policies allow, together."""
    statements = [one for name in names for document in policies()[name] for one in document["Statement"]]
    assert all(statement["Effect"] == "Allow" for statement in statements)
    return {
        action
        for statement in statements
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
