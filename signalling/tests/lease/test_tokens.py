"""Tokens of sessions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixel.tokens import Role, digest, matches, mint

SECRET = b"s" * 32
roles = st.sampled_from(("player", "controller"))
facts = st.tuples(st.text("abcdefghij234567", min_size=1), st.integers(0, 10**6), roles)


@given(facts)
def test_a_token_matches_its_digest_and_is_the_same_every_time(fact: tuple[str, int, Role]) -> None:
    assert mint(SECRET, *fact) == mint(SECRET, *fact)
    assert matches(mint(SECRET, *fact), digest(mint(SECRET, *fact)))


@given(facts, facts)
def test_different_sessions_generations_and_roles_have_different_tokens(
    one: tuple[str, int, Role], other: tuple[str, int, Role]
) -> None:
    assert (mint(SECRET, *one) == mint(SECRET, *other)) == (one == other)


def test_another_secret_makes_another_token() -> None:
    assert mint(SECRET, "s", 1, "player") != mint(b"t" * 32, "s", 1, "player")


def test_a_token_goes_into_a_url_as_it_is() -> None:
    token = mint(SECRET, "s", 1, "player")
    assert len(token) == 43
    assert token.replace("-", "").replace("_", "").isalnum()


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32"):
        mint(b"short", "s", 1, "player")


def test_a_session_that_could_pass_for_another_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\|"):
        mint(SECRET, "s|1", 1, "player")


@pytest.mark.parametrize("wrong", ["", "x", "é", mint(SECRET, "s", 2, "player")])
def test_a_wrong_token_does_not_match(wrong: str) -> None:
    assert not matches(wrong, digest(mint(SECRET, "s", 1, "player")))
