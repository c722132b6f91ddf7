"""Runs the real modules, in this process, against a sandbox."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from pixel.sandbox.testing import RunningSandbox, running_sandbox

MODULES = "ansible_collections.mitlab.pixel.plugins.modules"


@dataclass(frozen=True)
class Result:
    """What a module answered, and the calls to AWS that it made, by action."""

    json: Mapping[str, Any]
    calls: Mapping[str, int]

    def __getitem__(self, key: str) -> Any:
        return self.json[key]

    @property
    def failed(self) -> bool:
        return bool(self.json.get("failed"))

    @property
    def number_of_calls(self) -> int:
        return sum(self.calls.values())


@dataclass
class Modules:
    """Runs modules with the options that reach the sandbox."""

    sandbox: RunningSandbox
    capsys: pytest.CaptureFixture[str]
    connection: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        state = self.sandbox.state
        self.connection = {
            "region": state.region,
            "endpoint_url": self.sandbox.endpoint,
            "access_key": state.access_key,
            "secret_key": state.secret_key,
        }

    def run(self, module: str, *, check: bool = False, **options: Any) -> Result:
        """Run a module and return its answer, failed or not; with its diff."""
        self.sandbox.reset_calls()
        arguments = {**self.connection, **options, "_ansible_check_mode": check, "_ansible_diff": True}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            importlib.import_module(f"{MODULES}.{module}").main()
        return Result(json.loads(self.capsys.readouterr().out.splitlines()[-1]), dict(self.sandbox.calls()))


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: RunningSandbox) -> RunningSandbox:
    running.reset()
    return running


@pytest.fixture
def modules(sandbox: RunningSandbox, capsys: pytest.CaptureFixture[str]) -> Modules:
    return Modules(sandbox, capsys)
