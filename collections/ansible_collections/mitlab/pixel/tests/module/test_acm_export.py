from __future__ import annotations

from ansible_collections.mitlab.pixel.tests.module.conftest import Modules
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key


def requested(modules: Modules, export: str) -> str:
    """Request a certificate; return its ARN."""
    request = {"DomainName": "*.pixel.test", "Options": {"Export": export}}
    return str(modules.sandbox.client("acm").request_certificate(**request)["CertificateArn"])


def test_the_key_is_the_certificates_and_needs_no_passphrase(modules: Modules) -> None:
    result = modules.succeed("acm_export", certificate_arn=requested(modules, "ENABLED"))
    leaf = x509.load_pem_x509_certificates(result["fullchain"].encode())[0]
    assert leaf.public_key() == load_pem_private_key(result["privkey"].encode(), None).public_key()
    assert not result["changed"]


def test_a_certificate_that_is_not_exportable_is_refused_with_the_mend(modules: Modules) -> None:
    refused = modules.run("acm_export", certificate_arn=requested(modules, "DISABLED"))
    assert "request it anew as exportable" in refused["msg"]


def test_a_certificate_that_is_not_there_is_named(modules: Modules) -> None:
    arn = "arn:aws:acm:us-east-2:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
    refused = modules.run("acm_export", certificate_arn=arn)
    assert arn in refused["msg"]
    assert "of this account and region" in refused["msg"]
