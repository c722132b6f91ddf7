"""A sandbox for all tests here, and a class in it in front of the wake function: a pool, and many callers at once."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from botocore.config import Config

from pixel.lease.model import is_live
from pixel.lease.table import Table
from pixel.sandbox.testing import RunningSandbox
from pixel.wake.errors import ApiError
from pixel.wake.function import Clients, Wake, assemble
from pixel.wake.pools import Pool, pool_key
from pixel.wake.settings import Settings
from wake_path import POOL, fill, states

SECRET = b"a secret of at least 32 bytes, for tests"


@dataclass
class Burst:
    """What a burst of calls was answered."""

    sessions: list[str] = field(default_factory=list)
    refusals: list[ApiError] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


class Classroom:
    """A pool of stopped members in the sandbox, and the function that wakes them."""

    def __init__(self, sandbox: RunningSandbox, size: int, callers: int) -> None:
        self.sandbox = sandbox
        self.callers = callers
        self.settings = Settings(
            lease_table=sandbox.state.lease_table,
            zone=sandbox.state.zone,
            zone_id=sandbox.state.zone_id,
            token_secret="unused",
            sessions_per_key=1000,
        )
        sandbox.set_delays()
        self.members = fill(sandbox, size)
        config = Config(retries={"mode": "standard", "total_max_attempts": 3}, max_pool_connections=callers)
        self._clients = Clients(
            dynamodb=sandbox.client("dynamodb", config=config),
            ec2=sandbox.client("ec2", config=config),
            route53=sandbox.client("route53", config=config),
        )
        self.table = Table(self._clients.dynamodb, self.settings.lease_table)
        self.copy().reconciler.run()  # as every minute

    def copy(self) -> Wake:
        """Return a copy of the function, as Lambda makes one for every call that comes while the others are busy."""
        return assemble(self.settings, self._clients, lambda: SECRET, chance=random.Random())

    def burst(self) -> Burst:
        """Have all callers open a session at the same moment."""
        result = Burst()
        gate = threading.Barrier(self.callers)

        def call(number: int) -> None:
            wake = self.copy()
            gate.wait()
            began = time.monotonic()
            try:
                result.sessions.append(wake.sessions.open("class", f"key-{number}", POOL).session.session)
            except ApiError as refusal:
                result.refusals.append(refusal)
            except Exception as failure:  # whatever it is, the test wants to show it
                result.failures.append(failure)
            result.seconds.append(time.monotonic() - began)

        with ThreadPoolExecutor(self.callers) as executor:
            list(executor.map(call, range(self.callers)))
        return result

    def poll_until_started(self, sessions: Sequence[str], timeout: float = 60) -> None:
        """Poll as the callers would, until every member that was claimed has been started."""
        wake = self.copy()
        until = time.monotonic() + timeout
        for session in itertools.cycle(sessions):
            if not Pool.parse(POOL, self.table.get(pool_key(POOL))).pending:
                return
            assert time.monotonic() < until, "members are still waiting to be started"
            wake.sessions.show("class", session)

    def leased(self) -> dict[str, str]:
        """Return the members with a live lease, each with its session."""
        now = time.time()
        items = self.table.get_many(self.members)
        return {name: item["session"] for name, item in items.items() if is_live(item, now)}

    def running(self) -> set[str]:
        """Return the members that run or are about to."""
        return {name for name, state in states(self.sandbox, self.members).items() if state in ("pending", "running")}


@pytest.fixture
def classroom(shared_sandbox: RunningSandbox) -> Callable[[int, int], Classroom]:
    """A function that fills the sandbox, as it is seeded, with so many members, for so many callers."""
    shared_sandbox.reset()
    return lambda members, callers: Classroom(shared_sandbox, members, callers)
