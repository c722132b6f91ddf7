"""Tokens of a session: what a person shows to the member that was leased to them.

A token is an HMAC of session, generation and role under a secret that only the wake function reads. So a repeated
answer carries the same token, nothing but its digest needs to be stored, and a stolen member cannot make one.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from typing import Literal

Role = Literal["player", "controller"]

MIN_SECRET_BYTES = 32


def mint(secret: bytes, session: str, generation: int, role: Role) -> str:
    """Return the token of a role in a session: 43 characters of URL-safe base64, without padding.

    Raises:
        ValueError: the secret has fewer than 32 bytes, or the session's id contains the separator `|`.
    """
    if len(secret) < MIN_SECRET_BYTES:
        raise ValueError(f"the token secret has {len(secret)} bytes; at least {MIN_SECRET_BYTES} are needed")
    if "|" in session:
        raise ValueError(f"session id {session!r} contains '|'")
    mac = hmac.digest(secret, f"{session}|{generation}|{role}".encode(), "sha256")
    return urlsafe_b64encode(mac).rstrip(b"=").decode("ascii")


def digest(token: str) -> str:
    """Return what is stored of a token: its SHA-256 in hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def matches(token: str, stored_digest: str) -> bool:
    """Tell whether a token is the one whose digest was stored, in a time that tells nothing about the digest."""
    return hmac.compare_digest(digest(token).encode(), stored_digest.encode())
