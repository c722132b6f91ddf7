"""What the wake API's answers mean. Pure: an HTTP answer in, a view of the session or an error out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from pixel.client.errors import (
    ApiUnreachable,
    AuthError,
    NoCapacity,
    OverCap,
    PixelError,
    PoolEmpty,
    SessionEnded,
    SettingsError,
    Throttled,
    UnknownPool,
)

State = Literal["starting", "ready", "ended"]


@dataclass(frozen=True)
class Access:
    """How to reach a ready member. The tokens open it, so nothing here is ever shown.

    Attributes:
        ip: the member's public address.
        hostname: the name in the member's certificate.
        url: the player page, with the player token in its fragment.
        controller_token: opens the control socket.
    """

    ip: str
    hostname: str
    url: str = field(repr=False)
    controller_token: str = field(repr=False)


@dataclass(frozen=True)
class SessionView:
    """A session as the API last described it.

    Attributes:
        session: the session's id.
        step: what is being done; only when starting, and empty when the API does not say.
        access: only when ready.
        reason: why it ended; only when ended.
        retry_after: seconds the API asked to wait before asking again.
    """

    session: str
    state: State
    step: str = ""
    access: Access | None = None
    reason: str | None = None
    retry_after: float | None = None


def session_view(body: Any, headers: Mapping[str, str]) -> SessionView:
    """Read the answer that describes a session.

    Raises:
        ApiUnreachable: this is not what the wake API says.
    """
    try:
        session, state = body["session"], body["state"]
        if not isinstance(session, str) or not session or state not in ("starting", "ready", "ended"):
            raise ValueError(state)
        step = str(body.get("step") or "") if state == "starting" else ""
        access = _access(body) if state == "ready" else None
        reason = str(body.get("reason") or "unknown") if state == "ended" else None
    except (KeyError, TypeError, ValueError):
        raise ApiUnreachable(
            "what answers at PIXEL_API does not speak as the wake API does: check PIXEL_API, or update mitlab-pixel"
        ) from None
    return SessionView(session, cast(State, state), step, access, reason, _retry_after(body, headers))


def _access(body: Mapping[str, Any]) -> Access:
    url, hostname = str(body["url"]), str(body["hostname"])
    page = urlsplit(url)
    if page.scheme != "https" or page.username is not None or page.hostname != hostname.lower():
        raise ValueError("the player page is not the member's own over TLS")
    return Access(str(ip_address(body["ip"])), hostname, url, str(body["tokens"]["controller"]))


def refusal(status: int, body: Any, headers: Mapping[str, str]) -> PixelError:
    """Turn an answer outside 2xx into the error it means.

    The wake API says `{"error", "message", "retry_after"?}`; what API Gateway says by itself has only a `message`:
    403 "Forbidden" for a wrong key, 403 "Missing Authentication Token" for an unknown path, 429 "Too Many Requests"
    over the rate and 429 "Limit Exceeded" over the quota (API Gateway Developer Guide, "Gateway response types").
    """
    body = body if isinstance(body, Mapping) else {}
    code, message = str(body.get("error", "")), str(body.get("message", ""))
    if status in (401, 403):
        if message == "Missing Authentication Token":
            return SettingsError("nothing is served at that path: PIXEL_API, or api=, ends with the stage's name")
        return AuthError("the API refused the key: check PIXEL_API_KEY, or key=")
    retry_after = _retry_after(body, headers)
    later = f"try again in {retry_after:g} seconds" if retry_after else "try again later"
    if status == 429:
        if code == "over_cap" or message == "Limit Exceeded":
            return OverCap(message if code else "the key's quota is used up: ask whoever gave it to you", retry_after)
        return Throttled(f"too many calls at once: {later}", retry_after)
    if code == "unknown_pool":
        return UnknownPool(message)
    if status == 404 or code == "session_ended":
        return SessionEnded(str(body.get("reason") or "not known any more"))
    if code == "pool_empty":
        return PoolEmpty(f"every machine of the pool is in use: {later}", retry_after)
    if code == "no_capacity":
        return NoCapacity(f"AWS has no machine free in any zone: {later}", retry_after)
    if code == "throttled":
        return Throttled(f"too many calls at once: {later}", retry_after)
    if status >= 500:
        return ApiUnreachable(f"the API answered {status}{f' ({message})' if message else ''}: try again later")
    return PixelError(f"the API refused the call ({status}): {message or 'it did not say why'}")


def _retry_after(body: Mapping[str, Any], headers: Mapping[str, str]) -> float | None:
    """Return the seconds of `Retry-After`, else of the body; None when neither has a usable number.

    A session that is starting comes with `poll_after`, a refusal with `retry_after`.
    """
    for said in (headers.get("retry-after"), body.get("retry_after"), body.get("poll_after")):
        try:
            seconds = float(said) if said is not None else -1.0
        except (TypeError, ValueError):
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    return None
