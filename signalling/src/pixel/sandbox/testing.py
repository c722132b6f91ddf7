"""A sandbox for tests: in this process, on a thread, ready in about a second."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from pixel.sandbox import state
from pixel.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_ec2 import EC2Client
    from types_boto3_route53 import Route53Client


class RunningSandbox:
    """A running sandbox as a test sees it.

    Attributes:
        state: its addresses, ids and keys, as in `sandbox.json`.
        endpoint: the URL of AWS's API.
        sandbox: the sandbox itself, which lives in this process.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.state = sandbox.state()
        self.endpoint = self.state.endpoint

    def client(self, service: str, **settings: Any) -> Any:
        """Return a boto3 client of the sandbox. It never retries, unless `config=` says otherwise."""
        arguments: dict[str, Any] = {
            "endpoint_url": self.endpoint,
            "region_name": self.state.region,
            "aws_access_key_id": self.state.access_key,
            "aws_secret_access_key": self.state.secret_key,
            "config": Config(retries={"total_max_attempts": 1}, max_pool_connections=50),
        }
        return boto3.client(service, **(arguments | settings))  # type: ignore[call-overload] # any service's name

    @property
    def ec2(self) -> EC2Client:
        """A client of EC2."""
        client: EC2Client = self.client("ec2")
        return client

    @property
    def route53(self) -> Route53Client:
        """A client of Route 53."""
        client: Route53Client = self.client("route53")
        return client

    @property
    def dynamodb(self) -> DynamoDBClient:
        """A client of DynamoDB."""
        client: DynamoDBClient = self.client("dynamodb")
        return client

    def environment(self) -> dict[str, str]:
        """Return the environment variables that point a subprocess at this sandbox."""
        return self.state.environment()

    def calls(self) -> Mapping[str, int]:
        """Return how often each action was called since the last reset, as `{"ec2.RunInstances": 1}`."""
        return self.sandbox.calls()["actions"]

    def reset_calls(self) -> None:
        """Count from zero again."""
        self.sandbox.reset_calls()

    def reset(self) -> None:
        """Go back to the seeds: the same ids, no instances, no records, no faults, no calls."""
        self.sandbox.reset()


@contextmanager
def running_sandbox(state_folder: Path) -> Iterator[RunningSandbox]:
    """Run a sandbox and stop it at the end; `sandbox.json` is in the folder meanwhile.

    One at a time in a process: share it in a session's fixture and `reset()` it before each test (5 ms).

    Raises:
        RuntimeError: this process already runs one.
    """
    sandbox = Sandbox()
    sandbox.start()
    try:
        running = RunningSandbox(sandbox)
        state.write(running.state, state_folder)
        yield running
    finally:
        state.remove(state_folder)
        sandbox.stop()
