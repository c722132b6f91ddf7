#!/usr/bin/python
# Copyright: mitlab.pixel maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: acm_export
version_added: 0.1.0
short_description: Read an exportable certificate of ACM, with its key
description:
  - Returns the certificate with its chain, and its private key without a passphrase. ACM renews it by itself.
  - Use C(no_log) on the task, since the result holds the key.
options:
  certificate_arn:
    description: ARN of a certificate that was requested as exportable, and is issued.
    type: str
    required: true
requirements:
  - cryptography
extends_documentation_fragment:
  - mitlab.pixel.options
  - mitlab.pixel.options.reads
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Read the certificate
  mitlab.pixel.acm_export:
    certificate_arn: arn:aws:acm:us-east-2:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef
  register: certificate
  no_log: true
"""

RETURN = r"""
fullchain:
  description: The certificate, and those between it and its root, PEM.
  returned: always
  type: str
privkey:
  description: The certificate's private key, PKCS#8 as PEM, without a passphrase.
  returned: always
  type: str
"""

import secrets
from contextlib import suppress
from typing import Any

HAS_CRYPTOGRAPHY = False
with suppress(ImportError):
    from cryptography.hazmat.primitives import serialization

    HAS_CRYPTOGRAPHY = True

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.mitlab.pixel.plugins.module_utils.aws import client
from ansible_collections.mitlab.pixel.plugins.module_utils.errors import AWS_ERRORS, PixelError, code_of, message_of
from ansible_collections.mitlab.pixel.plugins.module_utils.runner import need, run_module

MENDS = {
    "ResourceNotFoundException": "give the ARN of a certificate of this account and region",
    "RequestInProgressException": "ACM has not issued it yet: wait until its names are proved",
    "ValidationException": "request it anew as exportable: that cannot be changed later",
}
"""What to do about ExportCertificate's refusals (its reference in ACM's API)."""


def without_passphrase(key: str, passphrase: bytes) -> str:
    """Return a PEM key that anybody can load, as PKCS#8."""
    return (
        serialization.load_pem_private_key(key.encode(), passphrase)
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode()
    )


def run(module: AnsibleAWSModule) -> dict[str, Any]:
    """Export the certificate; its key comes under a passphrase of this run's own."""
    arn = module.params["certificate_arn"]
    need(arn, "certificate_arn", "give the ARN of an exportable certificate")
    if not HAS_CRYPTOGRAPHY:
        raise PixelError(missing_required_lib("cryptography"))
    passphrase = secrets.token_hex(32).encode()
    try:
        answer = client(module, "acm").export_certificate(CertificateArn=arn, Passphrase=passphrase, aws_retry=True)
    except AWS_ERRORS as error:
        mend = MENDS.get(code_of(error))
        if mend is None:
            raise
        raise PixelError(
            f"certificate_arn is {arn}, and ACM does not export it ({message_of(error)}): {mend}"
        ) from error
    chain = [answer["Certificate"], answer.get("CertificateChain") or ""]
    return {
        "changed": False,
        "fullchain": "".join(f"{part.strip()}\n" for part in chain if part),
        "privkey": without_passphrase(answer["PrivateKey"], passphrase),
    }


def main() -> None:
    run_module(run, argument_spec={"certificate_arn": {"type": "str", "required": True}})


if __name__ == "__main__":
    main()
