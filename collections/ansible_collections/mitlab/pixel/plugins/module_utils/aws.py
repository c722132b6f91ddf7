# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How this collection reaches AWS: clients, retries, pages, batches. What is asked has a file for each service."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

with suppress(ImportError):  # AnsibleAWSModule says what to install
    from botocore.config import Config

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry

Client = Any
"""A boto3 client whose operations take `aws_retry=True`."""

CONNECT_TIMEOUT = 5
"""Seconds to reach the endpoint, so that a wrong one is found out soon."""
READ_TIMEOUT = 60
"""Seconds to wait for an answer: launching a batch is the slowest call."""
ATTEMPTS = 4
"""How often botocore sends a request that got no answer. Every write here may be sent again."""

THROTTLED = (
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestThrottled",
    "RequestThrottledException",
    "ThrottledException",
    "ThrottlingException",
)
"""Codes that mean "later", beyond those that AWSRetry knows."""

Item = TypeVar("Item")


def client(module: AnsibleAWSModule, service: str) -> Client:
    """Return a client of a service that fails fast when nobody answers, and is patient when told to slow down.

    Throttled calls are repeated with jittered back-off from 0.5 s to 20 s, for about a minute and a half.
    The user's `aws_config` wins over the settings made here.
    """
    config = Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    )
    retry = AWSRetry.jittered_backoff(retries=12, delay=0.5, max_delay=20, catch_extra_error_codes=list(THROTTLED))
    return module.client(service, retry_decorator=retry, config=config)


def pages(call: Callable[..., Mapping[str, Any]], key: str, **request: Any) -> Iterator[Any]:
    """Yield the items of all pages of an operation that pages by `NextToken`.

    A throttled page is asked for again, not the pages before it.
    """
    while True:
        answer = call(**request, aws_retry=True)
        yield from answer.get(key, ())
        token = answer.get("NextToken")
        if not token:
            return
        request["NextToken"] = token


def batches(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Yield the items in slices of at most `size`, in order."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
