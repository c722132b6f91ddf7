"""The Lambda's entry: API Gateway's requests, EC2's state changes, and the schedule of the reconciler."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from pixel.wake.api import build, too_long
from pixel.wake.certificate import CertificateEnd
from pixel.wake.function import Clients, Wake, assemble
from pixel.wake.secret import TokenSecret
from pixel.wake.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayRestResolver
    from aws_lambda_powertools.utilities.typing import LambdaContext

STATE_CHANGE = "EC2 Instance State-change Notification"
SCHEDULED = "Scheduled Event"

PATIENT = Config(
    retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=2, read_timeout=5, max_pool_connections=20
)
"""How AWS is called: a call with its retries has to end well within a turn (`pixel.wake.pools.TURN`)."""

logger = Logger(service=os.environ.get("POWERTOOLS_SERVICE_NAME", "wake"))
metrics = Metrics(
    namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "pixel"),
    service=os.environ.get("POWERTOOLS_SERVICE_NAME", "wake"),
)


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any] | None:
    """Answer one event. Raises for an event that is none of ours, so that it is seen."""
    try:
        return _dispatch(event, context)
    finally:
        if metrics.metric_set:
            metrics.flush_metrics()


def _dispatch(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any] | None:
    if "httpMethod" in event:
        answer: dict[str, Any] = too_long(event) or _api().resolve(dict(event), context)
        return answer
    if event.get("detail-type") == STATE_CHANGE:
        _wake().state_changes.handle(event)
        return None
    if event.get("detail-type") == SCHEDULED:
        counts = _wake().reconciler.run()
        logger.info("reconciled", extra=dict(counts))
        for name, count in counts.items():
            metrics.add_metric(name.title().replace("_", ""), MetricUnit.Count, count)
        certificate = _certificate()
        if certificate is not None and (days := certificate.days_left()) is not None:
            metrics.add_metric("CertificateDaysLeft", MetricUnit.NoUnit, days)
        return dict(counts)
    raise ValueError(f"the wake function does not know this event: it has only {', '.join(sorted(event)) or 'nothing'}")


@cache
def _api() -> APIGatewayRestResolver:
    return build(_wake(), metrics)


@cache
def _settings() -> Settings:
    return Settings.from_environment(os.environ)


@cache
def _certificate() -> CertificateEnd | None:
    secret = _settings().certificate_secret
    return None if secret is None else CertificateEnd(boto3.client("secretsmanager", config=PATIENT), secret)


@cache
def _wake() -> Wake:
    settings = _settings()
    clients = Clients(
        dynamodb=boto3.client("dynamodb", config=PATIENT),
        ec2=boto3.client("ec2", config=PATIENT),
        route53=boto3.client("route53", config=PATIENT),
    )
    secret = TokenSecret(boto3.client("secretsmanager", config=PATIENT), settings.token_secret)
    return assemble(settings, clients, secret)
