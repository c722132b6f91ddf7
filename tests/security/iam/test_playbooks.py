"""What the playbooks call is what their policies allow."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name

from pixel.sandbox import state
from pixel.sandbox.testing import RunningSandbox, running_sandbox
from playbook_runs import ROOT, run_playbook

from .playbooks import POLICIES, beyond
from .template import actions, policies

pytestmark = pytest.mark.xdist_group("iam")

PLUGINS = ROOT / "collections/ansible_collections/mitlab/pixel/plugins"
SERVICES = ("dynamodb", "ec2", "route53", "ssm")
"""Services, which are also the names that the modules give to their clients."""
WITHOUT_A_RIGHT = {"dynamodb.TransactWriteItems": "dynamodb.UpdateItem"}
"""Calls that need the rights of what they consist of."""


@cache
def operations(service: str) -> dict[str, str]:
    """Return the operations of a service, by the names that boto3 gives them."""
    names = botocore.session.get_session().get_service_model(service).operation_names
    return {xform_name(name): name for name in names}


def called(path: Path) -> set[str]:
    """Return the AWS actions that a file calls, by the names of its variables and methods."""
    return {
        f"{service}.{operations(service)[node.attr]}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and (service := named(node.value).lstrip("_")) in SERVICES
        and node.attr in operations(service)
    }


def named(value: ast.expr) -> str:
    """Return the name of a variable, or of an attribute."""
    match value:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def test_every_call_of_the_modules_is_allowed_by_some_policy() -> None:
    calls = {WITHOUT_A_RIGHT.get(call, call) for path in PLUGINS.rglob("*.py") for call in called(path)}
    assert len(calls) > 20
    assert {call.replace(".", ":", 1) for call in calls} - actions(
        *(name for name in policies() if name.endswith("Policy"))
    ) == set()


def test_every_playbook_has_its_policies() -> None:
    playbooks = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    assert POLICIES.keys() == playbooks - {"site", "awx"}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningSandbox, Path]]:
    """An AWS with an image, and the folder that tells where it is."""
    folder = tmp_path_factory.mktemp("sandbox")
    with running_sandbox(folder) as running:
        running.reset()
        tags = {"pixel:pool": "drone", "pixel:release": "1.0.0", "pixel:verified": "true"}
        running.ec2.register_image(
            Name="pixel-drone-1.0.0",
            Architecture="x86_64",
            RootDeviceName="/dev/sda1",
            TagSpecifications=[
                {"ResourceType": "image", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
            ],
        )
        yield running, folder


@pytest.fixture
def calls(sandbox: tuple[RunningSandbox, Path]) -> Callable[..., set[str]]:
    """Run a playbook, and return the calls it made."""
    running, folder = sandbox
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, state.ENVIRONMENT: str(folder)}

    def run(name: str, **variables: Any) -> set[str]:
        running.reset_calls()
        done = run_playbook(name, environment, **{"pixel_canary": False, **variables})
        assert done.ok, done.message
        return set(running.calls()) - {"sts.GetCallerIdentity"}  # which needs no right

    return run


@pytest.mark.slow
def test_what_the_playbooks_call_is_what_their_policies_allow(calls: Callable[..., set[str]]) -> None:
    for name, variables in (
        ("release", {"pixel_release": "1.0.0", "pixel_size": 1}),
        ("dns_prune", {}),
        ("image_prune", {"pixel_keep_releases": 1}),
    ):
        made = calls(name, **variables)
        assert made
        assert beyond(name, {WITHOUT_A_RIGHT.get(call, call) for call in made}) == set(), name
