"""Driving a pool: starting what was claimed, publishing its name, freeing what has stopped; for everybody at once.

Any invocation may drive: the one that claimed, a poll, an event, the reconciler. One at a time has the turn, and does
in one call what is due for all members. Whatever it leaves undone, or dies in the middle of, is still in the
pool's sets, and is done in a later turn; so every step may be done twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aws_lambda_powertools import Logger

from pixel.lease.model import Item
from pixel.lease.table import ConditionFailed, Table
from pixel.wake import pools
from pixel.wake.aws import UNANSWERED, Ec2
from pixel.wake.endings import Endings
from pixel.wake.pools import Pool
from pixel.wake.publishing import Publisher
from pixel.wake.starting import Starter
from pixel.wake.turn import Turn

logger = Logger(child=True)


class Driver:
    """Takes turns at driving pools."""

    def __init__(
        self,
        table: Table,
        ec2: Ec2,
        starter: Starter,
        publisher: Publisher,
        endings: Endings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._table = table
        self._ec2 = ec2
        self._starter = starter
        self._publisher = publisher
        self._endings = endings
        self._clock = clock

    def claimed(self, member: Item, seen: Pool) -> set[str]:
        """Have a member started that was just claimed: at once if the turn is free, else in a later one.

        `seen` is the pool as it was before the claim: in a burst it tells that the turn is another's, which spares
        the try. Returns the sessions that were given up because nothing could be started for them.
        """
        pool, instance_id = member["pool"], member["instance_id"]
        if "published_at" in member:  # it waited: there is nothing to start and nothing to publish
            self._table.write(pools.unhold(pool, [instance_id]))
            return set()
        if seen.may_start(self._clock()):
            try:
                item = self._table.write(pools.enqueue_and_take(pool, instance_id, self._clock()))
            except ConditionFailed:
                pass  # somebody was faster
            else:
                return self._turn(Pool.parse(pool, item), {instance_id: dict(member)})
        item = self._table.write(pools.enqueue(pool, [instance_id]))
        if Pool.parse(pool, item).may_start(self._clock()):
            return self._take(pool, 0) or set()
        return set()

    def request(self, pool: str, members: Iterable[str]) -> None:
        """Ask for claimed members to be started in the next turn: what `claimed` does, repeated after its death."""
        self._table.write(pools.enqueue(pool, members))

    def visit(self, pool: str, gap: float) -> bool:
        """Do what is due for a pool, unless it was driven less than `gap` seconds ago or is being driven now."""
        return self._take(pool, gap) is not None

    def _take(self, pool: str, gap: float) -> set[str] | None:
        """Take a turn; return the sessions that were given up in it, None if it is not to be had."""
        try:
            item = self._table.write(pools.take(pool, self._clock(), gap))
        except ConditionFailed:
            return None
        return self._turn(Pool.parse(pool, item), {})

    def _turn(self, pool: Pool, known: Mapping[str, dict[str, Any]]) -> set[str]:
        wanted = (pool.pending | pool.open | pool.closing) - known.keys()
        turn = Turn(pool, {**known, **self._table.get_many(wanted)}, self._clock())
        for step in (
            self._starter.step,
            self._look,
            self._publisher.publish,
            self._publisher.confirm,
            self._endings.step,
        ):
            try:
                step(turn)
            except UNANSWERED as refused:
                logger.warning("a step waits for the next turn", step=step.__qualname__, reason=str(refused))
                if step == self._look:
                    break
        try:
            self._table.write(pools.finish(pool, turn.done(), self._clock()))
        except ConditionFailed:
            logger.warning("the turn took too long; another invocation does it again", pool=pool.name)
        return turn.given_up

    def _look(self, turn: Turn) -> None:
        """Ask EC2, in one call, about the members that the next steps need to know about."""
        just_started = turn.started & turn.pool.pending
        ids = (self._publisher.unnamed(turn).keys() - just_started) | turn.pool.closing
        if ids:
            turn.machines = self._ec2.machines(ids)
