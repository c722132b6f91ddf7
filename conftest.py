"""What all tests have in common: none fails for being slow, which is what `make bench` is for."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("unhurried", settings(), deadline=None)
settings.load_profile("unhurried")
