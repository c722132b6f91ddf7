"""A sandbox for tests: in this process, on a thread, ready in about a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from pixel.sandbox import state
from pixel.sandbox.members.members import Kind
from pixel.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_ec2 import EC2Client
    from types_boto3_ec2.type_defs import InstanceTypeDef
    from types_boto3_route53 import Route53Client

_POLL = 0.02
Found = TypeVar("Found")


def eventually(good: Callable[[], Found], within: float = 60.0) -> Found:
    """Look until there is something good, and return it.

    Raises:
        AssertionError: not within so many seconds.
    """
    deadline = time.monotonic() + within
    while not (found := good()):
        if time.monotonic() > deadline:
            raise AssertionError(f"what was waited for has not come within {within:g} s")
        time.sleep(_POLL)
    return found


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

    def launch(self, count: int = 1, zone: str = "us-east-2a", **more: Any) -> list[str]:
        """Run instances of the base image in an availability zone; return their ids. `more` is for RunInstances."""
        request = {
            "ImageId": self.state.base_image_id,
            "InstanceType": "g4dn.xlarge",
            "MinCount": count,
            "MaxCount": count,
            "SubnetId": self.state.subnets[zone],
        }
        return [one["InstanceId"] for one in self.client("ec2").run_instances(**(request | more))["Instances"]]

    def instance(self, instance_id: str) -> InstanceTypeDef:
        """Return an instance as DescribeInstances gives it."""
        return self.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]

    def instance_state(self, instance_id: str) -> str:
        """Return an instance's state, as `running`."""
        return self.instance(instance_id)["State"]["Name"]

    def set_faults(self, **changes: Any) -> None:
        """Set faults by name, as in `PUT /_sandbox/faults`; None sets one back."""
        self.sandbox.set_faults(changes)

    def set_delays(self, **seconds: float) -> None:
        """Set how long things take; what is not named takes no time at all, and a terminated instance stays."""
        none = {"start": 0, "stop": 0, "terminate": 0, "status": 0, "image": 0, "dns": 0}
        self.set_faults(delays={**none, **seconds})

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


def refusal(call: Callable[..., object], *arguments: Any, **more: Any) -> str:
    """Make a call that is refused, and return the error's code.

    Raises:
        AssertionError: it is not refused.
    """
    try:
        call(*arguments, **more)
    except ClientError as error:
        return error.response["Error"]["Code"]
    raise AssertionError("the call was not refused")


class _Shared:
    """The sandbox of this process, and how many use it."""

    users = 0
    sandbox: Sandbox | None = None


@contextmanager
def running_sandbox(state_folder: Path, members: Kind = "none") -> Iterator[RunningSandbox]:
    """Run a sandbox and stop it at the end; `sandbox.json` is in the folder meanwhile.

    A process has one: who asks while it runs joins it, and the last to leave stops it. Have it in a session's fixture
    and `reset()` it before each test (10 ms). Instances of a pool that boot meanwhile have members of the kind.
    """
    if _Shared.sandbox is None:
        _Shared.sandbox = Sandbox(state_folder)
        _Shared.sandbox.start()
    sandbox = _Shared.sandbox
    _Shared.users += 1
    try:
        running = RunningSandbox(sandbox)
        state.write(running.state, state_folder)
        with sandbox.members.of_kind(members):
            yield running
    finally:
        state.remove(state_folder)
        _Shared.users -= 1
        if not _Shared.users:
            _Shared.sandbox = None
            sandbox.stop()
