"""Opening, showing and ending sessions: what the API's calls do."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from zlib import crc32

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from pixel.lease import usage, writes
from pixel.lease.model import Item
from pixel.lease.table import ConditionFailed, Table
from pixel.lease.usage import RefusalReason
from pixel.wake import pools, sessions
from pixel.wake.aws import UNANSWERED
from pixel.wake.candidates import Candidate
from pixel.wake.drive import Driver
from pixel.wake.endings import Endings
from pixel.wake.errors import ApiError
from pixel.wake.placement import AlreadyOpen, Placement
from pixel.wake.pools import Pool, pool_key
from pixel.wake.rosters import EMPTY_FOR, Rosters, roster_key
from pixel.wake.sessions import ABANDONED, Progress, Session, Step, session_id, session_key
from pixel.wake.settings import Settings
from pixel.wake.view import POLL_AFTER, View

NO_MEMBER_RETRY = 30
NO_CAPACITY_RETRY = 60
THROTTLED_RETRY = 5
OVER_CAP_RETRY = 30
"""`Retry-After` of the refusals, in seconds."""

READS = 3
"""Times that a session is read again when it changes under the reader."""

logger = Logger(child=True)


class Sessions:
    """The sessions of all callers. An owner is the id of a caller's API key."""

    def __init__(
        self,
        table: Table,
        rosters: Rosters,
        placement: Placement,
        driver: Driver,
        endings: Endings,
        secret: Callable[[], bytes],
        settings: Settings,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sleep = sleep
        self._table = table
        self._rosters = rosters
        self._placement = placement
        self._driver = driver
        self._endings = endings
        self._secret = secret
        self._settings = settings
        self._clock = clock

    def open(self, owner: str, idempotency_key: str, pool: str) -> View:
        """Give the caller a member of a pool, and have it started; with a key that was used before, show that session.

        Raises:
            ApiError: no such pool, no free member, no capacity, too many calls, over the cap, or a key of another pool.
        """
        session = session_id(self._secret(), owner, idempotency_key)
        known = self._table.get_many([session_key(session), pool_key(pool), roster_key(pool)])
        item = known.get(session_key(session))
        if item is not None and item.get("reason") != "no_capacity":
            return self._again(Session.parse(item), pool)
        kept = known.get(roster_key(pool))
        roster = self._rosters.members(pool, kept)
        if not roster:
            raise ApiError(
                404,
                "unknown_pool",
                f"pool {pool} has no member that could be woken: check its name, or wait until its release is through",
            )
        state = Pool.parse(pool, known.get(pool_key(pool)))
        try:
            return self._place(owner, session, roster, kept, state)
        except ApiError as refusal:
            if refusal.code in ("pool_empty", "over_cap"):
                self._count(pool, refusal.code, owner, session)
            raise

    def _place(self, owner: str, session: str, roster: Sequence[Candidate], kept: Item | None, state: Pool) -> View:
        """Open a session on a member of the roster, or on one that has come since its item was read as `kept`."""
        pool = state.name
        empty = ApiError(
            503, "pool_empty", f"all {len(roster)} members of pool {pool} are in use", retry_after=NO_MEMBER_RETRY
        )
        if state.is_full(self._clock()):
            raise empty
        start = crc32(owner.encode()) + self._reserve(session, owner)
        try:
            placed = self._placement.open(session, owner, pool, roster, state, start)
            if placed is None and state.closing and self._driver.visit(pool, self._settings.watch):
                placed = self._placement.open(session, owner, pool, roster, state, start)
            if placed is None and (newcomers := self._newcomers(pool, roster, kept)):
                placed = self._placement.open(session, owner, pool, newcomers, state, start)
        except AlreadyOpen:
            return self._again(self._owned(owner, session), pool)
        if placed is None:
            self._table.write(sessions.release(session, owner))
            self._table.write(pools.full(pool, self._clock()))
            raise empty
        opened, member = placed
        if session in self._driver.claimed(member, state):
            raise ApiError(
                503,
                "no_capacity",
                f"AWS has no capacity to start a member of pool {pool} at the moment",
                retry_after=NO_CAPACITY_RETRY,
            )
        step: Step = "loading" if "published_at" in member else "queued"
        return View(opened, Progress("starting", step), member, self._secret())

    def _newcomers(self, pool: str, roster: Sequence[Candidate], kept: Item | None) -> list[Candidate]:
        """Return the members that a release has brought since the roster was written."""
        if self._rosters.fresh(kept, EMPTY_FOR):
            return []
        try:  # read again: somebody may have fetched it meanwhile, this very call for one
            newer = self._rosters.members(pool, self._table.get(roster_key(pool)), EMPTY_FOR)
        except UNANSWERED:
            return []  # EC2 cannot be asked: what the roster says is all there is
        known = {member.instance_id for member in roster}
        return [member for member in newer if member.instance_id not in known]

    def show(self, owner: str, session: str) -> View:
        """Return a session, and do what is due for its pool while at it.

        Raises:
            ApiError: the caller has no such session.
        """
        view = self._view(self._owned(owner, session))
        progress = view.progress
        if progress.state != "starting" or progress.step == "loading":
            return view
        if self._driver.visit(view.session.pool, self._settings.watch):
            return self._view(view.session)
        return view

    def wait(self, owner: str, session: str, until: float) -> str:
        """Wait until a session's member runs, and return its address: the original's call, which answers only then.

        Raises:
            ApiError: the caller has no such session, it has ended, or its member does not run yet when `until`
                (epoch seconds) comes.
        """
        pause = 0.5
        while True:
            view = self.show(owner, session)
            if view.address is not None:
                return view.address
            if view.progress.state == "ended":
                raise ApiError(409, "session_ended", f"session {session} has ended: {view.progress.reason}")
            if self._clock() + pause > until:
                raise ApiError(
                    503,
                    "still_starting",
                    f"the member still starts: ask again with GET /wake?session={session}",
                    retry_after=POLL_AFTER,
                    session=session,
                )
            self._sleep(pause)
            pause = min(pause * 1.5, 2)

    def close(self, owner: str, session: str) -> None:
        """End a session. One that has ended stays as it is.

        Raises:
            ApiError: the caller has no such session.
        """
        held = self._owned(owner, session)
        for _ in range(READS):
            if held.state == "ended":
                return
            try:
                now = self._clock()
                self._table.write(writes.end(held.member, held.session, held.generation, "closed", now))
                self._endings.end(held, "closed")
            except ConditionFailed:
                view = self._view(self._owned(owner, session))
                held = view.session
                if view.progress.state != "ended":
                    continue
            self._table.write(pools.close(held.pool, [held.member]))
            return
        raise ApiError(503, "throttled", f"session {session} is changing: try again", retry_after=1)

    def _count(self, pool: str, reason: RefusalReason, owner: str, session: str) -> None:
        """Count a refused wake for the report; the answer does not wait for a count that fails."""
        try:
            self._table.write(usage.refused(pool, reason, owner, session, self._clock()))
        except (BotoCoreError, ClientError) as error:
            logger.warning("a refused wake could not be counted", pool=pool, code=reason, reason=str(error))

    def _again(self, session: Session, pool: str) -> View:
        if session.pool != pool:
            raise ApiError(
                409,
                "key_reused",
                f"this Idempotency-Key has opened a session of pool {session.pool}: use a new one for pool {pool}",
            )
        return self._view(session)

    def _owned(self, owner: str, session: str) -> Session:
        item = self._table.get(session_key(session))
        if item is None or item["owner"] != owner:
            raise ApiError(404, "not_found", f"this API key has no session {session}")
        return Session.parse(item)

    def _view(self, session: Session) -> View:
        """Return how a session is getting on; write its end down if it has ended, and mend what a crash left undone."""
        for _ in range(READS):
            if session.state == "ended":
                return View(session, Progress("ended", reason=session.reason), None, self._secret())
            known = self._table.get_many([session.member, pool_key(session.pool)])
            member = known.get(session.member)
            pool = Pool.parse(session.pool, known.get(pool_key(session.pool)))
            progress = sessions.progress(session, member, pool, self._clock())
            if progress.state != "ended":
                break
            newest = self._owned(session.owner, session.session)
            if newest == session:
                break
            session = newest  # it has got another member meanwhile, or has ended, and its item says why
        if progress.state == "ended" and progress.reason is not None:
            self._endings.end(session, progress.reason)
        if progress.state == "starting" and progress.step != "loading" and session.member not in pool.open:
            self._driver.request(session.pool, [session.member])
        return View(session, progress, member, self._secret())

    def _reserve(self, session: str, owner: str) -> int:
        """Count a session against the caller's cap; when that is reached, first forget those that have ended.

        Returns the caller's ticket: a number that no other call of this owner gets.
        """
        cap = self._settings.sessions_per_key
        try:
            return int(self._table.write(sessions.reserve(session, owner, cap, self._clock()))["tickets"])
        except ConditionFailed as failure:
            self._forget_ended(owner, failure.item or {})
            try:
                return int(self._table.write(sessions.reserve(session, owner, cap, self._clock()))["tickets"])
            except ConditionFailed:
                raise ApiError(
                    429, "over_cap", f"this API key has {cap} sessions, its cap: end one", retry_after=OVER_CAP_RETRY
                ) from None

    def _forget_ended(self, owner: str, item: Item) -> None:
        counted = sessions.reserved(item)
        items = self._table.get_many(session_key(session) for session in counted)
        live = [Session.parse(found) for found in items.values()]
        members = self._table.get_many(session.member for session in live)
        now = self._clock()
        for session in live:
            progress = sessions.progress(session, members.get(session.member), Pool(session.pool), now)
            if progress.state == "ended" and progress.reason is not None:
                self._endings.end(session, progress.reason)
        for session_name, at in counted.items():
            if session_key(session_name) not in items and now - at > ABANDONED:
                self._table.write(sessions.release(session_name, owner))
