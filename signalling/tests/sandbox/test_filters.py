"""What a filter's value matches."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixel.sandbox.ec2.filters import FilterSet

FILTERS = FilterSet[str]({"value": lambda text: text}, lambda _: {})


def matches(text: str, *patterns: str) -> bool:
    return FILTERS.matcher([{"Name": "value", "Values": list(patterns)}])(text)


@pytest.mark.parametrize(
    ("text", "patterns", "found"),
    [
        ("drone", ["drone"], True),
        ("drone", ["Drone"], False),
        ("drone", ["other", "drone"], True),
        ("a.b", ["a?b"], True),
        ("axb", ["a.b"], False),
        ("a*b", [r"a\*b"], True),
        ("axb", [r"a\*b"], False),
        ("a\\b", [r"a\\b"], True),
        ("two\nlines", ["two*"], True),
    ],
)
def test_a_value_matches_as_ec2_says(text: str, patterns: list[str], found: bool) -> None:
    assert matches(text, *patterns) is found


@given(st.text(alphabet="ab.*?", max_size=8), st.text(alphabet="ab.", max_size=8))
def test_stars_and_question_marks_mean_what_they_mean_in_a_shell(pattern: str, text: str) -> None:
    assert matches(text, pattern) is fnmatch.fnmatchcase(text, pattern)


@given(st.text(max_size=20))
def test_an_escaped_text_matches_just_itself(text: str) -> None:
    escaped = "".join(f"\\{character}" if character in "*?\\" else character for character in text)
    assert matches(text, escaped)
