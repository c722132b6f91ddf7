"""The WSGI application: AWS's API through the layers, and other doors beside it, each under a path of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from pixel.sandbox.calls import Answer, Environ, Handler
from pixel.sandbox.errors import AwsError, render
from pixel.sandbox.requests import parse

_log = logging.getLogger(__name__)


Door = Callable[[Environ], Answer]
"""Answers requests that are no calls of AWS's API."""


class Application:
    """Dispatches requests; makes `AwsError` into the answer that the called service would give.

    Args:
        aws: answers calls of AWS's API.
        doors: answer requests to paths that begin so.
    """

    def __init__(self, aws: Handler, doors: Mapping[str, Door]) -> None:
        self._aws = aws
        self._doors = doors

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer = self._answer(environ)
        phrase = HTTPStatus(answer.status).phrase
        start_response(f"{answer.status} {phrase}", [*answer.headers, ("Content-Length", str(len(answer.body)))])
        return [answer.body]

    def _answer(self, environ: Environ) -> Answer:
        path: str = environ["PATH_INFO"]
        for prefix, door in self._doors.items():
            if path.startswith(prefix):
                return door(environ)
        call = parse(environ)
        try:
            return self._aws(call)
        except AwsError as error:
            return render(error, call)
        except ConnectionError:
            raise
        except Exception as error:
            _log.exception("%s failed", call.name)
            return render(AwsError("InternalFailure", f"The sandbox failed over {call.name}: {error!r}", 500), call)
