"""The certificate that an image starts with, before it is baked and before the image is released.

One run for all: each case is a host's own.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509

from pixel.sandbox.testing import RunningSandbox
from self_signed import self_signed

from .many_hosts import Messages, refused, run

Results = list[dict[str, Any]]


def image(expires: str) -> dict[str, Any]:
    """Return a released image, as it is found, whose certificate ends on a day."""
    return {"image_id": "ami-1", "tags": {"pixel:release": "1.5.0", "pixel:certificate-expires": expires}}


@pytest.fixture(scope="module")
def results(sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Results:
    zone, secrets = sandbox.state.zone, sandbox.client("secretsmanager")
    certificates = {"good": (f"*.{zone}", 90), "ends_soon": (f"*.{zone}", 20.5), "elsewhere": ("*.other.test", 90)}
    for name, (domain, days) in certificates.items():
        fullchain, privkey = self_signed([domain], ends=timedelta(days=days))
        text = json.dumps({"fullchain": fullchain, "privkey": privkey})
        secrets.create_secret(Name=f"test/{name}", SecretString=text)
    secrets.create_secret(Name="test/no_json", SecretString="-----BEGIN CERTIFICATE-----")
    hosts = {name: {"pixel_certificate_secret": f"test/{name}"} for name in (*certificates, "no_json", "missing")}
    left_out: dict[str, Any] = {"pixel_certificate_secret": "test/missing", "pixel_bake_certificate": False}
    ending = (datetime.now(UTC) + timedelta(days=20)).strftime("%Y-%m-%d")
    hosts |= {"left_out": left_out, "old_image": {**left_out, "pixel_image": image(ending)}}
    common = {"pixel_release": "1.5.0", "pixel_image": image("none")}
    files = ["image_start_certificate.yml", "image_certificate.yml"]
    folder = tmp_path_factory.mktemp("certificates")
    return run(sandbox, folder, files, {name: {**common, **one} for name, one in hosts.items()})


@pytest.fixture(scope="module")
def messages(results: Results) -> Messages:
    return refused(results)


def ends(results: Results, host: str) -> str:
    (found,) = [
        one["hosts"][host]["ansible_facts"]["pixel_start_certificate_expires"]
        for one in results
        if "pixel_start_certificate_expires" in one["hosts"].get(host, {}).get("ansible_facts", {})
    ]
    return str(found)


def test_the_pools_certificate_is_taken_with_the_day_that_it_ends(results: Results) -> None:
    assert ends(results, "good") == (datetime.now(UTC) + timedelta(days=90)).strftime("%Y-%m-%d")


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("ends_soon", "renew it first"),
        ("elsewhere", "is for DNS:*.other.test"),
        ("missing", "pixel_certificate_secret is test/missing"),
        ("no_json", "pixel_certificate_secret is test/no_json"),
    ],
)
def test_one_that_members_could_not_use_is_refused(messages: Messages, host: str, said: str) -> None:
    assert said in messages[host]


def test_an_image_whose_certificate_ends_in_20_days_is_not_released(messages: Messages) -> None:
    assert "build the release again with a renewed one" in messages["old_image"]


def test_left_out_the_image_starts_with_one_of_no_value(results: Results, messages: Messages) -> None:
    assert "left_out" not in messages
    assert ends(results, "left_out") == "none"


def test_that_one_vouches_for_no_member(results: Results, sandbox: RunningSandbox) -> None:
    (text,) = [
        one["hosts"]["left_out"]["certificate"]
        for one in results
        if one["task"]["name"] == "Sign it by itself" and "certificate" in one["hosts"].get("left_out", {})
    ]
    (name,) = x509.load_pem_x509_certificate(text.encode()).subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    assert name.value == f"replaced.{sandbox.state.zone}"
