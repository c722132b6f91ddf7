"""A class at the front door: the API as it is deployed, its function's copies, and AWS's documented token buckets.

How big a class may be is this machine's matter: all copies of the function, and all of AWS, share its processors, and
API Gateway gives up after 29 seconds as it does on AWS.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from pixel.lease.model import is_live
from pixel.lease.table import Table
from pixel.sandbox.testing import RunningSandbox
from wake_path import POOL, Api, deploy, fill, states

MOST_STARTS = 8


@dataclass(frozen=True)
class Answer:
    """What one of the class was answered."""

    status: int
    retry_after: str | None
    body: dict[str, Any]


def ask(api: Api, number: int, gate: threading.Barrier) -> Answer:
    """Open a session at the moment when everybody does."""
    address = urlsplit(api.address)
    connection = HTTPConnection(str(address.hostname), address.port, timeout=60)
    headers = {"x-api-key": api.key, "idempotency-key": f"key-{number}", "content-type": "application/json"}
    gate.wait()
    try:
        connection.request("POST", f"{address.path}/sessions", json.dumps({"pool": POOL}), headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.getheader("Retry-After"), json.loads(answer.read()))
    finally:
        connection.close()


@pytest.fixture
def api(shared_sandbox: RunningSandbox) -> Iterator[Api]:
    """The foundation; its reconciler has run, as every minute."""
    shared_sandbox.reset()
    shared_sandbox.set_delays()
    yield deploy(shared_sandbox, sessions_per_key=1000)
    shared_sandbox.reset()


@pytest.mark.slow
@pytest.mark.parametrize(("members", "callers"), [(40, 80), pytest.param(100, 200, marks=pytest.mark.soak)])
def test_a_class_at_the_gateway_gets_every_member_once_and_clear_refusals(
    shared_sandbox: RunningSandbox, api: Api, members: int, callers: int
) -> None:
    pool = fill(shared_sandbox, members)
    shared_sandbox.client("lambda").invoke(FunctionName="pixel-wake", Payload=b'{"detail-type": "Scheduled Event"}')
    shared_sandbox.set_faults(buckets=True)
    shared_sandbox.reset_calls()
    gate = threading.Barrier(callers)
    with ThreadPoolExecutor(callers) as everybody:
        answers = list(everybody.map(lambda number: ask(api, number, gate), range(callers)))

    opened = [answer.body["session"] for answer in answers if answer.status == 202]
    refused = [answer for answer in answers if answer.status != 202]
    assert {(one.status, one.body.get("error"), one.retry_after) for one in refused} == {(503, "pool_empty", "30")}
    table = Table(shared_sandbox.dynamodb, shared_sandbox.state.lease_table)
    leased = {name: item["session"] for name, item in table.get_many(pool).items() if is_live(item, 0)}
    assert len(opened) == len(leased) == members
    assert set(leased.values()) == set(opened)
    assert shared_sandbox.calls()["ec2.StartInstances"] <= MOST_STARTS
    assert {name for name, state in states(shared_sandbox, pool).items() if state != "stopped"} <= leased.keys()
