"""API Gateway's data plane: `<endpoint>/_apis/<api id>/<stage>/…` answers as
`https://<api id>.execute-api.<region>.amazonaws.com/<stage>/…` does on AWS."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as LateError
from dataclasses import dataclass
from threading import RLock
from typing import Any

from moto.apigateway.models import APIGatewayBackend, Method, RestAPI, apigateway_backends

from pixel.sandbox.buckets import Rate
from pixel.sandbox.calls import Answer, Environ
from pixel.sandbox.errors import AwsError
from pixel.sandbox.functions.copies import Outcome
from pixel.sandbox.functions.layer import Functions
from pixel.sandbox.gateway.events import Key, Route, function_answer, message, request_event
from pixel.sandbox.gateway.limits import QUOTA, Limits, Quota, Throttle
from pixel.sandbox.gateway.paths import find
from pixel.sandbox.moto_app import ACCOUNT
from pixel.sandbox.requests import read_body

PREFIX = "/_apis/"
LIMIT = 29.0
"""Seconds after which API Gateway gives up waiting for a function."""
AT_ONCE = 200
_HEADER = "gatewayresponse.header."
_FUNCTION = re.compile(r".*/functions/(?P<arn>arn:[^/]+)/invocations")


@dataclass(frozen=True)
class _Found:
    """A request's way: the method that takes it, and what limits it."""

    route: Route
    function: str
    source: str
    needs_key: bool
    key: Key | None
    throttles: tuple[Throttle, ...]
    quotas: tuple[Quota, ...]


class _RefusedError(Exception):
    """API Gateway itself answers; `kind` is one of "Gateway response types" in its developer guide."""

    def __init__(self, status: int, text: str, kind: str = "") -> None:
        super().__init__(text)
        self.kind = kind
        self.answer = message(status, text)


class Gateway:
    """The stages of all REST APIs.

    Args:
        functions: what proxy integrations reach.
        lock: held while moto's storage is read; never while a function works.
    """

    def __init__(self, functions: Functions, lock: RLock) -> None:
        self._functions = functions
        self._lock = lock
        self._limits = Limits()
        self._waiting = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="gateway")

    def __call__(self, environ: Environ) -> Answer:
        """Answer one request."""
        body = read_body(environ)
        try:
            with self._lock:
                found = self._find(environ)
            answer = self._answer(environ, body, found)
        except _RefusedError as refusal:
            headers = self._own_headers(environ, refusal)
            answer = Answer(refusal.answer.status, refusal.answer.body, [*refusal.answer.headers, *headers])
        return answer

    def _own_headers(self, environ: Environ, refusal: _RefusedError) -> list[tuple[str, str]]:
        """Return the headers that the API is set to add to such a refusal of API Gateway's own."""
        with self._lock:
            try:
                _, _, api = _api(_parts(environ)[0])
            except _RefusedError:
                return []
            default = f"DEFAULT_{refusal.answer.status // 100}XX"
            known = api.gateway_responses
            chosen = known.get(refusal.kind) or known.get(default)
            parameters: Mapping[str, str] = (chosen.response_parameters or {}) if chosen is not None else {}
        return [
            (name.removeprefix(_HEADER), value.strip("'"))
            for name, value in parameters.items()
            if name.startswith(_HEADER)
        ]

    def _answer(self, environ: Environ, body: bytes, found: _Found) -> Answer:
        if found.needs_key and found.key is None:
            raise _RefusedError(403, "Forbidden", "INVALID_API_KEY")
        refusal = self._limits.refusal(found.throttles, found.quotas)
        if refusal is not None:
            kind = "QUOTA_EXCEEDED" if refusal == QUOTA else "THROTTLED"
            raise _RefusedError(429, refusal, kind)
        if not self._functions.may_invoke(found.function, "apigateway.amazonaws.com", found.source):
            raise _RefusedError(500, "Internal server error")
        event = request_event(environ, body, found.route, found.key)
        try:
            outcome: Outcome = self._waiting.submit(self._functions.invoke, found.function, event).result(LIMIT)
        except LateError:
            raise _RefusedError(504, "Endpoint request timed out", "INTEGRATION_TIMEOUT") from None
        except AwsError:
            raise _RefusedError(500, "Internal server error") from None
        answer = function_answer(outcome.result) if outcome.error is None else None
        if answer is None:
            raise _RefusedError(502, "Internal server error")
        headers = [("x-amzn-RequestId", event["requestContext"]["requestId"]), ("x-amz-apigw-id", found.route.api_id)]
        return Answer(answer.status, answer.body, [*answer.headers, *headers])

    def _find(self, environ: Environ) -> _Found:
        """Return a request's way. Hold the lock.

        Raises:
            _RefusedError: there is no such stage or method, or nothing here can answer for it.
        """
        api_id, stage_name, path = _parts(environ)
        region, backend, api = _api(api_id)
        stage = api.stages.get(stage_name)
        if stage is None:
            raise _RefusedError(403, "Forbidden")
        match = find(path, [resource.get_path() for resource in api.resources.values()])
        resource = next((one for one in api.resources.values() if match and one.get_path() == match.resource), None)
        methods: Mapping[str, Method] = resource.resource_methods if resource is not None else {}
        method = methods.get(environ["REQUEST_METHOD"]) or methods.get("ANY")
        if resource is None or match is None or method is None:
            raise _RefusedError(403, "Missing Authentication Token", "MISSING_AUTHENTICATION_TOKEN")
        route = Route(
            api_id=api_id,
            region=region,
            stage=stage_name,
            variables=stage.variables,
            deployment_id=str(stage.deployment_id),
            resource_id=resource.id,
            resource_path=match.resource,
            path=f"/{path}",
            parameters=match.parameters,
        )
        key, plans = _key_and_plans(backend, environ.get("HTTP_X_API_KEY", ""), api_id, stage_name)
        throttles, quotas = _limits(plans, key) if method.api_key_required and key is not None else ((), ())
        stage_throttle = _stage_throttle(api_id, stage_name, stage.method_settings)
        return _Found(
            route=route,
            function=_function(method),
            source=f"arn:aws:execute-api:{region}:{ACCOUNT}:{api_id}/{stage_name}/{environ['REQUEST_METHOD']}/{path}",
            needs_key=bool(method.api_key_required),
            key=key,
            throttles=(*stage_throttle, *throttles),
            quotas=quotas,
        )

    def apis(self) -> list[dict[str, str]]:
        """Return every stage: its API's name and id, its own name, and its path under the sandbox's endpoint."""
        with self._lock:
            return [
                {"name": api.name, "api_id": api.id, "stage": stage, "path": f"{PREFIX}{api.id}/{stage}"}
                for backend in _backends().values()
                for api in backend.apis.values()
                for stage in api.stages
            ]

    def reset(self) -> None:
        """Forget what was called."""
        self._limits.reset()

    def stop(self) -> None:
        """Wait for no function any more."""
        self._waiting.shutdown(wait=False, cancel_futures=True)


def _parts(environ: Environ) -> tuple[str, str, str]:
    """Return the API's id, the stage's name and the path behind it, without its first slash."""
    api_id, _, rest = environ["PATH_INFO"].removeprefix(PREFIX).partition("/")
    stage, _, path = rest.partition("/")
    return api_id, stage, path


def _backends() -> Mapping[str, APIGatewayBackend]:
    found: Mapping[str, APIGatewayBackend] = apigateway_backends[ACCOUNT]
    return found


def _api(api_id: str) -> tuple[str, APIGatewayBackend, RestAPI]:
    for region, backend in list(_backends().items()):
        if api_id in backend.apis:
            return region, backend, backend.apis[api_id]
    raise _RefusedError(403, "Forbidden")


def _function(method: Method) -> str:
    """Return the ARN of the function behind a method."""
    integration = method.method_integration
    found = _FUNCTION.fullmatch(str(integration.uri)) if integration is not None else None
    if integration is None or integration.integration_type != "AWS_PROXY" or found is None:
        raise _RefusedError(500, "The sandbox answers only for methods whose integration is the proxy of a function")
    return found["arn"]


def _key_and_plans(backend: APIGatewayBackend, value: str, api_id: str, stage: str) -> tuple[Key | None, list[Any]]:
    """Return the key of a request, if it opens the stage, and the usage plans by which it does."""
    for key in backend.keys.values():
        if value and key.value == value and key.enabled:
            plans = [
                plan
                for plan in backend.usage_plans.values()
                if key.id in backend.usage_plan_keys.get(plan.id, {})
                and {"apiId": api_id, "stage": stage} in [_plain(one) for one in plan.api_stages]
            ]
            if plans:
                return Key(key.id, key.value), plans
    return None, []


def _plain(stage: Mapping[str, Any]) -> dict[str, Any]:
    return {name: stage[name] for name in ("apiId", "stage")}


def _limits(plans: list[Any], key: Key) -> tuple[tuple[Throttle, ...], tuple[Quota, ...]]:
    throttles = [Throttle((plan.id, key.key_id), rate) for plan in plans for rate in _rate(plan.throttle, "")]
    quotas = [
        Quota((plan.id, key.key_id), int(plan.quota["limit"]), str(plan.quota["period"]))
        for plan in plans
        if plan.quota.get("limit")
    ]
    return tuple(throttles), tuple(quotas)


def _stage_throttle(api_id: str, stage: str, settings: Mapping[str, Any]) -> tuple[Throttle, ...]:
    """Return a stage's throttle for all its methods; those of single methods are not looked at."""
    rates = _rate(settings.get("*/*", {}), "throttling")
    return tuple(Throttle((api_id, stage), rate) for rate in rates)


def _rate(settings: Mapping[str, Any], prefix: str) -> Iterator[Rate]:
    names = [f"{prefix}RateLimit", f"{prefix}BurstLimit"] if prefix else ["rateLimit", "burstLimit"]
    rate, burst = (settings.get(name) for name in names)
    if rate is not None and burst is not None:
        yield Rate(size=float(burst), refill=float(rate))
