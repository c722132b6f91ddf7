"""What the commands share: options, the remembered session, output and exit codes."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from pixel.client.answers import SessionView
from pixel.client.errors import PixelError, RetryLater
from pixel.client.remembered import FileMemory, Remembered, SessionFile, default_path
from pixel.client.session import AsyncSession
from pixel.client.settings import resolve

INTERRUPTED = 130


class NoSession(PixelError):  # noqa: N818 (as the client's errors)
    """No session is remembered."""


@dataclass(frozen=True)
class Outcome:
    """What a command has to say: a text for a person, the same as data for a program."""

    text: str
    data: dict[str, Any]


def parser(name: str, description: str) -> argparse.ArgumentParser:
    """Return a parser with the options every command has."""
    made = argparse.ArgumentParser(
        prog=f"pixel {name}",
        description=description,
        epilog="The key of the wake API is taken from PIXEL_API_KEY alone: a command's options are seen by everybody.",
    )
    made.add_argument("--ca-file", metavar="FILE", help="PEM file of an authority to trust too (or PIXEL_CA_FILE)")
    made.add_argument("--json", action="store_true", help="answer as one JSON object, errors too")
    return made


def run(
    made: argparse.ArgumentParser,
    argv: Sequence[str],
    work: Callable[[argparse.Namespace], Coroutine[Any, Any, Outcome]],
) -> int:
    """Do a command's work; print its outcome or its error; return the exit code."""
    arguments = made.parse_args(argv)
    try:
        outcome = asyncio.run(work(arguments))
    except PixelError as error:
        if arguments.json:
            print(json.dumps(error_data(error)))
        else:
            print(f"{made.prog}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{made.prog}: interrupted; the session is kept, 'pixel end' gives it back", file=sys.stderr)
        return INTERRUPTED
    print(json.dumps(outcome.data) if arguments.json else outcome.text)
    return 0


def error_data(error: PixelError) -> dict[str, Any]:
    """Return an error as data: its name in the API's manner (`pool_empty`), its text, when to try again."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(error).__name__).lower()
    data: dict[str, Any] = {"error": name, "message": str(error)}
    if isinstance(error, RetryLater):
        data["retry_after"] = error.retry_after
    return data


def session_file() -> SessionFile:
    """Return the user's session file."""
    return SessionFile(default_path())


def remembered_session(arguments: argparse.Namespace) -> AsyncSession:
    """Return the session a former `pixel wake` remembered.

    Raises:
        NoSession: there is none.
    """
    file = session_file()
    found = file.load()
    if found is None or found.session is None:
        raise NoSession("no session is remembered: wake one with 'pixel wake POOL'")
    return session_of(file, found, SessionView(found.session, "starting"), arguments)


def session_of(
    file: SessionFile, remembered: Remembered, view: SessionView, arguments: argparse.Namespace
) -> AsyncSession:
    """Return a session that forgets itself when it ends."""
    memory = FileMemory(file, remembered.api, remembered.pool)
    settings = resolve(remembered.api, None, arguments.ca_file)
    return AsyncSession(settings, remembered.pool, view, on_end=lambda: memory.renew(remembered.idempotency_key))


def described(session: AsyncSession) -> Outcome:
    """Return how a session is, without what opens it."""
    data = {"session": session.id, "pool": session.pool, "state": session.state, "hostname": session.hostname}
    if session.reason is not None:
        data["reason"] = session.reason
    why = f" ({session.reason})" if session.reason else ""
    where = f" at {session.hostname}" if session.hostname else ""
    return Outcome(f"{session.pool}: {session.doing}{where}{why}", data)
