"""A member's instance in the sandbox: its facts, its DNS record, its credentials."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from pixel.lease.model import LeaseTimings
from pixel.lease.table import Table
from pixel.lease.writes import Claim, claim
from pixel.naming import record_name
from pixel.sandbox.testing import RunningSandbox, running_sandbox
from pixel.signalling.host.imds import Metadata

from .metadata_service import MetadataService, metadata_service


@pytest.fixture(scope="module")
def shared_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def sandbox(shared_sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> RunningSandbox:
    """A sandbox at its seeds, in which states change at once, and which this process's AWS clients find."""
    shared_sandbox.reset()
    shared_sandbox.set_delays()
    for name, value in shared_sandbox.environment().items():
        monkeypatch.setenv(name, value)
    return shared_sandbox


@dataclass(frozen=True)
class Instance:
    """A running instance of the sandbox, seen from inside."""

    sandbox: RunningSandbox
    id: str
    address: str
    service: MetadataService

    @property
    def metadata(self) -> Metadata:
        return Metadata(self.service.endpoint)

    @property
    def state(self) -> str:
        return self.sandbox.instance_state(self.id)

    @property
    def name(self) -> str:
        return record_name(self.address, self.sandbox.state.zone)

    def publish(self, name: str, address: str, ttl: int = 60) -> None:
        record = {"Name": name, "Type": "A", "TTL": ttl, "ResourceRecords": [{"Value": address}]}
        self.sandbox.route53.change_resource_record_sets(
            HostedZoneId=self.sandbox.state.zone_id,
            ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]},  # type: ignore[list-item, typeddict-item] # a plain record
        )

    @property
    def table(self) -> Table:
        return Table(self.sandbox.dynamodb, self.sandbox.state.lease_table)

    def claim(self, player_digest: str = "p" * 64, controller_digest: str = "c" * 64) -> None:
        """Give the member its first lease, as the wake function does."""
        new = Claim(
            instance_id=self.id,
            pool="drone",
            az="us-east-2a",
            session="session-1",
            owner="somebody",
            generation=1,
            player_digest=player_digest,
            controller_digest=controller_digest,
        )
        self.table.write(claim(new, LeaseTimings(), time.time()))

    def published(self) -> dict[str, str]:
        records = self.sandbox.route53.list_resource_record_sets(HostedZoneId=self.sandbox.state.zone_id)
        return {
            record["Name"].rstrip("."): record["ResourceRecords"][0]["Value"]
            for record in records["ResourceRecordSets"]
            if record["Type"] == "A"
        }


@pytest.fixture
def instance(sandbox: RunningSandbox) -> Iterator[Instance]:
    (instance_id,) = sandbox.launch()
    address = sandbox.instance(instance_id)["PublicIpAddress"]
    facts = {"instance-id": instance_id, "placement/region": sandbox.state.region, "public-ipv4": address}
    with metadata_service(facts) as service:
        yield Instance(sandbox, instance_id, address, service)
