"""What travels through the layers: a call on its way in, an answer on its way out."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Environ = dict[str, Any]
"""A WSGI environment."""


@dataclass
class Call:
    """One AWS API call.

    Attributes:
        service: the signing name, as `ec2`; CloudWatch's `monitoring` is called `cloudwatch`. Empty when unsigned.
        action: the operation as AWS names it, as `RunInstances`.
        access_key: the access key id of the signature; None for an unsigned call.
        body: the whole request body.
        form: the parameters of a Query or EC2 protocol call; empty for other protocols.
        environ: the WSGI environment, for moto.
    """

    service: str
    action: str
    region: str
    access_key: str | None
    body: bytes
    form: Mapping[str, str]
    environ: Environ

    @property
    def name(self) -> str:
        """The call's name in counters and faults, as `ec2.RunInstances`."""
        return f"{self.service}.{self.action}"

    def environ_with(self, body: bytes) -> Environ:
        """Return the WSGI environment with a body that can be read (again)."""
        return {**self.environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}


@dataclass
class Answer:
    """A HTTP answer. `headers` holds no Content-Length: the server adds it."""

    status: int
    body: bytes
    headers: list[tuple[str, str]] = field(default_factory=list)

    @property
    def succeeded(self) -> bool:
        """Whether the call did what was asked."""
        return self.status < 400


Handler = Callable[[Call], Answer]
"""A layer, or what lies beneath one. It may raise `AwsError`, which the outermost layer makes into an answer."""
