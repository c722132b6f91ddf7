"""AWS's errors, in the form that each service's protocol gives them."""

from __future__ import annotations

import json
import uuid
from xml.sax.saxutils import escape

from pixel.sandbox.calls import Answer, Call


class AwsError(Exception):
    """An error as the service itself would answer it.

    Attributes:
        code: AWS's error code, as `IncorrectInstanceState`.
        message: AWS's words.
        status: the HTTP status.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def throttled(service: str) -> AwsError:
    """Return the error by which a service says that it is called too often."""
    if service == "ec2":
        return AwsError("RequestLimitExceeded", "Request limit exceeded.", 503)
    if service == "dynamodb":
        return AwsError("ThrottlingException", "Rate of requests exceeds the allowed throughput.")
    if service == "lambda":
        return AwsError("TooManyRequestsException", "Rate Exceeded.", 429)
    if service == "apigateway":
        return AwsError("TooManyRequestsException", "Too Many Requests", 429)
    if service == "s3":
        return AwsError("SlowDown", "Please reduce your request rate.", 503)
    if service in ("ssm", "secretsmanager", "events", "logs", "scheduler"):
        return AwsError("ThrottlingException", "Rate exceeded")
    return AwsError("Throttling", "Rate exceeded")


def render(error: AwsError, call: Call) -> Answer:
    """Return the error in the protocol of the called service."""
    request_id = str(uuid.uuid4())
    code, message = escape(error.code), escape(error.message)
    headers = [("Content-Type", "text/xml;charset=UTF-8"), ("x-amzn-RequestId", request_id)]
    if call.service == "ec2":
        body = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
    elif call.service == "s3":
        body = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{request_id}</RequestId></Error>"
    elif call.form or call.service in ("route53", "cloudfront"):
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    else:
        body = json.dumps({"__type": error.code, "message": error.message, "Message": error.message})
        headers[0] = ("Content-Type", "application/json")
        headers.append(("x-amzn-ErrorType", error.code))
        return Answer(error.status, body.encode(), headers)
    return Answer(error.status, f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode(), headers)
