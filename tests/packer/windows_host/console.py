"""Command lines and scripts that are no module calls: Packer's uploads and provisioners, Ansible's housekeeping."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable

from .journal import Journal
from .machine import Machine
from .server import Output

_ENCODED = re.compile(r'-(?:EncodedCommand|enc?)\s+"?([A-Za-z0-9+/=]+)', re.IGNORECASE)
_SAVED_LINE = re.compile(r'^echo (\S+) >> "([^"]+)"$')
_DECODED_TO = re.compile(r'GetFullPath\("\$env:TEMP\\([^"]+)"\).*?GetFullPath\("([^"]+)"', re.DOTALL)
_REMOVED = re.compile(r'GetFullPath\("\$env:TEMP\\([^"]+)"\).*?Remove-Item \$tmp_file_path', re.DOTALL)
_RUN_FILE = re.compile(r"&'([^']+\.ps1)'; exit \$LastExitCode")
_CALLED_PROGRAM = re.compile(r"^& '([^']+)'", re.MULTILINE)


class Console:
    """Runs one line at a time. `shut_down` is called when a script shuts the host down for good."""

    def __init__(self, machine: Machine, journal: Journal, shut_down: Callable[[], None]) -> None:
        self._machine, self._journal, self._shut_down = machine, journal, shut_down

    def run(self, line: str) -> Output:
        """Run a command line; a script in it is decoded, however deep."""
        encoded = _ENCODED.search(line)
        if encoded:
            return self.run(base64.b64decode(encoded.group(1)).decode("utf-16-le"))
        return self._housekeeping(line) or self._upload(line) or self._file(line) or self._other(line)

    def _housekeeping(self, text: str) -> Output | None:
        """What Ansible's reboot and the end of a file transfer send."""
        if "LastBootUpTime" in text:
            return Output(f"{self._machine.boots}\r\n")
        if "shutdown.exe" in text and "/r" in text:
            self._machine.boot()
            self._journal.write("command", "restart", {})
            return Output(json.dumps({"rc": 0, "stdout": "", "stderr": ""}))
        said = re.search(r"success-[0-9a-f-]+", text)
        if said:
            return Output(said.group(0) + "\r\n")
        removed = re.search(r"Remove-Item '(.+?)' -Force", text)
        if removed:
            self._machine.remove(removed.group(1))
            return Output()
        return None

    def _upload(self, text: str) -> Output | None:
        """How Packer sends a file: lines of base64 into a temporary one, then a script that decodes it."""
        line = _SAVED_LINE.match(text)
        if line:
            content, path = line.groups()
            before = self._machine.read(path) if self._machine.exists(path) else b""
            self._machine.write(path, before + content.encode() + b"\n")
            return Output()
        decoded = _DECODED_TO.search(text)
        if decoded:
            source, target = decoded.groups()
            lines = self._machine.read(rf"%TEMP%\{source}").split()
            self._machine.write(target.strip("'"), b"".join(base64.b64decode(one) for one in lines))
            return Output()
        removed = _REMOVED.search(text)
        if removed:
            self._machine.remove(rf"%TEMP%\{removed.group(1)}")
            return Output()
        return None

    def _file(self, text: str) -> Output | None:
        """A script of a provisioner."""
        found = _RUN_FILE.search(text)
        if not found:
            return None
        script = self._machine.read(found.group(1)).decode()
        if "packer-cleanup-" in found.group(1):
            for path in re.findall(r"Remove-Item (\S+?)}", script):
                self._machine.remove(path)
            return Output()
        self._journal.write("script", found.group(1), {"text": script})
        for program in _CALLED_PROGRAM.findall(script):
            if not self._machine.exists(program):
                return Output(stderr=f"The term '{program}' is not recognized as the name of a cmdlet", code=1)
        if "--shutdown" in script:
            self._shut_down()
        return Output()

    def _other(self, text: str) -> Output:
        self._journal.write("command", text.split(" ")[0], {"text": text})
        spoken = re.search(r'\becho "([^"]+)"', text)
        return Output(spoken.group(1) + "\r\n") if spoken else Output(stderr=f"not modelled: {text}", code=1)
