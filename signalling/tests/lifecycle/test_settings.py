"""Deadlines are given without ambiguity, or refused."""

from __future__ import annotations

import math

import pytest

from pixel.signalling.lifecycle_settings import LifecycleSettings

DURATIONS = ["start", "first_connection", "grace", "idle", "session_cap", "unleased", "isolation"]


@pytest.mark.parametrize("name", DURATIONS)
@pytest.mark.parametrize("value", [0, -1, 0.0, math.nan, "soon", "", None, "0"], ids=repr)
def test_what_is_no_duration_is_refused_by_its_name(name, value):
    with pytest.raises(ValueError, match=rf"lifecycle\.{name} is .*above 0, or \"never\""):
        LifecycleSettings(**{name: value})


@pytest.mark.parametrize("name", DURATIONS)
def test_never_is_a_duration(name):
    assert getattr(LifecycleSettings(**{name: "never"}), name) == math.inf


@pytest.mark.parametrize("value", [30, 30.0, "30"], ids=repr)
def test_seconds_are_seconds_in_any_spelling(value):
    assert LifecycleSettings(grace=value).grace == 30.0


@pytest.mark.parametrize(("given", "missing"), [("zone", "zone_id"), ("zone_id", "zone")])
def test_a_zone_without_its_other_half_is_refused(given, missing):
    with pytest.raises(ValueError, match=rf"lifecycle\.{missing} is empty"):
        LifecycleSettings(**{given: "x"})


def test_a_machine_is_no_member_unless_it_is_told_so():
    assert not LifecycleSettings().enabled
