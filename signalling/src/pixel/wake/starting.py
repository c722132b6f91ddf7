"""The first step of a turn: starting claimed members, and giving other members to sessions whose own cannot start."""

from __future__ import annotations

from aws_lambda_powertools import Logger

from pixel.lease.table import Table
from pixel.lease.usage import GivenUp
from pixel.wake import pools
from pixel.wake.aws import Ec2
from pixel.wake.placement import Placement, SessionChanged
from pixel.wake.rosters import parse_roster, roster_key
from pixel.wake.starts import CALLS, Started, start
from pixel.wake.turn import Turn

logger = Logger(child=True)


class Starter:
    """Starts what is pending in a pool."""

    def __init__(self, table: Table, ec2: Ec2, placement: Placement, cooldown: float) -> None:
        self._table = table
        self._ec2 = ec2
        self._placement = placement
        self._cooldown = cooldown

    def step(self, turn: Turn) -> None:
        """Start the pending members whose leases live, together."""
        waiting = {
            name: item["az"] for name, item in turn.leased(turn.pool.pending).items() if item["state"] == "claimed"
        }
        turn.started |= turn.pool.pending - waiting.keys()
        if not waiting or turn.pool.start_at > turn.now:
            return
        turn.called_start = True
        calls = CALLS
        while waiting and calls > 0:
            outcome = start(self._ec2, waiting, calls)
            calls -= outcome.calls
            turn.started |= outcome.started
            turn.cooldowns |= dict.fromkeys(outcome.dry_zones, turn.now + self._cooldown)
            if outcome.throttled:
                logger.warning("StartInstances is throttled; the rest waits for the next turn", pool=turn.pool.name)
                return
            waiting = self._replace(turn, outcome)

    def _replace(self, turn: Turn, outcome: Started) -> dict[str, str]:
        """Give sessions other members where theirs cannot be started; return those, with their zones, to be started.

        A member that only stops at the moment stays pending if no other is free: it can be started when it has stopped.
        """
        failed: dict[str, GivenUp | None] = dict.fromkeys(outcome.dry, "no_capacity")
        for name, state in outcome.wrong.items():
            if state in ("missing", "shutting-down", "terminated"):
                failed[name] = "member_stopped"
            elif state == "stopping":
                failed[name] = None
        if not failed:
            return {}
        roster = parse_roster(self._table.get(roster_key(turn.pool.name)))
        cooldowns = {**turn.pool.cooldowns, **turn.cooldowns}
        moved: dict[str, str] = {}
        for name, reason in failed.items():
            item = turn.items[name]
            try:
                placed = self._placement.move(item, roster, cooldowns, without=turn.cooldowns.keys())
                if placed is None and reason is None:
                    continue
                if placed is None and reason is not None:
                    turn.given_up.add(self._placement.give_up(item, reason).session)
            except SessionChanged:
                placed = None
            turn.started.add(name)
            if placed is not None:
                session, member = placed
                turn.items[session.member] = dict(member)
                moved[session.member] = member["az"]
        if moved:
            self._table.write(pools.enqueue(turn.pool.name, moved))
        return moved
