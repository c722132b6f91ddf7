"""One cell, one private machine: wake it, watch it, command it, give it back.

    import pixel.client as pixel

    session = pixel.wake(pool="drone")
    session.show()
    session.send("DroneColor-Red")
    session.close()

`PIXEL_API` and `PIXEL_API_KEY` say where the wake API is and what opens it.
"""

from pixel.client import aio
from pixel.client.aio import AsyncSession
from pixel.client.control import Ack
from pixel.client.errors import (
    ApiUnreachable,
    AuthError,
    CommandRefused,
    MemberUnreachable,
    NoCapacity,
    OverCap,
    PixelError,
    PoolEmpty,
    ReplyTimeout,
    RetryLater,
    SessionEnded,
    SettingsError,
    StartTimeout,
    Throttled,
    UnknownPool,
    UntrustedMember,
)
from pixel.client.sync import Session, wake

__all__ = [
    "Ack",
    "ApiUnreachable",
    "AsyncSession",
    "AuthError",
    "CommandRefused",
    "MemberUnreachable",
    "NoCapacity",
    "OverCap",
    "PixelError",
    "PoolEmpty",
    "ReplyTimeout",
    "RetryLater",
    "Session",
    "SessionEnded",
    "SettingsError",
    "StartTimeout",
    "Throttled",
    "UnknownPool",
    "UntrustedMember",
    "aio",
    "wake",
]
