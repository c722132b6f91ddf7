"""The wake API over HTTP: one method a call. Nothing here waits or tries again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import quote

import httpx

from pixel.client.answers import SessionView, refusal, session_view
from pixel.client.errors import ApiUnreachable, SessionEnded
from pixel.client.settings import Settings

CALL_TIMEOUT = 15.0  # API Gateway itself gives up after 29 s; a session call answers in one


class WakeApi:
    """Calls to the wake API, over one HTTP connection."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def create(self, pool: str, idempotency_key: str) -> SessionView:
        """Ask for a session of `pool`. Replayable: the same key gives the same session."""
        once = {"Idempotency-Key": idempotency_key}
        answer = await self._call("POST", "/sessions", json={"pool": pool}, headers=once)
        return session_view(decoded(answer), answer.headers)

    async def get(self, session: str) -> SessionView:
        """Describe a session."""
        answer = await self._call("GET", session_path(session))
        return session_view(decoded(answer), answer.headers)

    async def delete(self, session: str) -> None:
        """End a session. Replayable: a session that is over is no error."""
        with suppress(SessionEnded):
            await self._call("DELETE", session_path(session))

    async def _call(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Return the answer if it is a success, else raise what it means (`PixelError`)."""
        try:
            answer = await self._http.request(method, path, **request)
        except httpx.HTTPError as error:
            raise ApiUnreachable(
                f"no answer from {self._http.base_url} ({type(error).__name__}: {error}): "
                "check PIXEL_API, or api=, and this computer's network"
            ) from None
        if not answer.is_success:
            raise refusal(answer.status_code, decoded(answer), answer.headers)
        return answer


@asynccontextmanager
async def open_api(settings: Settings) -> AsyncIterator[WakeApi]:
    """Open a connection to the API for a few calls.

    Not kept between operations: a connection belongs to one event loop, a session may be used from several.
    """
    async with httpx.AsyncClient(
        base_url=settings.api, headers=headers(settings), timeout=CALL_TIMEOUT, verify=settings.tls()
    ) as http:
        yield WakeApi(http)


def headers(settings: Settings) -> dict[str, str]:
    """Return the headers of every call (API Gateway takes a key in `x-api-key`)."""
    return {"x-api-key": settings.key, "Accept": "application/json"}


def session_path(session: str) -> str:
    """Return the path of a session, from the API's base address."""
    return f"/sessions/{quote(session, safe='')}"


def decoded(answer: httpx.Response) -> Any:
    """Return the JSON of an answer; None when there is none."""
    try:
        return answer.json()
    except ValueError:
        return None
