"""One copy of a function, as a process: one event at a time, until its input ends.

    python -m pixel.sandbox.functions.worker MODULE.FUNCTION

Each line of its input is an event (JSON: `event`, `request_id`, `arn`, `milliseconds` left), each line of its output
an answer (`result`, or `error` as Lambda has it). What the function prints goes to the error output. The first line,
`{"result": null}` or an error, tells whether the function could be loaded.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from typing import Any


class Context:
    """What Lambda tells a function about an invocation ("Using the Lambda context object" in Lambda's guide)."""

    function_version = "$LATEST"
    identity = None
    client_context = None

    def __init__(self, request_id: str, arn: str, milliseconds: int) -> None:
        self.aws_request_id = request_id
        self.invoked_function_arn = arn
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = f"/aws/lambda/{self.function_name}"
        self.log_stream_name = f"sandbox/{os.getpid()}"
        self._until = time.monotonic() + milliseconds / 1000

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the function has before it is ended."""
        return max(0, int((self._until - time.monotonic()) * 1000))


def main() -> int:
    """Answer events until the input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def answer(content: dict[str, Any]) -> None:
        answers.write(json.dumps(content) + "\n")
        answers.flush()

    module, _, name = sys.argv[1].rpartition(".")
    try:
        function = getattr(importlib.import_module(module), name)
    except Exception as problem:
        answer({"error": _error(problem)})
        return 1
    answer({"result": None})
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            result = function(asked["event"], Context(asked["request_id"], asked["arn"], asked["milliseconds"]))
            json.dumps(result)
        except Exception as problem:
            traceback.print_exc()
            answer({"error": _error(problem)})
        else:
            answer({"result": result})
    return 0


def _error(problem: Exception) -> dict[str, Any]:
    return {
        "errorMessage": str(problem),
        "errorType": type(problem).__name__,
        "stackTrace": traceback.format_tb(problem.__traceback__),
    }


if __name__ == "__main__":
    sys.exit(main())
