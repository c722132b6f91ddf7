"""The layer that answers Lambda's Invoke, and through which API Gateway and EventBridge reach functions."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from moto.awslambda.models import LambdaFunction, lambda_backends

from pixel.sandbox.calls import Answer, Call, Handler
from pixel.sandbox.errors import AwsError
from pixel.sandbox.functions.copies import BusyError, Copies, Outcome, Version
from pixel.sandbox.moto_app import ACCOUNT

_log = logging.getLogger(__name__)

OURS = "pixel."
"""Handlers that begin so are run, with the code of this installation: that in the package is for Lambda's platform."""
ASYNCHRONOUS = 8
"""Events that are handed to functions at the same time."""
TRIES, RETRY_SECONDS = 3, 1.0
"""How often an event is given to a function that fails; Lambda waits a minute, and then two, between."""
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH")


class Functions:
    """Runs functions.

    Args:
        inner: what answers the other calls.
        lock: held while moto's storage is read; never while a function works.
        environment: gives what points a function at the sandbox.
        folder: where functions' logs go.
    """

    def __init__(
        self, inner: Handler, lock: threading.RLock, environment: Callable[[], Mapping[str, str]], folder: Path
    ) -> None:
        self._inner = inner
        self._lock = lock
        self._environment = environment
        self._folder = folder
        self._copies: dict[str, Copies] = {}
        self._stopped = threading.Event()
        self._later = ThreadPoolExecutor(ASYNCHRONOUS, thread_name_prefix="function")

    def __call__(self, call: Call) -> Answer:
        if (call.service, call.action) != ("lambda", "Invoke"):
            answer = self._inner(call)
            if call.service in ("lambda", "cloudformation"):
                self._end_deleted()
            return answer
        name = unquote(call.environ["PATH_INFO"].split("/")[-2])
        version = self._version(call.region, name)
        if not version.handler.startswith(OURS):
            message = f"The sandbox runs only handlers of {OURS}*, and {name} has {version.handler}"
            raise AwsError("UnsupportedOperation", message)
        event = json.loads(call.body) if call.body else {}
        kind = call.environ.get("HTTP_X_AMZ_INVOCATION_TYPE", "RequestResponse")
        if kind == "DryRun":
            return Answer(204, b"")
        if kind == "Event":
            self.invoke_later(version.arn, event)
            return Answer(202, b"")
        return _answer(self._invoke(version, event))

    def may_invoke(self, arn: str, principal: str, source_arn: str) -> bool:
        """Whether the function's own policy lets an AWS service invoke it on behalf of a resource."""
        with self._lock:
            function = _found(arn)
            statements = list(function.policy.statements) if function is not None else []
        return any(
            statement["Effect"] == "Allow"
            and statement["Action"] in ("lambda:InvokeFunction", "lambda:*")
            and statement["Principal"] == {"Service": principal}
            and _source_matches(statement, source_arn)
            for statement in statements
        )

    def invoke(self, arn: str, event: Any) -> Outcome:
        """Have a function work on an event.

        Raises:
            AwsError: there is no such function, or it has no free copy.
        """
        return self._invoke(self._version(arn.split(":")[3], arn), event)

    def invoke_later(self, arn: str, event: Any) -> None:
        """Have a function work on an event, in its turn; when it fails, twice more. Errors are in its log."""
        self._later.submit(self._try, arn, event)

    def _try(self, arn: str, event: Any) -> None:
        for _ in range(TRIES):
            try:
                if self.invoke(arn, event).error is None:
                    return
            except AwsError as error:
                _log.warning("%s was not invoked: %s", arn, error)
            if self._stopped.wait(RETRY_SECONDS):
                return

    def _invoke(self, version: Version, event: Any) -> Outcome:
        with self._lock:
            copies = self._copies.get(version.arn)
            if copies is None:
                self._folder.mkdir(parents=True, exist_ok=True)
                copies = self._copies[version.arn] = Copies(self._folder / f"{version.arn.split(':')[6]}.log")
        try:
            return copies.invoke(version, event)
        except BusyError:
            raise AwsError("TooManyRequestsException", "Rate Exceeded.", 429) from None

    def _version(self, region: str, name: str) -> Version:
        with self._lock:
            arn = name if name.startswith("arn:") else f"arn:aws:lambda:{region}:{ACCOUNT}:function:{name}"
            function = _found(arn)
            if function is None:
                raise AwsError("ResourceNotFoundException", f"Function not found: {arn}", 404)
            here = {name: os.environ[name] for name in _KEPT if name in os.environ}
            lambdas = {
                "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
                "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
                "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
                "PYTHONUNBUFFERED": "1",
            }
            # Numbers among a stack's parameters stay numbers in moto.
            variables = {name: str(value) for name, value in function.environment_vars.items()}
            return Version(
                arn=arn,
                handler=str(function.handler),
                environment={**here, **self._environment(), **lambdas, **variables},
                timeout=float(function.timeout),
            )

    def _end_deleted(self) -> None:
        with self._lock:
            gone = [self._copies.pop(arn) for arn in list(self._copies) if _found(arn) is None]
        for copies in gone:
            copies.end()

    def reset(self) -> None:
        """End all copies: the account is about to be emptied."""
        with self._lock:
            copies, self._copies = list(self._copies.values()), {}
        for one in copies:
            one.end()

    def stop(self) -> None:
        """End all copies, and take no more events."""
        self._stopped.set()
        self._later.shutdown(wait=False, cancel_futures=True)
        self.reset()


def _found(arn: str) -> LambdaFunction | None:
    found: LambdaFunction | None = lambda_backends[ACCOUNT][arn.split(":")[3]].get_function_by_arn(arn)
    return found


def _source_matches(statement: Mapping[str, Any], source_arn: str) -> bool:
    pattern = statement.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn")
    return pattern is None or fnmatchcase(source_arn, pattern)


def _answer(outcome: Outcome) -> Answer:
    headers = [("Content-Type", "application/json"), ("X-Amz-Executed-Version", "$LATEST")]
    if outcome.error is None:
        return Answer(200, json.dumps(outcome.result).encode(), headers)
    return Answer(200, json.dumps(dict(outcome.error)).encode(), [*headers, ("X-Amz-Function-Error", "Unhandled")])
