"""What AWX checks beyond a field's type: recurrence rules, surveys, injectors, prompts, notification settings.

Each check raises `RefusedError` with the fields' errors, as AWX answers 400.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dateutil import rrule as recurrence
from dateutil import tz
from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

QUESTION_TYPES: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "textarea": str,
    "password": str,
    "multiplechoice": str,
    "multiselect": str,
    "integer": int,
    "float": (float, int),
}
NOTICES: dict[str, dict[str, Any]] = {
    "webhook": {
        "url": ...,
        "headers": ...,
        "http_method": "POST",
        "disable_ssl_verification": False,
        "username": "",
        "password": "",
    },
    "email": {
        "host": ...,
        "port": ...,
        "sender": ...,
        "recipients": ...,
        "use_tls": ...,
        "use_ssl": ...,
        "username": ...,
        "password": ...,
        "timeout": 30,
    },
}
"""The settings of each kind of notification with their defaults; `...` has none."""


class RefusedError(Exception):
    """AWX answers 400: the errors by field."""

    def __init__(self, errors: Mapping[str, Any]) -> None:
        super().__init__(str(errors))
        self.errors = dict(errors)


def check_rrule(value: str) -> None:
    """Refuse what AWX's schedules do not take (the API's description of `rrule`)."""
    errors = []
    starts = re.findall(r"DTSTART(?:;[^:]+)?:\d+T\d+Z?", value)
    if not starts:
        errors.append("Valid DTSTART required in rrule. Value should start with: DTSTART:YYYYMMDDTHHMMSSZ")
    if len(starts) > 1:
        errors.append("Multiple DTSTART is not supported.")
    if re.search(r"DTSTART:\d+T\d+ ", value):
        errors.append("DTSTART cannot be a naive datetime.  Specify ;TZINFO= or YYYYMMDDTHHMMSSZZ.")
    rules = re.findall(r"RULE:\S*", value)
    if not rules:
        errors.append("One or more rule required in rrule.")
    for rule in rules:
        if "INTERVAL" not in rule:
            errors.append(f"INTERVAL required in rrule: {rule}")
        if "SECONDLY" in rule:
            errors.append(f"SECONDLY is not supported: {rule}")
        if re.search(r"BYDAY=\d+[A-Z]{2}", rule):
            errors.append(f"BYDAY with numeric prefix not supported: {rule}")
        if "COUNT" in rule and "UNTIL" in rule:
            errors.append(f"RRULE may not contain both COUNT and UNTIL: {rule}")
    if not errors:
        try:
            moments(value)
        except (ValueError, KeyError) as error:
            errors.append(f"rrule parsing failed validation: {error}")
    if errors:
        raise RefusedError({"rrule": errors})


def moments(rule: str) -> recurrence.rruleset:
    """Return when a schedule fires, read as AWX reads it: with python-dateutil, in the rule's own time zone."""
    zone = re.search(r"TZID=([^:]+):", rule)
    if zone:
        ZoneInfo(zone.group(1))
    return recurrence.rrulestr(rule.replace(" ", "\n"), forceset=True, tzids=tz.gettz)


def next_run(rule: str, after: datetime) -> datetime | None:
    """Return when a schedule fires next."""
    following: datetime | None = moments(rule).after(after)
    return following


def check_survey(spec: Any) -> None:
    """Refuse a survey that AWX would not store."""
    for key, expected in (("name", str), ("description", str), ("spec", list)):
        if not isinstance(spec, dict) or key not in spec:
            raise RefusedError({"error": f"Field '{key}' is missing from survey spec."})
        if not isinstance(spec[key], expected):
            raise RefusedError({"error": f"Expected {expected.__name__} for field '{key}'."})
    if not spec["spec"]:
        raise RefusedError({"error": "'spec' doesn't contain any items."})
    seen = set()
    for index, question in enumerate(spec["spec"]):
        for key in ("type", "question_name", "variable", "required"):
            if key not in question:
                raise RefusedError({"error": f"'{key}' missing from survey question {index}"})
        if question["type"] not in QUESTION_TYPES:
            raise RefusedError(
                {"error": f"'{question['type']}' in survey question {index} is not one of the allowed types"}
            )
        if not isinstance(question["required"], bool):
            raise RefusedError({"error": f"'required' in survey question {index} expected to be boolean."})
        if question["variable"] in seen:
            raise RefusedError({"error": f"'variable' '{question['variable']}' duplicated in survey question {index}."})
        seen.add(question["variable"])
        if question["type"].startswith("multi") and not question.get("choices"):
            raise RefusedError({"error": f"Survey question {index} must have choices."})
        _check_limits(question, index)
        wrong = wrong_answer(question, question["default"]) if question.get("default", "") != "" else ""
        if wrong:
            raise RefusedError({"error": f"The default of survey question {index}: {wrong}"})


def _check_limits(question: Mapping[str, Any], index: int) -> None:
    for key in ("min", "max"):
        limit = question.get(key, "")
        if limit not in ("", None) and (not isinstance(limit, int) or isinstance(limit, bool)):
            raise RefusedError({"error": f"The {key} limit in survey question {index} expected to be integer."})


def wrong_answer(question: Mapping[str, Any], answer: Any) -> str:
    """Return what is wrong with an answer; empty when it is right."""
    variable = question["variable"]
    if isinstance(answer, bool) or not isinstance(answer, QUESTION_TYPES[question["type"]]):
        return f"Value {answer!r} for '{variable}' expected to be of type {question['type']}."
    size = len(answer) if isinstance(answer, str) else answer
    if question.get("min") not in ("", None) and size < question["min"]:
        return f"'{variable}' value {answer} is too small (must be at least {question['min']})."
    if question.get("max") not in ("", None) and size > question["max"]:
        return f"'{variable}' value {answer} is too large (must be no more than {question['max']})."
    if question["type"] == "multiplechoice" and answer not in question["choices"]:
        return f"Value {answer} for '{variable}' expected to be one of {question['choices']}."
    return ""


def check_answers(template: Mapping[str, Any], answers: Mapping[str, Any], *, complete: bool) -> None:
    """Refuse variables that a template would not take at launch.

    Args:
        template: the job or workflow template, with its survey under `survey_spec`.
        answers: the variables.
        complete: whether a required question without an answer is an error; in a workflow's node it is not, as the
            workflow can give it.
    """
    survey = template.get("survey_spec") or {}
    questions = {q["variable"]: q for q in survey.get("spec", [])} if template.get("survey_enabled") else {}
    unknown = sorted(set(answers) - set(questions))
    if unknown and not template.get("ask_variables_on_launch"):
        told = (
            f"Variables {', '.join(unknown)} are not allowed on launch. Check the Prompt on Launch setting on the "
            "Job Template to include Extra Variables."
        )
        raise RefusedError({"extra_data": [told]})
    wrong = [told for name in answers if name in questions and (told := wrong_answer(questions[name], answers[name]))]
    if complete:
        wrong += [
            f"'{name}' value missing"
            for name, question in questions.items()
            if question["required"] and name not in answers and question.get("default", "") in ("", None)
        ]
    if wrong:
        raise RefusedError({"variables_needed_to_start": wrong})


def check_credential_type(inputs: Mapping[str, Any], injectors: Mapping[str, Any]) -> None:
    """Refuse inputs of unknown shape, and injectors whose templates use a field that the type does not have."""
    fields: Sequence[Mapping[str, Any]] = inputs.get("fields", [])
    if set(inputs) - {"fields", "required", "metadata"}:
        raise RefusedError({"inputs": ["Additional properties are not allowed"]})
    known = {
        "id",
        "label",
        "type",
        "format",
        "secret",
        "multiline",
        "help_text",
        "choices",
        "default",
        "ask_at_runtime",
    }
    for entry in fields:
        if {"id", "label"} - set(entry) or set(entry) - known:
            raise RefusedError({"inputs": [f"{entry} is not a field of a credential type"]})
    names = {entry["id"] for entry in fields}
    if set(inputs.get("required", [])) - names:
        raise RefusedError({"inputs": ["'required' names a field that is not defined"]})
    if set(injectors) - {"env", "file", "extra_vars"}:
        raise RefusedError({"injectors": ["Additional properties are not allowed"]})
    files = injectors.get("file", {})
    if any(not re.fullmatch(r"template(\.\w+)?", key) for key in files):
        raise RefusedError({"injectors": ["a file is named 'template' or 'template.<name>'"]})
    for name in injectors.get("env", {}):
        if name in ("PATH", "PYTHONPATH", "VIRTUAL_ENV") or name.startswith("ANSIBLE_"):
            raise RefusedError(
                {"injectors": [f"Environment variable {name} is not allowed to be used in credentials."]}
            )
    tower: Any = {"filename": "FILE"} if "template" in files else {}
    if files and "template" not in files:
        tower = {"filename": {key.split(".")[1]: "FILE" for key in files}}
    for kind, templates in injectors.items():
        for key, template in templates.items():
            try:
                render_injector(template, {**dict.fromkeys(names, "EXAMPLE"), "tower": tower})
            except TemplateError as error:
                raise RefusedError({"injectors": [f"{key} of {kind} uses an undefined field ({error})"]}) from error


def render_injector(template: str, namespace: Mapping[str, Any]) -> str:
    """Fill an injector's template in, as AWX does before a job starts."""
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(template).render(namespace)


def complete_notice(kind: str, configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Return a notification's settings with AWX's defaults; refuse missing and unknown ones."""
    known = NOTICES.get(kind)
    if known is None:
        return dict(configuration)
    missing = sorted(key for key, default in known.items() if default is ... and key not in configuration)
    if missing:
        raise RefusedError(
            {"notification_configuration": [f"Missing required fields for Notification Configuration: {missing}."]}
        )
    unknown = sorted(set(configuration) - set(known))
    if unknown:
        raise RefusedError({"notification_configuration": [f"Unexpected fields {unknown}."]})
    defaults = {key: value for key, value in known.items() if value is not ...}
    return {**defaults, **configuration}
