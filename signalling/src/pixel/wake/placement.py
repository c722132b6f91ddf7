"""Giving a session a member: claims, in one transaction with the session's own item."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pixel import tokens
from pixel.lease import LeaseTimings, usage, writes
from pixel.lease.model import CLAIM_ATTRIBUTES, NAMED, Item, is_claimable, is_hot
from pixel.lease.table import BATCH_GET, ConditionFailed, Table
from pixel.lease.usage import GivenUp
from pixel.lease.writes import Claim, Write
from pixel.wake import sessions
from pixel.wake.aws import Refused, batches
from pixel.wake.candidates import Candidate, order
from pixel.wake.pools import Pool
from pixel.wake.sessions import Session

FIRST_LOOK = 10
"""Candidates read at first: the place where a caller begins is its own, so that it seldom needs more."""
CONFLICTS = 10
"""Claims that may meet another one under way, whose end is not known, before the caller is told to come back."""


class AlreadyOpen(Exception):  # noqa: N818 - not an error: the same call came twice
    """The session exists: another invocation opened it with the same key."""


class SessionChanged(Exception):  # noqa: N818 - not an error: somebody else decided first
    """The session has ended, or has another member already."""


@dataclass(frozen=True)
class Wanted:
    """A member that is wanted for a session: what the session's own item and others get written in the same claim."""

    session: str
    owner: str
    pool: str
    with_session: Callable[[Claim, float], tuple[Session, list[Write]]]
    refused: type[AlreadyOpen] | type[SessionChanged]


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
        self,
        session: str,
        owner: str,
        pool: str,
        roster: Iterable[Candidate],
        state: Pool,
        start: int,
    ) -> tuple[Session, Item] | None:
        """Open a session on a free member; return it with the member's new item, or None if no member is free.

        `state` is the pool's item; `start` tells where to begin among equals: a number that callers at the same moment
        do not share.

        Raises:
            AlreadyOpen: the session exists.
            Refused: too many others claim at the same time.
        """

        def with_session(claim: Claim, now: float) -> tuple[Session, list[Write]]:
            opened = Session(session, owner, pool, claim.instance_id, claim.generation, "open", now)
            return opened, [sessions.opened(opened, now + self._timings.cap + self._keep_ended)]

        ordered = order(roster, state.cooldowns, self._clock(), start, state.held)
        return self._claim(Wanted(session, owner, pool, with_session, AlreadyOpen), ordered)

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

        usable = [one for one in roster if one.instance_id != held.member and one.az not in without]
        wanted = Wanted(held.session, held.owner, held.pool, with_session, SessionChanged)
        return self._claim(wanted, order(usable, cooldowns, self._clock(), self._chance.getrandbits(32)))

    def give_up(self, member: Item, reason: GivenUp) -> Session:
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
                    usage.refused(held.pool, reason, held.owner, held.session, self._clock()),
                ]
            )
        except ConditionFailed:
            raise SessionChanged from None
        self._table.write(sessions.release(held.session, held.owner))
        return held

    def _claim(self, wanted: Wanted, ordered: Sequence[Candidate]) -> tuple[Session, Item] | None:
        """Claim the first candidate that is free, together with what the session writes; None if none is.

        Raises:
            Refused: too many others claim at the same time.
            wanted.refused: what the session writes did not hold.
        """
        conflicts = 0
        for group in (ordered[:FIRST_LOOK], *batches(ordered[FIRST_LOOK:], BATCH_GET)):
            lost: set[str] = set()
            while (found := self._choose(group, lost)) is not None:
                candidate, item = found
                try:
                    return self._try(wanted, candidate, item)
                except ConditionFailed as failure:
                    if failure.failed:
                        lost.add(candidate.instance_id)
                        continue
                conflicts += 1
                if conflicts == CONFLICTS:
                    raise Refused("throttled", f"{CONFLICTS} claims met others under way")
        return None

    def _choose(self, group: Sequence[Candidate], lost: Collection[str]) -> tuple[Candidate, Item | None] | None:
        """Return a free candidate with its item: the first if it is free, which is the caller's own place; else any.

        A hot one, which is held and said that it is ready, comes before all others.
        """
        items = self._table.get_many((one.instance_id for one in group), CLAIM_ATTRIBUTES)
        now = self._clock()
        free = [one for one in group if one.instance_id not in lost and is_claimable(items.get(one.instance_id), now)]
        if not free:
            return None
        hot = [one for one in free if is_hot(items.get(one.instance_id), now)]
        best = hot or free
        chosen = best[0] if best[0] == group[0] else self._alike(best)
        return chosen, items.get(chosen.instance_id)

    def _alike(self, free: Sequence[Candidate]) -> Candidate:
        """Return one by chance of those that are as good as the first."""
        best = free[0]
        return self._chance.choice([one for one in free if (one.az, one.release) == (best.az, best.release)])

    def _try(self, wanted: Wanted, candidate: Candidate, item: Item | None) -> tuple[Session, Item]:
        """Claim one candidate.

        Raises:
            ConditionFailed: another claim was faster.
            wanted.refused: what the session writes did not hold.
        """
        now = self._clock()
        claim = self._prepare(wanted, candidate, item)
        session, others = wanted.with_session(claim, now)
        write = writes.claim(claim, self._timings, now)
        try:
            self._table.transact([write, *others])
        except ConditionFailed as failure:
            if any(place > 0 for place in failure.failed):
                raise wanted.refused from None
            raise
        kept = {name: item[name] for name in NAMED if name in item} if item is not None and claim.named else {}
        return session, {"instance_id": write.key, **kept, **write.set}

    def _prepare(self, wanted: Wanted, candidate: Candidate, item: Item | None) -> Claim:
        generation = int((item or {}).get("generation", 0)) + 1
        secret = self._secret()
        return Claim(
            instance_id=candidate.instance_id,
            pool=wanted.pool,
            az=candidate.az,
            session=wanted.session,
            owner=wanted.owner,
            generation=generation,
            player_digest=tokens.digest(tokens.mint(secret, wanted.session, generation, "player")),
            controller_digest=tokens.digest(tokens.mint(secret, wanted.session, generation, "controller")),
            release=candidate.release,
            named=is_hot(item, self._clock()),
        )
