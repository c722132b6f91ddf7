"""What is kept of use: keys, records, and that nothing counts twice."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pixel.lease import usage
from pixel.lease.table import ConditionFailed
from pixel.lease.usage import Use
from pixel.lease.writes import Write

from .conftest import MEMBER, Stage

MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC).timestamp()


def after_a_session(stage: Stage) -> dict[str, object]:
    """Return the member's item after a session that began at the stage's first moment."""
    lease = stage.member.ready(stage.claim())
    stage.now += 90
    stage.member.heartbeat(lease, 1)
    stage.now += 600
    stage.member.drain(lease)
    return stage.item()


def kept(stage: Stage, write: Write) -> dict[str, object]:
    """Carry a write out, and return the item."""
    return stage.table.write(write)


def test_a_session_is_kept_with_its_times_and_its_reason(stage: Stage) -> None:
    begun = stage.now
    item = after_a_session(stage)
    record = kept(stage, usage.ended(item, stage.now + 40))
    assert usage.uses(record) == {
        "s1": Use("alice", "", "left", begun, begun, begun + 690, begun + 730),
    }
    assert record["expires_at"] == int(begun) + 400 * 86400


def test_a_session_is_kept_once_and_as_it_was_found_first(stage: Stage) -> None:
    item = after_a_session(stage)
    first = kept(stage, usage.ended(item, stage.now + 40))
    with pytest.raises(ConditionFailed):
        kept(stage, usage.ended(item, stage.now + 90))
    assert stage.table.get(first["instance_id"]) == first


def test_a_session_that_was_never_ready_has_no_such_time(stage: Stage) -> None:
    stage.claim()
    stage.member.drain(None)
    stage.now += 400
    stage.member.drain(None)
    (use,) = usage.uses(kept(stage, usage.ended(stage.item(), stage.now))).values()
    assert use.ready_at is None
    assert use.reason == "start_timeout"


def test_a_lease_that_only_expired_ended_when_it_expired(stage: Stage) -> None:
    lease = stage.member.ready(stage.claim())
    (use,) = usage.uses(kept(stage, usage.ended(stage.item(), stage.now + 5000))).values()
    assert use.ended_at == lease.lease_until


def test_who_tries_again_is_refused_once(stage: Stage) -> None:
    for _ in range(3):
        kept(stage, usage.refused("drone", "pool_empty", "alice", "aaaaaaaabbbb", MIDNIGHT))
    kept(stage, usage.refused("drone", "pool_empty", "alice", "bbbbbbbbcccc", MIDNIGHT))
    item = kept(stage, usage.refused("drone", "over_cap", "bob-2", "cccccccc", MIDNIGHT))
    assert usage.refusals(item) == {
        ("pool_empty", "alice"): {"aaaaaaaa", "bbbbbbbb"},
        ("over_cap", "bob_2"): {"cccccccc"},
    }


def test_a_leak_counts_under_what_it_was_found_as_first(stage: Stage) -> None:
    member = {"instance_id": MEMBER, "pool": "drone"}
    for kind in ("expired", "stuck", "stuck"):
        item = kept(stage, usage.leaked(member, kind, MIDNIGHT + 5))  # type: ignore[arg-type] # one of them
    item = kept(stage, usage.leaked(member, "stuck", MIDNIGHT + 700))
    assert {kind: len(found) for kind, found in usage.leaks(item).items()} == {"expired": 1, "stuck": 1}


def test_the_reconciler_reads_no_record_of_use(stage: Stage) -> None:
    kept(stage, usage.ended(after_a_session(stage), stage.now))
    assert list(stage.table.scan(without=usage.PREFIX)) == [MEMBER]
    assert len(stage.table.scan()) == 2


@given(st.floats(MIDNIGHT - 1e6, MIDNIGHT), st.floats(0, 3e5), st.floats(0, 1))
@example(begin=math.nextafter(MIDNIGHT, 0), length=0.0, place=0.0)
def test_a_period_has_the_key_of_every_moment_in_it(begin: float, length: float, place: float) -> None:
    moment = begin + length * place
    write = usage.refused("drone", "pool_empty", "alice", "session", moment)
    keys = list(usage.keys("drone", begin, begin + length + 1))
    assert write.key in keys
    assert len(keys) == len(set(keys)) <= 3 * (length / 3600 + 3)
    assert usage.hour(write.key) <= moment < usage.hour(write.key) + 3600


times = st.integers(1_700_000_000, 1_900_000_000)
spans = st.integers(0, 100_000)


@given(times, st.none() | spans, spans, spans)
def test_a_record_says_all_that_is_kept_briefly(claimed: int, ready: int | None, ended: int, stopped: int) -> None:
    ready_at = None if ready is None else claimed + ready
    use = Use("ab12cd34ef", "1.4.0", "left", claimed, ready_at, claimed + ended, claimed + stopped)
    assert Use.parse(use.text()) == use
    assert len(use.text()) < 70
