"""The file that AWX writes for a job, read by botocore: which role it assumes, and with whose right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pixel.sandbox.testing import RunningSandbox, running_sandbox
from playbook_runs import ROOT

from .stand_in.rules import RefusedError, check_credential_type

ROLE = "arn:aws:iam::123456789012:role/pixel-operator"


class Loader(yaml.SafeLoader):
    """Reads Ansible's `!unsafe`, which keeps AWX's braces from Ansible."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))
TYPE: dict[str, Any] = yaml.load((ROOT / "playbooks/vars/awx_credential_type.yml").read_text(), Loader)[
    "pixel_awx_credential_type"
]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """An AWS whose STS lets roles be assumed."""
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


def written(tmp_path: Path, inputs: Mapping[str, str]) -> Path:
    """Write the job's file as AWX does: inputs that are not given are empty."""
    template = ImmutableSandboxedEnvironment().from_string(TYPE["injectors"]["file"]["template"])
    path = tmp_path / "config"
    path.write_text(template.render(inputs))
    return path


def test_awx_takes_the_type() -> None:
    check_credential_type(TYPE["inputs"], TYPE["injectors"])


def test_awx_would_refuse_a_template_with_a_field_that_is_not_there() -> None:
    with pytest.raises(RefusedError, match="undefined"):
        check_credential_type(TYPE["inputs"], {"env": {"X": "{{ role }}"}})


def test_a_job_with_keys_assumes_the_role(
    sandbox: RunningSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {"access_key": sandbox.state.access_key, "secret_key": sandbox.state.secret_key}
    path = written(tmp_path, {"role_arn": ROLE, "region": "us-east-2", "external_id": "lab", **keys})
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    monkeypatch.setenv("AWS_PROFILE", TYPE["injectors"]["env"]["AWS_PROFILE"])
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sandbox.endpoint)
    session = boto3.Session()

    credentials = session.get_credentials()

    assert session.region_name == "us-east-2"
    assert credentials is not None
    assert credentials.method == "assume-role"
    assert credentials.get_frozen_credentials().token
    assert "sts.AssumeRole" in sandbox.calls()


def test_a_job_without_keys_assumes_the_role_with_awxs_own_right(tmp_path: Path) -> None:
    path = written(tmp_path, {"role_arn": ROLE, "region": "us-east-2", "credential_source": "EcsContainer"})

    profile = boto3.Session(botocore_session=_session(path))._session.full_config["profiles"]

    assert list(profile) == ["pixel"]
    assert profile["pixel"]["credential_source"] == "EcsContainer"
    assert "external_id" not in profile["pixel"]


def _session(path: Path) -> Any:
    import botocore.session

    session = botocore.session.Session(profile="pixel")
    session.set_config_variable("config_file", str(path))
    return session
