"""moto's server application as the innermost handler."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from typing import Any

from moto.ec2.exceptions import FilterNotImplementedError
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from pixel.sandbox.calls import Answer, Call
from pixel.sandbox.errors import AwsError

ACCOUNT = "123456789012"
"""The account that moto plays."""


def without_images() -> None:
    """Keep moto from loading images of its own whenever it is reset: it has 1,282, and searches them slowly."""
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"


class Moto:
    """Answers calls with moto. One call at a time: moto's backends are not made for threads."""

    def __init__(self, lock: threading.RLock) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)
        self._lock = lock

    def __call__(self, call: Call) -> Answer:
        status: list[int] = []
        headers: list[tuple[str, str]] = []

        def start_response(line: str, pairs: list[tuple[str, str]], *_: Any) -> None:
            status.append(int(line.split(" ", 1)[0]))
            headers.extend(pair for pair in pairs if pair[0].lower() != "content-length")

        with self._lock:
            try:
                parts: Iterable[bytes] = self._app(call.environ_with(call.body), start_response)
                body = b"".join(parts)
            except FilterNotImplementedError as error:
                raise AwsError("InvalidParameterValue", f"The filter is invalid: {error}") from error
            except NotImplementedError as error:
                message = f"The sandbox does not implement {call.name} as it was called: {error}"
                raise AwsError("UnsupportedOperation", message) from error
        return Answer(status[0], body, headers)
