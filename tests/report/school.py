"""A school on the sandbox: people wake members through the wake function, by a clock that is moved.

What each person did is written into a journal of its own, from which the tests reckon what the report must say.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from botocore.config import Config

from pixel.lease import Lease, MemberLease
from pixel.sandbox.testing import RunningSandbox
from pixel.wake.errors import ApiError
from pixel.wake.function import Clients, Wake, assemble
from pixel.wake.settings import Settings

SECRET = b"a secret of at least 32 bytes, for tests"
POOL = "drone"
STOP = 75.0
"""Seconds from the drain until the member is found stopped."""
AGAIN = 60.0
TRIES = 3
"""How often, and how many times, somebody tries who is refused."""


@dataclass
class Visit:
    """What one person did. Times are epoch seconds; None: it did not come to that."""

    owner: str
    wanted_at: float
    claimed_at: float | None = None
    ready_at: float | None = None
    left_at: float | None = None
    stopped_at: float | None = None
    refused: bool = False
    """Refused at least once, for an empty pool."""


@dataclass
class School:
    """A pool of stopped members in the sandbox, and everybody who wants one."""

    sandbox: RunningSandbox
    members: list[str]
    now: float
    chance: random.Random = field(default_factory=lambda: random.Random(11))
    visits: list[Visit] = field(default_factory=list)
    leaks: int = 0

    def __post_init__(self) -> None:
        config = Config(retries={"mode": "standard", "total_max_attempts": 3}, max_pool_connections=20)
        self._dynamodb = self.sandbox.client("dynamodb", config=config)
        self._ec2 = self.sandbox.client("ec2", config=config)
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        settings = Settings(
            lease_table=self.sandbox.state.lease_table,
            zone=self.sandbox.state.zone,
            zone_id=self.sandbox.state.zone_id,
            token_secret="unused",
            roster=10 * 365 * 86400,
        )
        self._settings = settings
        clients = Clients(self._dynamodb, self._ec2, self.sandbox.client("route53", config=config))
        self.wake: Wake = assemble(settings, clients, lambda: SECRET, lambda: self.now, self._sleep, self.chance)

    def at(self, moment: float, do: Callable[[], None]) -> None:
        """Have something done at a moment."""
        heapq.heappush(self._queue, (moment, next(self._numbers), do))

    def run(self) -> None:
        """Let everything happen that is to happen, in its order."""
        while self._queue:
            moment, _, do = heapq.heappop(self._queue)
            self.now = max(self.now, moment)
            do()

    def person(self, owner: str, moment: float, boot: float, minutes: float, *, forgets: bool = False) -> None:
        """Somebody comes, uses a member that takes `boot` seconds to come up, and leaves; or forgets about it."""
        visit = Visit(owner, moment)
        self.visits.append(visit)
        key = f"key-{len(self.visits)}"
        self.at(moment, lambda: self._wake(visit, key, boot, minutes, forgets, TRIES))

    def _wake(self, visit: Visit, key: str, boot: float, minutes: float, forgets: bool, tries: int) -> None:
        try:
            view = self.wake.sessions.open(visit.owner, key, POOL)
        except ApiError as error:
            assert error.code == "pool_empty", error
            visit.refused = True
            if tries > 1:
                self.at(self.now + AGAIN, lambda: self._wake(visit, key, boot, minutes, forgets, tries - 1))
            return
        visit.claimed_at = self.now
        member = view.session.member
        self.at(self.now + 2, lambda: self._changed(member, "running"))
        if forgets:
            self.at(self.now + self._settings.timings.start + 30, lambda: self._round(visit))
        else:
            self.at(self.now + boot, lambda: self._ready(visit, member, minutes))

    def _ready(self, visit: Visit, member: str, minutes: float) -> None:
        self.wake.sessions.show(visit.owner, self._held(member).session)  # its name is known by now
        lease = self._view(member).ready(self._held(member))
        visit.ready_at = self.now
        self.at(self.now + 5, lambda: self._use(visit, member, lease, minutes))

    def _use(self, visit: Visit, member: str, lease: Lease, minutes: float) -> None:
        self._view(member).heartbeat(lease, 1)
        self.at(self.now + minutes * 60, lambda: self._leave(visit, member, lease))

    def _leave(self, visit: Visit, member: str, lease: Lease) -> None:
        assert self._view(member).drain(lease)
        visit.left_at = self.now
        self._ec2.stop_instances(InstanceIds=[member])
        self.at(self.now + STOP, lambda: self._stopped(visit, member))

    def _round(self, visit: Visit) -> None:
        """The reconciler's round: it stops the member that nobody heard of again."""
        visit.left_at = visit.stopped_at = self.now  # the sandbox's instances stop at once
        self.leaks += 1
        self.wake.reconciler.run()

    def _stopped(self, visit: Visit, member: str) -> None:
        self._changed(member, "stopped")
        visit.stopped_at = self.now

    def _held(self, member: str) -> Lease:
        lease = self._view(member).current().lease
        assert lease is not None
        return lease

    def _view(self, member: str) -> MemberLease:
        table, timings = self._settings.lease_table, self._settings.timings
        return MemberLease(self._dynamodb, table, member, timings, lambda: self.now)

    def _changed(self, member: str, state: str) -> None:
        at = datetime.fromtimestamp(self.now, UTC).isoformat()
        self.wake.state_changes.handle({"time": at, "detail": {"instance-id": member, "state": state}})

    def _sleep(self, seconds: float) -> None:
        self.now += seconds


def founded(sandbox: RunningSandbox, size: int, begin: float) -> School:
    """Return a school with a stopped pool of a size."""
    sandbox.set_delays()
    tags = [{"Key": "pixel:pool", "Value": POOL}, {"Key": "pixel:release", "Value": "1.4.0"}]
    ec2, members = sandbox.ec2, []
    for number, zone in enumerate(sandbox.state.subnets):
        count = size // 3 + (number < size % 3)
        if count:
            members += sandbox.launch(count, zone, TagSpecifications=[{"ResourceType": "instance", "Tags": tags}])
    ec2.get_waiter("instance_running").wait(InstanceIds=members, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    ec2.stop_instances(InstanceIds=members)
    ec2.get_waiter("instance_stopped").wait(InstanceIds=members, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    return School(sandbox, members, begin)
