"""How often, and how long, the client asks."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixel.client.errors import ApiUnreachable, AuthError, PixelError, PoolEmpty, Throttled
from pixel.client.pace import Pace
from pixel.client.patience import patiently


class Call:
    """A call that fails with each of `failures`, then returns 'done'."""

    def __init__(self, *failures: PixelError) -> None:
        self.failures = list(failures)
        self.times = 0

    async def __call__(self) -> str:
        self.times += 1
        if self.failures:
            raise self.failures.pop(0)
        return "done"


@settings(deadline=None)
@given(st.integers(0, 10**6), st.none() | st.floats(0, 1000))
def test_a_delay_is_never_shorter_than_asked_for_nor_longer_than_needed(attempt: int, asked: float | None) -> None:
    pace = Pace()
    delay = pace.delay(attempt, asked)
    assert delay >= (asked or 0)
    assert pace.first <= delay <= max(pace.longest, asked or 0)


@settings(deadline=None)
@given(st.integers(0, 100))
def test_delays_grow(attempt: int) -> None:
    assert Pace().delay(attempt) <= Pace().delay(attempt + 1)


@pytest.mark.parametrize("failure", [ApiUnreachable("no answer"), Throttled("too fast", 0.02)])
async def test_what_passes_by_itself_is_asked_again(failure: PixelError, quick: Pace) -> None:
    call = Call(failure, failure)
    assert await patiently(call, quick) == "done"
    assert call.times == 3


@pytest.mark.parametrize("failure", [AuthError("no"), PoolEmpty("full", 0.01)])
async def test_a_refusal_is_told_at_once(failure: PixelError, quick: Pace) -> None:
    call = Call(failure)
    with pytest.raises(type(failure)):
        await patiently(call, quick)
    assert call.times == 1


async def test_patience_ends(impatient: Pace) -> None:
    call = Call(*[ApiUnreachable("no answer")] * 1000)
    with pytest.raises(ApiUnreachable):
        await patiently(call, impatient)
    assert 1 < call.times < 60


async def test_a_throttle_longer_than_the_patience_is_told_at_once(impatient: Pace) -> None:
    call = Call(Throttled("too fast", impatient.patience + 1))
    with pytest.raises(Throttled):
        await patiently(call, impatient)
    assert call.times == 1
