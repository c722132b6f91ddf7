"""From a WSGI environment to a `Call`: which service, which action, under whose key."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from pixel.sandbox.calls import Call, Environ
from pixel.sandbox.operations import rest_operation

_CREDENTIAL = re.compile(r"Credential=(?P<key>[^/,]+)/\d{8}/(?P<region>[^/,]+)/(?P<service>[^/,]+)/aws4_request")
_RPC_PATH = re.compile(r"/service/[^/]+/operation/(?P<action>\w+)")
_RENAMED = {"monitoring": "cloudwatch"}


def read_body(environ: Environ) -> bytes:
    """Return the request's body, read once."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length:
        return bytes(environ["wsgi.input"].read(length))
    return bytes(environ["wsgi.input"].read()) if environ.get("wsgi.input_terminated") else b""


def parse(environ: Environ) -> Call:
    """Return the call that a request makes. An unsigned one has neither access key nor service."""
    body = read_body(environ)
    path, query = environ.get("PATH_INFO", "/"), environ.get("QUERY_STRING", "")
    signature = environ.get("HTTP_AUTHORIZATION", "")
    presigned = dict(parse_qsl(query)) if not signature else {}
    scope = _CREDENTIAL.search(signature or f"Credential={presigned.get('X-Amz-Credential', '')}")
    # S3 still knows presigned addresses of the second version, which boto3 makes unless told otherwise.
    old = "s3" if "AWSAccessKeyId" in presigned else ""
    service = _RENAMED.get(scope["service"], scope["service"]) if scope else old
    form: dict[str, str] = {}
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    if "HTTP_X_AMZ_TARGET" in environ:
        action = environ["HTTP_X_AMZ_TARGET"].rpartition(".")[2]
    elif "Action" in form:
        action = form["Action"]
    elif rpc := _RPC_PATH.fullmatch(path):
        action = rpc["action"]
    else:
        headers = {name[5:].replace("_", "-").lower() for name in environ if name.startswith("HTTP_")}
        action = rest_operation(service, environ.get("REQUEST_METHOD", "GET"), path, query, headers) if service else ""
    return Call(
        service=service,
        action=action,
        region=scope["region"] if scope else "",
        access_key=scope["key"] if scope else presigned.get("AWSAccessKeyId"),
        body=body,
        form=form,
        environ=environ,
    )
