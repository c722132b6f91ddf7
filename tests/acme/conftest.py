"""certificate.yml against a real ACME server, which validates through the DNS server of the sandbox's own Route 53."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pixel.sandbox import state
from pixel.sandbox.testing import RunningSandbox
from playbook_runs import Run, run_playbook

from .pebble import Pebble

SECRET = "pixel/certificate"


@pytest.fixture
def sandbox(shared_sandbox: RunningSandbox) -> RunningSandbox:
    """The sandbox, back at its seeds, whose name servers are in sync at once."""
    shared_sandbox.reset()
    shared_sandbox.set_delays()
    return shared_sandbox


@pytest.fixture
def pebble(sandbox: RunningSandbox, tmp_path: Path) -> Iterator[Pebble]:
    """The CA."""
    with Pebble(tmp_path / "pebble", sandbox.state.dns) as server:
        yield server


@dataclass(frozen=True)
class Account:
    """What the playbook leaves in AWS."""

    sandbox: RunningSandbox

    def certificate(self, stage: str = "AWSCURRENT") -> dict[str, str]:
        """Return what the secret's version with a staging label holds."""
        answer = self.sandbox.client("secretsmanager").get_secret_value(SecretId=SECRET, VersionStage=stage)
        pair: dict[str, str] = json.loads(answer["SecretString"])
        return pair

    def put_certificate(self, fullchain: str, privkey: str, **more: str) -> None:
        """Put a certificate into service."""
        content = json.dumps({"fullchain": fullchain, "privkey": privkey, **more})
        self.sandbox.client("secretsmanager").create_secret(Name=SECRET, SecretString=content)

    def challenges(self) -> list[str]:
        """Return the names of all TXT records."""
        zone = self.sandbox.state.zone_id
        pages = self.sandbox.route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone)
        return [record["Name"] for page in pages for record in page["ResourceRecordSets"] if record["Type"] == "TXT"]

    def locks(self) -> list[str]:
        """Return the keys of the locks that are held; one that has ended is anybody's."""
        items = self.sandbox.dynamodb.scan(TableName=self.sandbox.state.lease_table)["Items"]
        return [item["instance_id"]["S"] for item in items if float(item["held_until"]["N"]) > time.time()]

    def is_tidy(self) -> bool:
        """Return whether there is neither a challenge's record nor a lock that is held."""
        return not self.challenges() and not self.locks()


@pytest.fixture
def account(sandbox: RunningSandbox) -> Account:
    """What is in AWS."""
    return Account(sandbox)


@pytest.fixture
def environment(state_folder: Path, pebble: Pebble) -> dict[str, str]:
    """The environment in which the playbook finds the sandbox and trusts the CA's own certificate."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, state.ENVIRONMENT: str(state_folder), "SSL_CERT_FILE": str(pebble.ca_file)}


@pytest.fixture
def variables(pebble: Pebble) -> dict[str, Any]:
    """The settings of these tests."""
    return {"pixel_certificate_directory": pebble.directory, "pixel_certificate_email": "ops@pixel.test"}


@pytest.fixture
def renew(environment: dict[str, str], variables: dict[str, Any]) -> Callable[..., Run]:
    """Run certificate.yml: `renew(pixel_certificate_renew_days=40)`."""

    def run(**more: Any) -> Run:
        return run_playbook("certificate", environment, **(variables | more))

    return run
