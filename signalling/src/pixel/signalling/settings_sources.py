"""Where the settings come from: a TOML file, then the environment, then flags; what comes later wins."""

from __future__ import annotations

import argparse
import inspect
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from pixel.signalling.settings import OFF, Invalid, Settings

ENVIRONMENT = "PIXEL_SIGNALLING_"
CONFIG_VARIABLE = f"{ENVIRONMENT}CONFIG"


class SettingsError(Exception):
    """The settings cannot be used; the text names the setting, where it was set, and the mend."""


class _Set(NamedTuple):
    """A value as somebody has set it, and where."""

    value: Any
    where: str


class _Setting(NamedTuple):
    section: str
    name: str
    kind: Any
    secret: bool
    summary: str

    @property
    def dotted(self) -> str:
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        return f"{ENVIRONMENT}{self.section}_{self.name}".upper()

    @property
    def flag(self) -> str:
        return f"--{self.section}-{self.name}".replace("_", "-")


def _settings() -> Iterator[_Setting]:
    sections = get_type_hints(Settings)
    for section in fields(Settings):
        kinds = get_type_hints(sections[section.name])
        summaries = _summaries(sections[section.name])
        for setting in fields(sections[section.name]):
            summary = summaries.get(setting.name, "")
            yield _Setting(section.name, setting.name, kinds[setting.name], _is_secret(setting), summary)


def _summaries(section: type) -> dict[str, str]:
    """Return what a section's docstring says of each of its settings, under `Attributes:`."""
    summaries: dict[str, str] = {}
    name = None
    for line in (inspect.getdoc(section) or "").partition("Attributes:\n")[2].splitlines():
        entry = re.fullmatch(r"    (\w+): (.+)", line)
        if entry:
            name, summaries[entry[1]] = entry[1], entry[2]
        elif name is not None:
            summaries[name] += f" {line.strip()}"
    return {name: summary.strip() for name, summary in summaries.items()}


def _is_secret(setting: Field[Any]) -> bool:
    return bool(setting.metadata.get("secret"))


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add `--config` and a flag for every setting that is no secret (a flag can be read in the list of processes)."""
    parser.add_argument("--config", metavar="FILE", help=f"a TOML file; also ${CONFIG_VARIABLE}")
    group = parser.add_argument_group(
        "settings",
        "Each is also a key in a table of the file and a variable: --http-port is port under [http], and "
        f"${ENVIRONMENT}HTTP_PORT. A flag beats the variable, a variable beats the file. "
        "Commas separate the entries of a list. Secrets have no flag, which others could read: webrtc.turn_secret.",
    )
    for setting in _settings():
        if not setting.secret:
            summary = setting.summary.replace("%", "%%")
            group.add_argument(setting.flag, dest=setting.dotted, metavar=_metavar(setting.kind), help=summary)


def _metavar(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "|".join(get_args(kind))
    if OFF in str(kind):
        return f"PORT|{OFF}"
    names = {bool: "true|false", int: "N", float: "SECONDS", str: "TEXT"}
    return names.get(kind, "LIST" if get_origin(kind) is tuple else "JSON" if get_origin(kind) is not None else "TEXT")


def load(flags: argparse.Namespace, environment: Mapping[str, str]) -> Settings:
    """Return the settings.

    Raises:
        SettingsError: the first setting that cannot be used.
    """
    file = flags.config or environment.get(CONFIG_VARIABLE)
    found = {**_from_file(file), **_from_environment(environment), **_from_flags(flags)}
    try:
        return _build(found)
    except Invalid as problem:
        where = found[problem.setting].where if problem.setting in found else "its default"
        raise SettingsError(f"{problem} (from {where})") from None


def _from_file(file: str | None) -> dict[str, _Set]:
    if file is None:
        return {}
    try:
        with Path(file).open("rb") as stream:
            tables = tomllib.load(stream)
    except OSError as error:
        raise SettingsError(f"the settings file {file} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"the settings file {file} is no TOML: {error}") from None
    known = {setting.dotted: setting for setting in _settings()}
    found = {}
    for section, table in tables.items():
        if not isinstance(table, dict):
            raise SettingsError(f"{section} in {file} is no setting: settings are in tables, such as [http]")
        for name, value in table.items():
            setting = known.get(f"{section}.{name}")
            if setting is None:
                raise SettingsError(
                    f"{section}.{name} in {file} is no setting: 'pixel signalling run --help' lists them"
                )
            found[setting.dotted] = _Set(_typed(setting, value, file), file)
    return found


def _from_environment(environment: Mapping[str, str]) -> dict[str, _Set]:
    known = {setting.variable: setting for setting in _settings()}
    found = {}
    for variable, text in environment.items():
        if not variable.startswith(ENVIRONMENT) or variable == CONFIG_VARIABLE:
            continue
        setting = known.get(variable)
        if setting is None:
            raise SettingsError(f"${variable} is no setting: 'pixel signalling run --help' lists them")
        where = f"${variable}"
        found[setting.dotted] = _Set(_parsed(setting, text, where), where)
    return found


def _from_flags(flags: argparse.Namespace) -> dict[str, _Set]:
    return {
        setting.dotted: _Set(_parsed(setting, text, setting.flag), setting.flag)
        for setting in _settings()
        if (text := getattr(flags, setting.dotted, None)) is not None
    }


def _build(found: Mapping[str, _Set]) -> Settings:
    sections = {}
    for section, kind in get_type_hints(Settings).items():
        values = {
            dotted.partition(".")[2]: entry.value
            for dotted, entry in found.items()
            if dotted.partition(".")[0] == section
        }
        try:
            sections[section] = kind(**values)
        except Invalid:
            raise
        except ValueError as problem:
            # The lifecycle's settings begin their complaint with the setting's name.
            raise Invalid(*str(problem).split(" ", 1)) from None
    return Settings(**sections)


def _parsed(setting: _Setting, text: str, where: str) -> Any:
    """Return the value that a text from the environment or a flag stands for."""
    kind = setting.kind
    if get_origin(kind) is tuple:
        return tuple(part for part in map(str.strip, text.split(",")) if part)
    if kind is str or get_origin(kind) is Literal:
        return text
    if kind is bool:
        value: Any = {"true": True, "false": False}.get(text.lower(), text)
        return _typed(setting, value, where)
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    return _typed(setting, value, where)


def _typed(setting: _Setting, value: Any, where: str) -> Any:
    """Return the value in the setting's type; what a section says of its range, its class checks."""
    kind = setting.kind
    if get_origin(kind) is tuple:
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            return tuple(value)
    elif kind is float:
        if isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
            return _number_or_word(setting, value, where)
    elif kind in (bool, int, str):
        if type(value) is kind:
            return value
    elif get_origin(kind) is Literal:
        if isinstance(value, str):
            return value
    elif type(value) is int or value == OFF or (isinstance(value, dict) and get_origin(kind) is not None):
        return value
    shown = "" if setting.secret else f" {value!r}"
    raise SettingsError(f"{setting.dotted}{shown} (from {where}) is not {_expected(kind)}")


def _number_or_word(setting: _Setting, value: float | str, where: str) -> float | str:
    # The lifecycle's durations may be "never", which its own class understands.
    if isinstance(value, str) and setting.section != "lifecycle":
        raise SettingsError(f"{setting.dotted} {value!r} (from {where}) is not a number")
    return value


def _expected(kind: Any) -> str:
    if get_origin(kind) is tuple:
        return "a list of texts"
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(get_args(kind))
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    return names.get(kind, f'a port number or "{OFF}"' if OFF in str(kind) else "a table")
