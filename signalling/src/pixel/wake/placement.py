"""Giving a session a member: claims, in one transaction with the session's own item."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pixel import tokens
from pixel.lease import LeaseTimings, writes
from pixel.lease.model import EndReason, Item, is_claimable
from pixel.lease.table import BATCH_GET, ConditionFailed, Table
from pixel.lease.writes import Claim, Write
from pixel.wake import sessions
from pixel.wake.aws import batches
from pixel.wake.candidates import Candidate, order
from pixel.wake.sessions import Session

LOST_RACES = 4
"""Claims that may fail, in a hundred candidates, before what is known of them is read again."""


class AlreadyOpen(Exception):  # noqa: N818 - not an error: the same call came twice
    """The session exists: another invocation opened it with the same key."""


class SessionChanged(Exception):  # noqa: N818 - not an error: somebody else decided first
    """The session has ended, or has another member already."""


class Placement:
    """Claims members for sessions, and gives them up. Every step is one conditional write or one transaction."""

    def __init__(
        self,
        table: Table,
        secret: Callable[[], bytes],
        timings: LeaseTimings,
        keep_ended: float,
        clock: Callable[[], float] = time.time,
        chance: random.Random | None = None,
    ) -> None:
        self._table = table
        self._secret = secret
        self._timings = timings
        self._keep_ended = keep_ended
        self._clock = clock
        self._chance = chance or random.Random()  # noqa: S311 - spreads callers over members, guards nothing

    def open(
        self, session: str, owner: str, pool: str, roster: Iterable[Candidate], cooldowns: Mapping[str, float]
    ) -> tuple[Session, Item] | None:
        """Open a session on a free member; return it with the member's new item, or None if no member is free.

        Raises:
            AlreadyOpen: the session exists.
        """

        def with_session(claim: Claim, now: float) -> tuple[Session, list[Write]]:
            opened = Session(session, owner, pool, claim.instance_id, claim.generation, "open", now)
            return opened, [sessions.opened(opened, now + self._timings.cap + self._keep_ended)]

        return self._claim(
            session, owner, pool, order(roster, cooldowns, self._clock(), self._chance), with_session, AlreadyOpen
        )

    def move(
        self, member: Item, roster: Iterable[Candidate], cooldowns: Mapping[str, float], without: Collection[str]
    ) -> tuple[Session, Item] | None:
        """Give the session of a member that cannot be started another one, outside the zones in `without`.

        The old member is freed in the same transaction. Returns the session with its new member's item, or None if no
        member is free.

        Raises:
            SessionChanged: the session no longer holds that member.
        """
        held = Session.on(member)

        def with_session(claim: Claim, _now: float) -> tuple[Session, list[Write]]:
            return replace(held, member=claim.instance_id, generation=claim.generation), [
                sessions.moved(held, claim.instance_id, claim.generation),
                writes.free_unstarted(held.member, held.session, held.generation),
            ]

        usable = [
            candidate
            for candidate in order(roster, cooldowns, self._clock(), self._chance)
            if candidate.instance_id != held.member and candidate.az not in without
        ]
        return self._claim(held.session, held.owner, held.pool, usable, with_session, SessionChanged)

    def give_up(self, member: Item, reason: EndReason) -> Session:
        """End the session of a member that cannot be started, and free the member.

        Raises:
            SessionChanged: the session no longer holds that member.
        """
        held = Session.on(member)
        try:
            self._table.transact(
                [
                    sessions.ended(held, reason, self._clock(), self._keep_ended),
                    writes.free_unstarted(held.member, held.session, held.generation),
                ]
            )
        except ConditionFailed:
            raise SessionChanged from None
        self._table.write(sessions.release(held.session, held.owner))
        return held

    def _claim(
        self,
        session: str,
        owner: str,
        pool: str,
        candidates: Sequence[Candidate],
        with_session: Callable[[Claim, float], tuple[Session, list[Write]]],
        refused: type[AlreadyOpen] | type[SessionChanged],
    ) -> tuple[Session, Item] | None:
        """Claim the first candidate that is free, together with what `with_session` writes.

        Raises:
            refused: what `with_session` writes did not hold.
        """
        for group in batches(candidates, BATCH_GET):
            tried: set[str] = set()
            while True:
                items = self._table.get_many(candidate.instance_id for candidate in group)
                free = [
                    candidate
                    for candidate in group
                    if candidate.instance_id not in tried
                    and is_claimable(items.get(candidate.instance_id), self._clock())
                ]
                if not free:
                    break
                for candidate in free[:LOST_RACES]:
                    tried.add(candidate.instance_id)
                    now = self._clock()
                    claim = self._prepare(session, owner, pool, candidate, items.get(candidate.instance_id))
                    opened, others = with_session(claim, now)
                    write = writes.claim(claim, self._timings, now)
                    try:
                        self._table.transact([write, *others])
                    except ConditionFailed as failure:
                        if any(place > 0 for place in failure.failed):
                            raise refused from None
                        continue
                    return opened, {"instance_id": write.key, **write.set}
        return None

    def _prepare(
        self, session: str, owner: str, pool: str, candidate: Candidate, item: Mapping[str, Any] | None
    ) -> Claim:
        generation = int((item or {}).get("generation", 0)) + 1
        secret = self._secret()
        return Claim(
            instance_id=candidate.instance_id,
            pool=pool,
            az=candidate.az,
            session=session,
            owner=owner,
            generation=generation,
            player_digest=tokens.digest(tokens.mint(secret, session, generation, "player")),
            controller_digest=tokens.digest(tokens.mint(secret, session, generation, "controller")),
        )
