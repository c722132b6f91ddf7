"""AWS's Signature Version 4, checked: the sum over a request that only the holder of the secret key can make.

The rules: "Create a signed AWS API request" in AWS's IAM user guide.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from urllib.parse import parse_qsl, quote

from pixel.sandbox.calls import Call, Environ

_PARTS = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=[^/]+/(?P<scope>(?P<day>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request)"
    r",\s*SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_UNRESERVED = "-_.~"


def is_right(call: Call, secret_key: str) -> bool:
    """Whether the `Authorization` header of a call was made with the secret key over just this request."""
    parts = _PARTS.match(call.environ.get("HTTP_AUTHORIZATION", ""))
    if parts is None:
        return False
    key = f"AWS4{secret_key}".encode()
    for step in (parts["day"], parts["region"], parts["service"], "aws4_request"):
        key = _mac(key, step)
    moment = call.environ.get("HTTP_X_AMZ_DATE", "")
    request = hashlib.sha256(_canonical(call, parts["headers"]).encode()).hexdigest()
    expected = _mac(key, f"AWS4-HMAC-SHA256\n{moment}\n{parts['scope']}\n{request}").hex()
    return hmac.compare_digest(expected, parts["signature"])


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _canonical(call: Call, signed_headers: str) -> str:
    environ = call.environ
    path = environ["REQUEST_URI"].partition("?")[0]
    query = sorted(
        (quote(name, safe=_UNRESERVED), quote(value, safe=_UNRESERVED))
        for name, value in parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    )
    headers = "".join(f"{name}:{_header(environ, name)}\n" for name in signed_headers.split(";"))
    return "\n".join(
        (
            environ["REQUEST_METHOD"],
            quote(path, safe=f"/{_UNRESERVED}"),
            "&".join(f"{name}={value}" for name, value in query),
            headers,
            signed_headers,
            environ.get("HTTP_X_AMZ_CONTENT_SHA256") or hashlib.sha256(call.body).hexdigest(),
        )
    )


def _header(environ: Environ, name: str) -> str:
    key = name.upper().replace("-", "_")
    value = environ.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}", "")
    return " ".join(str(value).split())
