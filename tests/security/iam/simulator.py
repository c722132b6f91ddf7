"""Asks a simulator of IAM (@cloud-copilot/iam-simulate) what a role may do.

The simulator knows which resources and condition keys each action of AWS has, so that neither a policy nor a request
can name one that AWS would never see.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"


@dataclass(frozen=True, eq=False)
class Request:
    """What a role asks for.

    Attributes:
        role: the role, or the policy, by its name in the template.
        action: such as `ec2:StopInstances`.
        resource: its ARN; `*` for actions that have none.
        context: what IAM knows besides, such as the resource's tags.
    """

    role: str
    action: str
    resource: str = "*"
    context: Mapping[str, str | Sequence[str]] = field(default_factory=dict)


def install() -> None:
    """Install the simulator, as it is locked, if it is not there."""
    marker = MODULES / ".package-lock.json"
    if not marker.exists() or marker.stat().st_mtime < (HERE / "package-lock.json").stat().st_mtime:
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-progress"], cwd=HERE, check=True, capture_output=True)


def decisions(policies: Mapping[str, Sequence[Any]], requests: Sequence[Request]) -> list[str]:
    """Return `allowed` or `denied` for each request; for one that AWS would not know, why: it has no such action,
    resource or condition key."""
    install()
    asked = {"policies": policies, "requests": [vars(request) for request in requests]}
    done = subprocess.run(
        ["node", HERE / "simulate.mjs"], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    return [
        f"unknown: {answer['error']}" if "error" in answer else DECISIONS[answer["decision"]]
        for answer in json.loads(done.stdout)
    ]


DECISIONS = {"Allowed": "allowed", "ImplicitlyDenied": "denied", "ExplicitlyDenied": "denied"}
