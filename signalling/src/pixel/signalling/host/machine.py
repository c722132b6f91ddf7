"""This machine as an EC2 instance that can delete its own DNS record and stop itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import structlog

from pixel.signalling.host.dns import delete_own_record
from pixel.signalling.host.imds import InstanceFacts, Metadata
from pixel.signalling.host.shutdown import power_off
from pixel.signalling.lifecycle_settings import LifecycleSettings

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.config import Config

    from pixel.signalling.ports import MemberLease

CONNECT_TIMEOUT = 3.0
READ_TIMEOUT = 10.0

log = structlog.get_logger(__name__)


class OwnMachine:
    """The instance this process runs on. Every method blocks and may be called from any thread.

    boto3 is imported and the metadata service asked at the first use, so that the server listens before that.
    """

    def __init__(
        self,
        settings: LifecycleSettings,
        metadata: Metadata | None = None,
        shutdown: Callable[[], None] | None = None,
    ) -> None:
        self._settings = settings
        self._metadata = metadata or Metadata()
        self._shutdown = shutdown or partial(power_off, settings.shutdown_command)
        self._lock = threading.Lock()
        self._facts: InstanceFacts | None = None
        self._lease: MemberLease | None = None

    def facts(self) -> InstanceFacts:
        """Return what EC2 says of this machine; asked again only until there is a public address.

        Raises:
            OSError: the metadata service does not answer.
        """
        with self._lock:
            if self._facts is None or self._facts.address is None:
                self._facts = self._metadata.facts()
            return self._facts

    def lease(self) -> MemberLease:
        """Return this member's lease in the table that the settings name.

        Raises:
            OSError: the metadata service does not answer.
        """
        facts = self.facts()
        with self._lock:
            if self._lease is None:
                self._lease = self._open_lease(facts)
            return self._lease

    def delete_record(self) -> None:
        """Delete this machine's own DNS record, if it is there and still its own."""
        if not self._settings.zone:
            return
        facts = self.facts()
        if facts.address is None:
            return
        route53 = _session(facts).client("route53", config=_config())
        deleted = delete_own_record(route53, self._settings.zone_id, self._settings.zone, facts.address)
        log.info("dns record deleted" if deleted else "no dns record of ours", address=facts.address)

    def stop(self) -> None:
        """Stop through EC2; when EC2 refuses or cannot be reached, power off.

        Raises:
            OSError: neither worked.
        """
        try:
            facts = self.facts()
            _session(facts).client("ec2", config=_config()).stop_instances(InstanceIds=[facts.instance_id])
        except Exception as error:
            log.warning("ec2 does not stop this machine: powering off", error=str(error))
            self._shutdown()

    def _open_lease(self, facts: InstanceFacts) -> MemberLease:
        from pixel.lease import LeaseTimings
        from pixel.lease import MemberLease as LeaseInTable

        return LeaseInTable(
            _session(facts).client("dynamodb", config=_config()),
            self._settings.lease_table,
            facts.instance_id,
            LeaseTimings(connect=self._settings.first_connection, grace=self._settings.grace),
        )


def _session(facts: InstanceFacts) -> Session:
    """Return a session in the instance's region. Endpoints and credentials are boto3's own to find."""
    from boto3.session import Session

    return Session(region_name=facts.region)


def _config() -> Config:
    """Return timeouts short enough to try again soon: trying again is the lifecycle's business."""
    from botocore.config import Config

    return Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": 2},
    )
