"""The documented token buckets of EC2 and Route 53: they refuse who calls too often, or for too many instances.

Numbers: "Request throttling for the Amazon EC2 API" in Amazon EC2's developer guide, and Route 53's "Quotas" (five
requests a second for an account, all calls together).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from pixel.sandbox.calls import Answer, Call, Handler
from pixel.sandbox.errors import throttled
from pixel.sandbox.settings import Faults, Settings


@dataclass(frozen=True)
class Rate:
    """A bucket's size in tokens, and how many come back in a second."""

    size: float
    refill: float


NON_MUTATING, UNFILTERED, MUTATING = Rate(100, 20), Rate(50, 10), Rate(50, 5)
RESOURCE_INTENSIVE, CONSOLE = Rate(50, 5), Rate(100, 10)
ROUTE_53 = Rate(5, 5)
OWN_REQUEST_RATES = {
    "RunInstances": Rate(5, 2),
    "StartInstances": Rate(5, 2),
    "TerminateInstances": Rate(100, 5),
    "CreateTags": Rate(100, 10),
    "DeleteTags": Rate(100, 10),
    "CreateLaunchTemplateVersion": Rate(100, 5),
    "DeregisterImage": Rate(100, 5),
    "CopyImage": Rate(100, 1),
    "CreateSnapshot": Rate(100, 5),
    "DeleteSnapshot": Rate(100, 5),
    "EnableFastLaunch": Rate(5, 2),
}
RESOURCE_RATES = {
    "RunInstances": Rate(1000, 2),
    "StartInstances": Rate(1000, 2),
    "StopInstances": Rate(1000, 20),
    "TerminateInstances": Rate(1000, 20),
}
_UNFILTERED_BUCKET = frozenset(
    {
        "DescribeInstances",
        "DescribeInstanceStatus",
        "DescribeNetworkInterfaces",
        "DescribeSecurityGroups",
        "DescribeSnapshots",
        "DescribeSpotInstanceRequests",
        "DescribeVolumes",
    }
)
_CONSOLE_BUCKET = frozenset({"GetConsoleOutput", "GetConsoleScreenshot", "GetPasswordData"})
_INTENSIVE_BUCKET = frozenset(
    {
        "AcceptVpcPeeringConnection",
        "AuthorizeSecurityGroupIngress",
        "CancelSpotInstanceRequests",
        "CreateKeyPair",
        "CreateVpcPeeringConnection",
        "DeleteVpcPeeringConnection",
        "RejectVpcPeeringConnection",
        "RequestSpotInstances",
        "RevokeSecurityGroupIngress",
    }
)


class Bucket:
    """Tokens, full at first."""

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._tokens = rate.size
        self._at = now

    def holds(self, tokens: float, now: float) -> bool:
        """Whether so many tokens are there."""
        self._tokens = min(self._rate.size, self._tokens + (now - self._at) * self._rate.refill)
        self._at = now
        return self._tokens >= tokens

    def take(self, tokens: float) -> None:
        """Take tokens that are there."""
        self._tokens -= tokens


class TokenBuckets:
    """The layer that throttles when the setting `buckets` is on; turning it on fills all buckets.

    A call needs one token of its request bucket, and one for each instance that it concerns of its action's resource
    bucket; without either it is refused and takes none. All of an account's calls in a region share the buckets.
    """

    def __init__(self, inner: Handler, settings: Settings, now: Callable[[], float] = time.monotonic) -> None:
        self._inner = inner
        self._settings = settings
        self._now = now
        self._lock = threading.Lock()
        self._on = False
        self._buckets: dict[tuple[str, ...], Bucket] = {}
        settings.watch(self._set)

    def _set(self, faults: Faults) -> None:
        with self._lock:
            if faults.buckets and not self._on:
                self._buckets.clear()
            self._on = faults.buckets

    def __call__(self, call: Call) -> Answer:
        if self._on and not self._admits(call):
            raise throttled(call.service)
        return self._inner(call)

    def _admits(self, call: Call) -> bool:
        wanted: list[tuple[tuple[str, ...], Rate, float]] = []
        if call.service == "route53":
            wanted.append((("route53",), ROUTE_53, 1))
        elif call.service == "ec2":
            name, rate = request_bucket(call)
            wanted.append((("ec2", call.region, name), rate, 1))
            if call.action in RESOURCE_RATES:
                key = ("ec2", call.region, call.action, "resources")
                wanted.append((key, RESOURCE_RATES[call.action], _resources(call)))
        with self._lock:
            now = self._now()
            found = [(self._buckets.setdefault(key, Bucket(rate, now)), tokens) for key, rate, tokens in wanted]
            if not all(bucket.holds(tokens, now) for bucket, tokens in found):
                return False
            for bucket, tokens in found:
                bucket.take(tokens)
        return True


def request_bucket(call: Call) -> tuple[str, Rate]:
    """Return the name and rate of the request bucket of an EC2 call."""
    action = call.action
    if action in OWN_REQUEST_RATES:
        return action, OWN_REQUEST_RATES[action]
    if action in _CONSOLE_BUCKET:
        return "console", CONSOLE
    if action in _INTENSIVE_BUCKET:
        return "resource-intensive", RESOURCE_INTENSIVE
    if not action.startswith(("Describe", "Get", "List", "Search")):
        return "mutating", MUTATING
    narrow = "MaxResults" in call.form or any(key.startswith("Filter.") for key in call.form)
    if action in _UNFILTERED_BUCKET and not narrow:
        return "unfiltered", UNFILTERED
    return "non-mutating", NON_MUTATING


def _resources(call: Call) -> int:
    """Return how many instances an EC2 call asks for."""
    if call.action == "RunInstances":
        count = call.form.get("MaxCount", "1")
        return int(count) if count.isdecimal() else 1
    return sum(key.startswith("InstanceId.") for key in call.form)
