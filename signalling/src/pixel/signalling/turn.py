"""What `config` tells a peer about reaching the other side, with TURN credentials of its own."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Callable
from typing import Any

from pixel.signalling.settings import WebRtcSettings


def turn_credentials(secret: str, name: str, expiry: int) -> tuple[str, str]:
    """Return user name and password for a TURN server, by coturn's shared-secret scheme (`use-auth-secret`).

    Args:
        secret: the secret shared with the server.
        name: whom the credentials are for; it shows in the server's log.
        expiry: until when they are good, in seconds since 1970.
    """
    username = f"{expiry}:{name}"
    # The scheme is HMAC-SHA1, which nobody has broken; the server knows no other.
    password = hmac.digest(secret.encode(), username.encode(), "sha1")
    return username, b64encode(password).decode("ascii")


class PeerConnectionOptions:
    """Makes each peer's `peerConnectionOptions`. `clock` gives seconds since 1970."""

    def __init__(self, settings: WebRtcSettings, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock

    def __call__(self, name: str) -> dict[str, Any]:
        """Return the options for the peer with this name."""
        settings = self._settings
        options = dict(settings.peer_connection_options)
        if settings.turn_urls:
            expiry = int(self._clock()) + settings.turn_ttl
            username, credential = turn_credentials(settings.turn_secret, name, expiry)
            server = {"urls": list(settings.turn_urls), "username": username, "credential": credential}
            options["iceServers"] = [*options.get("iceServers", []), server]
        return options
