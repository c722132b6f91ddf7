"""The stand-in host: its door, its machine and its journal together."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from self_signed import self_signed

from . import exec_wrapper, paths
from .console import Console
from .documented import normalised
from .exec_wrapper import FileSent, HelperScript, ModuleCall
from .journal import Journal
from .machine import Machine
from .modules import HANDLERS, WITHOUT_CHECK_MODE
from .server import Output, listening


class Host:
    """Runs what comes through the door, one thing at a time."""

    def __init__(self, machine: Machine, journal: Journal, shut_down: Callable[[], None]) -> None:
        self.machine, self.journal = machine, journal
        self._console = Console(machine, journal, shut_down)
        self._lock = threading.Lock()

    def run(self, line: str, stdin: bytes) -> Output:
        """Run a command line with its input; what cannot be run fails as it would there."""
        with self._lock:
            if exec_wrapper.is_wrapped(stdin):
                return self._wrapped(stdin)
            try:
                return self._console.run(line)
            except OSError as error:
                return Output(stderr=str(error), code=1)

    def _wrapped(self, stdin: bytes) -> Output:
        try:
            asked = exec_wrapper.decode(stdin)
        except ValueError as error:
            return Output(stderr=str(error), code=1)
        match asked:
            case ModuleCall():
                answer = self._module(asked)
                return Output(json.dumps(answer), code=1 if answer.get("failed") else 0)
            case FileSent(path, content):
                self.machine.write(path, content)
                self.journal.write("put", path, {"size": len(content)})
                return Output(json.dumps({"sha1": hashlib.sha1(content).hexdigest()}))
            case HelperScript("powershell_mkdtemp.ps1", parameters):
                folder = paths.expand(parameters["Directory"]) + "\\" + parameters["Name"]
                self.machine.make_folder(folder)
                return Output(folder + "\r\n")
            case HelperScript("powershell_expand_user.ps1", parameters):
                return Output(parameters["Path"].replace("~", r"C:\Users\Administrator") + "\r\n")
        return Output(stderr=f"{asked.name} is not modelled", code=1)

    def _module(self, call: ModuleCall) -> dict[str, Any]:
        try:
            given = normalised(call.name, call.arguments, HANDLERS)
            if call.check and call.name in WITHOUT_CHECK_MODE:
                said = f"remote module ({call.name}) does not support check mode"
                return {"changed": False, "skipped": True, "msg": said}
            answer = HANDLERS[call.name](self.machine, given, call.check)
        except (ValueError, OSError) as error:
            answer = {"failed": True, "changed": False, "msg": str(error)}
        self.journal.write("module", call.name, call.arguments, answer)
        return answer


@contextmanager
def running_host(
    folder: Path,
    password: str,
    machine: Machine | None = None,
    shut_down: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Host, int]]:
    """Run a host whose Administrator has this password; yield it and its port. Its certificate is in the folder."""
    certificate, key = self_signed(["localhost"]).written(folder)
    host = Host(machine or Machine(), Journal(folder / "journal"), shut_down)

    def refused(scheme: str) -> None:
        host.journal.write("refused", scheme, {})

    with listening(host.run, refused, password=password, certificate=certificate, key=key) as port:
        yield host, port
