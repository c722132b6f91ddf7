"""How REST calls get AWS's own names of operations."""

from __future__ import annotations

import pytest

from pixel.sandbox.operations import UNKNOWN, rest_operation


@pytest.mark.parametrize(
    ("service", "method", "path", "query", "operation"),
    [
        ("route53", "POST", "/2013-04-01/hostedzone/Z1/rrset/", "", "ChangeResourceRecordSets"),
        ("route53", "GET", "/2013-04-01/hostedzone/Z1/rrset", "name=a&maxitems=5", "ListResourceRecordSets"),
        ("route53", "GET", "/2013-04-01/change/C1", "", "GetChange"),
        ("route53", "GET", "/2013-04-01/hostedzone", "", "ListHostedZones"),
        ("route53", "GET", "/2013-04-01/hostedzonesbyname", "", "ListHostedZonesByName"),
        ("lambda", "POST", "/2015-03-31/functions/wake/invocations", "", "Invoke"),
        ("apigateway", "GET", "/restapis/a1/stages/v1", "", "GetStage"),
        ("s3", "GET", "/bucket", "list-type=2", "ListObjectsV2"),
        ("s3", "PUT", "/bucket/a/long/key", "", "PutObject"),
        ("route53", "PATCH", "/nothing", "", UNKNOWN),
        ("no-service", "GET", "/", "", UNKNOWN),
    ],
)
def test_a_rest_call_has_the_name_of_its_operation(
    service: str, method: str, path: str, query: str, operation: str
) -> None:
    assert rest_operation(service, method, path, query) == operation
