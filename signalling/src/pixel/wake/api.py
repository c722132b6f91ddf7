"""The API's routes, behind API Gateway's REST API: from events to `service`, and back to answers.

The caller is the API key that API Gateway has checked; its id, not its value, arrives with the event.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query
from aws_lambda_powertools.metrics import MetricUnit
from botocore.exceptions import ClientError
from pydantic import BaseModel, ConfigDict, Field

from pixel.wake.aws import Refused, refusal
from pixel.wake.errors import ApiError
from pixel.wake.function import Wake
from pixel.wake.service import THROTTLED_RETRY

GATEWAY_LIMIT = 27.0
"""Seconds that `GET /wake` may take: API Gateway gives up after 29."""

BODY_LIMIT = 512
"""Characters of a request's body: none that says what it should has more, and one that says more is not even read."""

logger = Logger(child=True)

PoolName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]
IdempotencyKey = Annotated[str, Field(pattern=r"^[!-~]{1,128}$")]
SessionId = Annotated[str, Field(pattern=r"^[a-z2-7]{26}$")]


class OpenSession(BaseModel):
    """The body of `POST /sessions`."""

    model_config = ConfigDict(extra="forbid")

    pool: PoolName


def build(wake: Wake, metrics: Metrics) -> APIGatewayRestResolver:
    """Return the resolver of the API's routes. It serves one event at a time, as a Lambda does."""
    origins = wake.settings.origins
    cors = None
    if origins:
        cors = CORSConfig(
            allow_origin=origins[0],
            extra_origins=list(origins[1:]),
            allow_headers=["x-api-key", "idempotency-key", "content-type"],
            expose_headers=["retry-after"],
        )
    app = APIGatewayRestResolver(enable_validation=True, cors=cors)

    def owner() -> str:
        identity = app.current_event.request_context.identity
        if not identity.api_key_id:
            raise ApiError(403, "forbidden", "no API key: send yours in the header x-api-key")
        return identity.api_key_id

    def remaining() -> float:
        milliseconds: int = app.lambda_context.get_remaining_time_in_millis()
        return min(GATEWAY_LIMIT, milliseconds / 1000 - 1)

    @app.post("/sessions")
    def open_session(
        body: OpenSession, idempotency_key: Annotated[IdempotencyKey, Header(alias="Idempotency-Key")]
    ) -> Response[str]:
        view = wake.sessions.open(owner(), idempotency_key, body.pool)
        metrics.add_metric("SessionsOpened", MetricUnit.Count, 1)
        return answer(202, view.body())

    @app.get("/sessions/<session>")
    def show_session(session: Annotated[SessionId, Path()]) -> Response[str]:
        return answer(200, wake.sessions.show(owner(), session).body())

    @app.delete("/sessions/<session>")
    def close_session(session: Annotated[SessionId, Path()]) -> Response[str]:
        wake.sessions.close(owner(), session)
        return answer(200, {"session": session, "state": "ended"})

    @app.get("/wake")
    def wake_and_wait(
        pool: Annotated[PoolName | None, Query()] = None,
        session: Annotated[SessionId | None, Query()] = None,
        idempotency_key: Annotated[IdempotencyKey | None, Header(alias="Idempotency-Key")] = None,
    ) -> Response[str]:
        until = wake.clock() + remaining()
        if session is None:
            wanted = pool or wake.settings.default_pool
            if wanted is None:
                raise ApiError(400, "invalid_request", "name a pool: GET /wake?pool=…, or set PIXEL_DEFAULT_POOL")
            session = wake.sessions.open(owner(), idempotency_key or str(uuid.uuid4()), wanted).session.session
        return answer(200, wake.sessions.wait(owner(), session, until), {"X-Pixel-Session": session})

    def api_error(error: ApiError) -> Response[str]:
        metrics.add_metric(f"Refused_{error.code}", MetricUnit.Count, 1)
        return refused(error)

    app.not_found(no_route)
    app.exception_handler(ApiError)(api_error)
    app.exception_handler(RequestValidationError)(invalid)
    app.exception_handler(Refused)(aws_refused)
    app.exception_handler(ClientError)(aws_error)
    app.exception_handler(Exception)(failed)
    return app


def too_long(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the answer to an event whose body is too long to be read; None to any other.

    Asked before the resolver, which reads a body before anything of ours sees it.
    """
    if len(event.get("body") or "") <= BODY_LIMIT:
        return None
    answered = refused(ApiError(400, "invalid_request", f"body: longer than {BODY_LIMIT} characters"))
    headers = {name: [value] for name, value in answered.headers.items()}
    return {"statusCode": answered.status_code, "multiValueHeaders": headers, "body": answered.body}


def answer(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response[str]:
    """Return a JSON answer that nobody keeps: it may hold tokens."""
    return Response(
        status_code=status,
        content_type="application/json",
        body=json.dumps(body),
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})},
    )


def refused(error: ApiError) -> Response[str]:
    """Return the answer to a request that is refused."""
    body: dict[str, Any] = {"error": error.code, "message": error.message}
    headers: dict[str, str] = {}
    if error.retry_after is not None:
        body["retry_after"] = error.retry_after
        headers["Retry-After"] = str(error.retry_after)
    if error.session is not None:
        body["session"] = error.session
    return answer(error.status, body, headers)


def no_route(_error: Exception) -> Response[str]:
    """Return the answer to a call that does not exist."""
    return refused(ApiError(404, "not_found", "there is no such call; docs/wake-api.md tells which there are"))


def invalid(error: RequestValidationError) -> Response[str]:
    """Return the answer to a request that says what it should not, or says too little: what is wrong, and where."""
    found = [f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}" for problem in error.errors()]
    return refused(ApiError(400, "invalid_request", "; ".join(found)))


def aws_refused(error: Refused) -> Response[str]:
    """Return the answer when AWS refused a call that may be repeated."""
    logger.warning("AWS refused a call", reason=str(error))
    return throttled()


def aws_error(error: ClientError) -> Response[str]:
    """Return the answer when a call to AWS failed: only with too many calls does trying again help."""
    if refusal(error) != "throttled":
        return failed(error)
    logger.warning("AWS throttled a call", reason=str(error))
    return throttled()


def failed(error: Exception) -> Response[str]:
    """Return the answer when the function itself failed; what is wrong is for the log, not for the caller."""
    logger.error("the call failed", exc_info=error)
    return refused(ApiError(500, "internal_error", "the call failed; the function's log tells why"))


def throttled() -> Response[str]:
    """Return the answer when AWS wants fewer calls."""
    return refused(ApiError(503, "throttled", "AWS takes no more calls at the moment", retry_after=THROTTLED_RETRY))
