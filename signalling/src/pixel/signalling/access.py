"""Who may come in, and as what: tokens, known by their digests."""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Callable, Iterable
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from typing import Literal, NamedTuple

from pixel.signalling.settings import AccessSettings

Role = Literal["player", "controller", "streamer"]

MINUTE = 60.0


class Pass(NamedTuple):
    """The right to come in.

    Attributes:
        role: as what; None: as anything.
        digest: the SHA-256 (hex) of the token that gave the right; None when no token was asked for.
    """

    role: Role | None
    digest: str | None = None


class Access:
    """The tokens that open the door now."""

    def __init__(self, settings: AccessSettings) -> None:
        self.open = settings.mode == "none"
        """Whether nobody is asked for a token."""
        self.streamers_open = self.open or not settings.streamers
        """Whether streamers are not asked for one."""
        self._digests: dict[Role, tuple[str, ...]] = {
            "player": settings.players,
            "controller": settings.controllers,
            "streamer": settings.streamers,
        }

    def role_of(self, token: str | None) -> Pass | None:
        """Return what a token (or the lack of one) entitles to, on the port for players; None: to nothing.

        Every digest is compared, in constant time, so that the time taken tells nothing about any of them.
        """
        if self.open:
            return Pass(None)
        return self._match(token, ("player", "controller"))

    def streamer(self, token: str | None) -> Pass | None:
        """Return the right to connect as a streamer; None: there is none."""
        if self.streamers_open:
            return Pass("streamer")
        return self._match(token, ("streamer",))

    def _match(self, token: str | None, roles: Iterable[Role]) -> Pass | None:
        presented = sha256((token or "").encode("utf-8", "surrogatepass")).hexdigest()
        found: Pass | None = None
        for role in roles:
            for digest in self._digests[role]:
                if hmac.compare_digest(presented, digest):
                    found = Pass(role, digest)
        return found if token else None

    def admit(self, player_digest: str | None, controller_digest: str | None) -> bool:
        """From now on let in exactly the holders of these tokens; None: nobody in that role.

        Returns:
            Whether that changes anything.
        """
        before = dict(self._digests)
        if not self.open:
            self._digests["player"] = (player_digest,) if player_digest else ()
            self._digests["controller"] = (controller_digest,) if controller_digest else ()
        return self._digests != before

    def holds(self, right: Pass) -> bool:
        """Tell whether a right that was given still stands."""
        return right.digest is None or any(right.digest in digests for digests in self._digests.values())


class Failures:
    """How often each address has been refused: a bucket for each, which empties at a steady rate.

    Args:
        per_minute: refusals that are forgotten in a minute, and that an address may collect before it is blocked.
        remembered: the most addresses to keep in mind; the ones refused longest ago are forgotten first.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float], *, remembered: int = 4096) -> None:
        self._limit = float(per_minute)
        self._clock = clock
        self._remembered = remembered
        self._level: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def blocked_for(self, address: str) -> float:
        """Return the seconds for which an address is not listened to; 0.0 when it is."""
        over = self._now(network_of(address)) - self._limit + 1
        return max(0.0, over * MINUTE / self._limit)

    def add(self, address: str) -> None:
        """An address was refused."""
        network = network_of(address)
        self._level[network] = (self._now(network) + 1, self._clock())
        self._level.move_to_end(network)
        if len(self._level) > self._remembered:
            self._level.popitem(last=False)

    def _now(self, network: str) -> float:
        level, at = self._level.get(network, (0.0, 0.0))
        return max(0.0, level - (self._clock() - at) * self._limit / MINUTE)


def network_of(address: str) -> str:
    """Return what one subscriber has: an IPv4 address, or the first 64 bits of an IPv6 address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped else str(IPv6Address(int(parsed) >> 64 << 64))
    return address
