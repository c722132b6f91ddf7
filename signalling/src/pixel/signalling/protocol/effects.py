"""What the hub asks for, and what it reports. `Send` and `Close` are to be carried out in their order."""

from __future__ import annotations

from typing import NamedTuple

from pixel.signalling.protocol.peers import Peer, Player


class Send(NamedTuple):
    """Send a text frame to a peer."""

    to: Peer
    frame: str


class Close(NamedTuple):
    """Close a peer's connection. The hub has already forgotten the peer."""

    peer: Peer
    code: int
    reason: str


class Ignored(NamedTuple):
    """A frame was not acted upon; why, in words that are safe to log."""

    peer: Peer
    reason: str


class Joined(NamedTuple):
    """A counted player has sent its first message."""

    player: Player


class Left(NamedTuple):
    """A player reported by `Joined` has gone."""

    player: Player


class StreamersChanged(NamedTuple):
    """A streamer has come or gone; how many there are now."""

    streamers: int


Effect = Send | Close | Ignored | Joined | Left | StreamersChanged
