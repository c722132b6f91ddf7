"""The WSGI application: AWS's API through the layers, and the control endpoint beside it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from pixel.sandbox.calls import Answer, Environ, Handler
from pixel.sandbox.control import PREFIX, Control
from pixel.sandbox.errors import AwsError, render
from pixel.sandbox.requests import parse, read_body

_log = logging.getLogger(__name__)


class Application:
    """Dispatches requests; makes `AwsError` into the answer that the called service would give."""

    def __init__(self, aws: Handler, control: Control) -> None:
        self._aws = aws
        self._control = control

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer = self._answer(environ)
        phrase = HTTPStatus(answer.status).phrase
        start_response(f"{answer.status} {phrase}", [*answer.headers, ("Content-Length", str(len(answer.body)))])
        return [answer.body]

    def _answer(self, environ: Environ) -> Answer:
        path: str = environ["PATH_INFO"]
        if path.startswith(PREFIX):
            return self._control(environ["REQUEST_METHOD"], path, read_body(environ))
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
