"""Client tokens: a repeated request gets the answer of the first, a different one under the same token an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pixel.sandbox.calls import Call
from pixel.sandbox.errors import AwsError

T = TypeVar("T")


class ClientTokens:
    """Remembers what was made under which token, with which parameters. A request that failed is not remembered."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], tuple[frozenset[tuple[str, str]], object]] = {}

    def once(self, call: Call, make: Callable[[], T]) -> T:
        """Return what the call's token made before, or else what `make` makes now.

        Raises:
            AwsError: `IdempotentParameterMismatch` when the token came with other parameters before.
        """
        token = call.form.get("ClientToken")
        if not token:
            return make()
        if len(token) > 64:
            raise AwsError("InvalidParameterValue", "The client token must be no more than 64 ASCII characters long")
        key = (call.action, token)
        request = frozenset(item for item in call.form.items() if item[0] not in ("ClientToken", "Action", "Version"))
        if key in self._made:
            before, made = self._made[key]
            if before != request:
                raise AwsError(
                    "IdempotentParameterMismatch",
                    "The client token was used before with different parameters "
                    f"(action {call.action}, client token {token})",
                )
            return made  # type: ignore[return-value] # the same action made it
        made = make()
        self._made[key] = (request, made)
        return made
