"""JSON as browsers write it.

Unreal receives a command as the text that `JSON.stringify` makes of it, since pages have always been the ones to send
it. Applications may compare that text, so it is made here to the byte.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

_SURROGATE = re.compile("[\ud800-\udfff]")
_ARRAY_INDEX_LIMIT = 2**32 - 1
_LARGEST_SAFE_INTEGER = 2**53


def stringify(value: Any) -> str:
    """Return what `JSON.stringify` returns for a value that came from JSON (ECMA-262, 25.5.2).

    Raises:
        RecursionError: the value is nested too deeply.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", encode_basestring(value))
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, list):
        return f"[{','.join(map(stringify, value))}]"
    return f"{{{','.join(f'{stringify(key)}:{stringify(value[key])}' for key in _in_order(value))}}}"


def _in_order(keys: dict[str, Any]) -> list[str]:
    """Return an object's keys in JavaScript's order: array indices by number, then the others as they came."""
    indices = [key for key in keys if key.isdecimal() and key.isascii() and _is_index(key)]
    return [*sorted(indices, key=int), *(key for key in keys if key not in set(indices))] if indices else list(keys)


def _is_index(key: str) -> bool:
    return len(key) <= 10 and str(int(key)) == key and int(key) < _ARRAY_INDEX_LIMIT


def _number(value: float) -> str:
    """Return a number's text (ECMA-262, 6.1.6.1.20); every number is a double there."""
    if isinstance(value, int):
        if abs(value) <= _LARGEST_SAFE_INTEGER:
            return str(value)
        try:
            value = float(value)
        except OverflowError:
            return "null"
    if not math.isfinite(value):
        return "null"
    if value == 0:
        return "0"
    number = Decimal(repr(value)).normalize()
    exponent = number.adjusted()
    if -6 <= exponent < 21:
        return format(number, "f")
    digits = "".join(map(str, number.as_tuple().digits))
    mantissa = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
    return f"{'-' if value < 0 else ''}{mantissa}e{exponent:+d}"
