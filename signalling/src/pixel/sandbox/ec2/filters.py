"""EC2's filters: names that a resource knows, values with `*` and `?`, all names AND, values OR."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, Generic, TypeVar

from pixel.sandbox.errors import AwsError

T = TypeVar("T")
Values = Iterable[str | None] | str | None
"""What a resource has for a filter: none, one or several values."""


class FilterSet(Generic[T]):
    """The filters that a Describe call accepts for a kind of resource.

    Args:
        fields: what a resource has, by filter name.
        tags: its tags; gives the filters `tag:<key>`, `tag-key` and (of old) `tag-value`.
    """

    def __init__(self, fields: Mapping[str, Callable[[T], Values]], tags: Callable[[T], Mapping[str, str]]) -> None:
        self._fields: dict[str, Callable[[T], Values]] = {
            **fields,
            "tag-key": lambda resource: tags(resource).keys(),
            "tag-value": lambda resource: tags(resource).values(),
        }
        self._tags = tags

    def matcher(self, filters: Iterable[Mapping[str, Any]]) -> Callable[[T], bool]:
        """Return the test for a call's `Filters`.

        Raises:
            AwsError: `InvalidParameterValue` for a filter that EC2 does not have, or one without values.
        """
        tests = [self._test(one) for one in filters]

        def matches(resource: T) -> bool:
            return all(test(resource) for test in tests)

        return matches

    def _test(self, one: Mapping[str, Any]) -> Callable[[T], bool]:
        name, values = str(one.get("Name", "")), [str(value) for value in one.get("Values", ())]
        if not values:
            raise AwsError("InvalidParameterValue", f"The filter '{name}' has no values: give at least one")
        matches = _any_of(tuple(values))
        if name.startswith("tag:"):
            key, tags = name.removeprefix("tag:"), self._tags

            def test_tag(resource: T) -> bool:
                value = tags(resource).get(key)
                return value is not None and matches(value)

            return test_tag
        field = self._fields.get(name)
        if field is None:
            raise AwsError("InvalidParameterValue", f"The filter '{name}' is invalid")
        return lambda resource: any(value is not None and matches(value) for value in _listed(field(resource)))


def _listed(values: Values) -> Iterable[str | None]:
    return (values,) if values is None or isinstance(values, str) else values


def _any_of(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    exact = frozenset(pattern for pattern in patterns if not re.search(r"[*?\\]", pattern))
    wild = [_expression(pattern) for pattern in patterns if pattern not in exact]
    return lambda value: value in exact or any(expression.fullmatch(value) for expression in wild)


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    """Return the expression for a filter's value: `*` any characters, `?` one, a backslash takes the next literally."""
    parts = re.findall(r"\\.|[*?]|[^*?\\]+|\\", pattern, re.DOTALL)
    wild = {"*": ".*", "?": "."}
    return re.compile(
        "".join(wild.get(part) or re.escape(part.removeprefix("\\") or "\\") for part in parts), re.DOTALL
    )
