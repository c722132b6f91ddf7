"""How many members a pool needs. Pure: three models, each with its formula.

* People who come one by one (Erlang B): arrivals are Poisson with rate λ, a session occupies a member for a mean time
  h, whoever finds none free is refused and goes away. With a = λ·h (erlangs) and N members, the share refused is
  B(0) = 1, B(N) = a·B(N-1) / (N + a·B(N-1)). It depends on the mean of h alone, not on how sessions spread around it.
* A class, which comes all at once: each of S people comes with probability q, each of N members works with
  probability w, all independently. Somebody is refused when more people come than members work.
* Hot spares, which hide a start: while a taken spare is replaced, for b minutes, arrivals are Poisson with mean λ·b;
  somebody waits for a start when more than the spares come in that time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

LARGEST = 100_000
"""Members beyond which nobody is helped by a number."""


def erlang_b(members: int, load: float) -> float:
    """Return the share of arrivals that are refused, for a load in erlangs (0 and more) on so many members.

    The recursion adds and divides numbers of one sign, so it is stable; factorials would overflow beyond 170 members.
    """
    refused = 1.0
    for count in range(1, members + 1):
        refused = load * refused / (count + load * refused)
    return refused


def members_for_arrivals(load: float, refusal: float) -> int:
    """Return the fewest members that refuse at most a share `refusal` of the arrivals of a load in erlangs.

    Raises:
        ValueError: that many members cannot be had.
    """
    share = 1.0 if load else 0.0
    for members in range(LARGEST + 1):
        if members:
            share = load * share / (members + load * share)
        if share <= refusal:
            return members
    raise ValueError(f"a load of {load:.0f} erlangs needs more than {LARGEST} members: give fewer or shorter sessions")


def members_for_class(seats: int, comes: float, works: float, refusal: float) -> int:
    """Return the fewest members for which at most with probability `refusal` anybody of a class gets none.

    Args:
        seats: people in the class.
        comes: probability that one of them comes.
        works: probability that a member starts and works; greater than 0.
        refusal: the probability that is accepted, between 0 and 1.

    Raises:
        ValueError: that many members cannot be had.
    """
    people = list(binomial(seats, comes))
    for members in range(LARGEST):
        if somebody_refused(people, members, works) <= refusal:
            return members
    raise ValueError(f"no number of members up to {LARGEST} serves a class of {seats}: give a greater --works")


def somebody_refused(people: list[float], members: int, works: float) -> float:
    """Return the probability that more people come than members work; `people[k]` is the one that k people come."""
    more_than = [0.0] * (len(people) + 1)  # more_than[k]: at least k people come
    for count in reversed(range(len(people))):
        more_than[count] = more_than[count + 1] + people[count]
    return sum(
        chance * more_than[working + 1]
        for working, chance in enumerate(binomial(members, works))
        if working + 1 < len(more_than)
    )


def spares_for_arrivals(arrivals: float, waits: float) -> int:
    """Return the fewest hot spares for which at most a share `waits` finds none.

    `arrivals` is the mean number that come while a taken spare is replaced.
    """
    spares, term = 0, math.exp(-arrivals)
    within = term
    while 1 - within > waits and spares < LARGEST:
        spares += 1
        term *= arrivals / spares
        within += term
    return spares


def binomial(trials: int, chance: float) -> Iterator[float]:
    """Yield the probabilities of 0, 1, … `trials` successes; by logarithms, so that no power underflows to nothing."""
    if chance in (0.0, 1.0):
        certain = 0 if chance == 0.0 else trials
        yield from (1.0 if count == certain else 0.0 for count in range(trials + 1))
        return
    whole = math.lgamma(trials + 1)
    for count in range(trials + 1):
        ways = whole - math.lgamma(count + 1) - math.lgamma(trials - count + 1)
        yield math.exp(ways + count * math.log(chance) + (trials - count) * math.log1p(-chance))
