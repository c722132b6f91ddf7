"""Where the wake API is and what opens it: arguments first, then the environment."""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from pixel.client.errors import SettingsError


@dataclass(frozen=True)
class Settings:
    """What every call needs.

    Attributes:
        api: base address of the wake API, without a slash at the end.
        key: the API key; never shown.
        ca_file: PEM file of an authority trusted beside the public ones; None for the public ones alone.
    """

    api: str
    key: str = field(repr=False)
    ca_file: Path | None = None

    def tls(self) -> ssl.SSLContext:
        """Return the context that checks the API's and the members' certificates.

        Raises:
            SettingsError: `ca_file` cannot be read as certificates.
        """
        context = httpx.create_ssl_context()
        if self.ca_file is not None:
            try:
                context.load_verify_locations(self.ca_file)
            except (OSError, ssl.SSLError) as error:
                raise SettingsError(
                    f"the CA file {self.ca_file} holds no usable certificate ({error.strerror or error}): "
                    "set PIXEL_CA_FILE, or ca_file=, to a PEM file"
                ) from None
        return context


def resolve(
    api: str | None = None,
    key: str | None = None,
    ca_file: str | os.PathLike[str] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Settings:
    """Join arguments and environment (`PIXEL_API`, `PIXEL_API_KEY`, `PIXEL_CA_FILE`).

    Raises:
        SettingsError: the address or the key is missing, or the address is not one to send a key to.
    """
    api = api or environ.get("PIXEL_API", "")
    key = key or environ.get("PIXEL_API_KEY", "")
    missing = [name for name, value in (("PIXEL_API", api), ("PIXEL_API_KEY", key)) if not value]
    if missing:
        raise SettingsError(
            f"{' and '.join(missing)} not set: put the wake API's address in PIXEL_API and your key in PIXEL_API_KEY "
            "(or pass api= and key= to pixel.wake)"
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise SettingsError("the API key has characters no key has: copy it again into PIXEL_API_KEY, or key=")
    ca_file = ca_file or environ.get("PIXEL_CA_FILE") or None
    return Settings(_checked_address(api), key, Path(ca_file) if ca_file else None)


def _checked_address(api: str) -> str:
    address = urlsplit(api)
    if address.scheme == "https" and address.hostname:
        return api.rstrip("/")
    if address.scheme == "http" and _is_loopback(address.hostname):
        return api.rstrip("/")
    raise SettingsError(
        f"'{api}' is no address to send a key to: PIXEL_API, or api=, must begin with https:// "
        "(http:// only on this computer)"
    )


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
