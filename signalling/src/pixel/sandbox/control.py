"""The control endpoint, `/_sandbox/…`: what a test or a demo asks the sandbox itself, beside AWS's API."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pixel.sandbox.calls import Answer, Environ
from pixel.sandbox.requests import read_body

if TYPE_CHECKING:
    from pixel.sandbox.sandbox import Sandbox

PREFIX = "/_sandbox/"

Route = Callable[[Any], Any]
"""Takes the request's JSON (None without a body), returns what is to be answered as JSON. `ValueError`: a 400."""


class Control:
    """Routes of the control endpoint, by method and path."""

    def __init__(self, routes: Mapping[tuple[str, str], Route]) -> None:
        self._routes = routes

    def __call__(self, environ: Environ) -> Answer:
        """Answer one request; what is asked for wrongly is a 4xx with `error` in its JSON."""
        method, path, body = environ["REQUEST_METHOD"], environ["PATH_INFO"], read_body(environ)
        route = self._routes.get((method, path.removeprefix(PREFIX).rstrip("/")))
        if route is None:
            known = ", ".join(f"{verb} {PREFIX}{name}" for verb, name in self._routes)
            return _json(404, {"error": f"there is no {method} {path}; there are {known}"})
        try:
            return _json(200, route(json.loads(body) if body else None))
        except ValueError as error:
            return _json(400, {"error": str(error)})


def routes(sandbox: Sandbox) -> Mapping[tuple[str, str], Route]:
    """Return what can be asked of a sandbox."""

    def set_members(asked: Any) -> dict[str, Any]:
        given = dict(asked or {})
        kind = given.pop("kind", None)
        sandbox.members.set_settings(given)
        if kind is not None:
            sandbox.members.set_kind(kind)
        return sandbox.members.report()

    def set_players(asked: Any) -> None:
        (instance_id,) = _texts(asked, "instance_id")
        sandbox.members.set_players(instance_id, asked.get("players"))

    return {
        ("GET", "status"): lambda _: sandbox.status(),
        ("GET", "calls"): lambda _: sandbox.calls(),
        ("DELETE", "calls"): lambda _: sandbox.reset_calls(),
        ("GET", "faults"): lambda _: sandbox.faults(),
        ("PUT", "faults"): sandbox.set_faults,
        ("DELETE", "faults"): lambda _: sandbox.reset_faults(),
        ("POST", "shutdown"): lambda asked: sandbox.shut_down(*_texts(asked, "instance_id")),
        ("PUT", "images"): lambda asked: sandbox.set_image_state(*_texts(asked, "image_id", "state")),
        ("GET", "members"): lambda _: sandbox.members.report(),
        ("PUT", "members"): set_members,
        ("POST", "players"): set_players,
        ("GET", "rules"): lambda _: sandbox.rules(),
        ("POST", "rules"): lambda asked: sandbox.fire(*_texts(asked, "name")),
        ("POST", "reset"): lambda _: sandbox.reset(),
    }


def _texts(asked: Any, *names: str) -> list[str]:
    """Return the named texts of a request's JSON object.

    Raises:
        ValueError: one is missing, or is no text.
    """
    found = [asked.get(name) if isinstance(asked, dict) else None for name in names]
    if not all(isinstance(value, str) for value in found):
        raise ValueError(f"a JSON object with {' and '.join(names)} is needed")
    return [str(value) for value in found]


def _json(status: int, content: Any) -> Answer:
    return Answer(status, (json.dumps(content, indent=2) + "\n").encode(), [("Content-Type", "application/json")])
