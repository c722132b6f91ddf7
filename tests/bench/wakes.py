"""People who wake machines at the same moment, by the wake API and by the original's way."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from botocore.config import Config
from botocore.exceptions import ClientError

from bench import original
from pixel.lease.table import Table
from pixel.sandbox.testing import RunningSandbox
from pixel.wake.sessions import session_key
from wake_path import POOL, Api

POLL = 2.0
"""Seconds between two polls: `poll_after`."""
PATIENCE = 120.0
GAVE_UP = (429, 504)
"""API Gateway's own answers after which a client asks again, with the same key."""
ROUNDS = ("dynamodb.Scan", "route53.ListResourceRecordSets")
"""What only the reconciler's minutely round calls."""


@dataclass
class Wakes:
    """What some people got who called at the same moment.

    Attributes:
        members: whom each of them got.
        refused: why the others got none.
        answered: seconds until each had the first answer.
        named: seconds until each had a machine with a name.
        repeated: who asked again, as often as the gateway had given up.
    """

    members: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    named: list[float] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)

    @property
    def alone(self) -> int:
        """How many have a machine that nobody else has."""
        return sum(1 for count in Counter(self.members).values() if count == 1)

    @property
    def shared(self) -> int:
        """How many have a machine that somebody else has too."""
        return len(self.members) - self.alone

    @property
    def people(self) -> int:
        """How many there were."""
        return len(self.members) + len(self.refused)


class Caller:
    """One person at the wake API."""

    def __init__(self, api: Api, key: str) -> None:
        address = urlsplit(api.address)
        self._path = address.path
        self._connection = HTTPConnection(str(address.hostname), address.port, timeout=60)
        self._headers = {"x-api-key": api.key, "idempotency-key": key, "content-type": "application/json"}

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        """Make one call."""
        content = None if body is None else json.dumps(body)
        self._connection.request(method, f"{self._path}{path}", content, self._headers)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())

    def open(self) -> tuple[int, dict[str, Any]]:
        """Open a session."""
        return self.call("POST", "/sessions", {"pool": POOL})


def together(people: int, one: Callable[[int], None]) -> None:
    """Have people do something at the same moment."""
    gate = threading.Barrier(people)

    def begin(number: int) -> None:
        gate.wait()
        one(number)

    with ThreadPoolExecutor(people) as everybody:
        list(everybody.map(begin, range(people)))


def ours(sandbox: RunningSandbox, api: Api, people: int, name: str) -> Wakes:
    """Wake by the API, until the name of each one's machine is known everywhere."""
    wakes = Wakes()
    sandbox.reset_calls()

    def one(number: int) -> None:
        began = time.monotonic()
        caller = Caller(api, f"{name}-{number}")
        status, body = caller.open()
        while status in GAVE_UP and time.monotonic() - began < PATIENCE:
            wakes.repeated.append(number)
            status, body = caller.open()
        wakes.answered.append(time.monotonic() - began)
        if status != 202:
            wakes.refused.append(str(body.get("error", body)))
            return
        session = body["session"]
        while body.get("step") != "loading":  # a poll that the gateway gave up on is asked again
            if time.monotonic() - began > PATIENCE:
                raise TimeoutError(f"not named in {PATIENCE:.0f} s: {body}")
            time.sleep(POLL)
            _, body = caller.call("GET", f"/sessions/{session}")
        wakes.named.append(time.monotonic() - began)
        wakes.members.append(session)

    together(people, one)
    wakes.calls = calls(sandbox)
    wakes.members = [sessions_member(sandbox, session) for session in wakes.members]
    return wakes


def sessions_member(sandbox: RunningSandbox, session: str) -> str:
    """Return the member that a session got."""
    item = Table(sandbox.dynamodb, sandbox.state.lease_table).get(session_key(session))
    if item is None:
        raise RuntimeError(f"there is no session {session}")
    return str(item["member"])


def theirs(sandbox: RunningSandbox, people: int) -> Wakes:
    """Wake by the original's way."""
    wakes = Wakes()
    config = Config(max_pool_connections=people)
    ec2 = sandbox.client("ec2", config=config)
    route53 = sandbox.client("route53", config=config)
    sandbox.reset_calls()

    def one(_number: int) -> None:
        began = time.monotonic()
        try:
            wakes.members.append(original.wake(ec2, route53, sandbox.state.zone_id, sandbox.state.zone))
        except ClientError as error:
            wakes.refused.append(error.response["Error"]["Code"])
        except original.NobodyLeftError:
            wakes.refused.append("nobody left")
        else:
            wakes.named.append(time.monotonic() - began)

    together(people, one)
    wakes.answered = wakes.named
    wakes.calls = calls(sandbox)
    return wakes


def calls(sandbox: RunningSandbox) -> Counter[str]:
    """Return the calls to AWS since the last reset, without those of the reconciler's rounds."""
    return Counter({action: count for action, count in sandbox.calls().items() if action not in ROUNDS})
