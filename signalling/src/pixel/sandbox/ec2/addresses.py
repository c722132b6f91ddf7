"""Public addresses: random ones in 127.0.0.0/8, so that a member can really listen there. None is given twice."""

from __future__ import annotations

from moto.moto_api._internal import mock_random


class Addresses:
    """Gives out addresses. 127.0.0.x is kept for what belongs to the machine itself."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def next(self) -> str:
        """Return an address that was never given out before."""
        while True:
            second, third, fourth = (mock_random.randint(1, 254) for _ in range(3))
            address = f"127.{second}.{third}.{fourth}"
            if address not in self._given:
                self._given.add(address)
                return address
