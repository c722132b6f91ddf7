"""The certificate for players, loaded anew when its file changes."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import structlog

from pixel.signalling.settings import TlsSettings

log = structlog.get_logger()


class CertificateError(Exception):
    """The certificate or its key cannot be used; the text says which file, why, and where it was set."""


def load(context: ssl.SSLContext, settings: TlsSettings) -> None:
    """Load certificate and key into a context.

    Raises:
        CertificateError: they cannot be used.
    """
    for setting, path in (("tls.certificate", settings.certificate), ("tls.key", settings.key)):
        try:
            Path(path).read_bytes()
        except OSError as error:
            raise CertificateError(f"{setting} {path} cannot be read: {error.strerror}") from None
    try:
        context.load_cert_chain(settings.certificate, settings.key, password=_no_password)
    except (ssl.SSLError, ValueError, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise CertificateError(
            f"tls.certificate {settings.certificate} and tls.key {settings.key} cannot be used: {reason}; "
            "give a PEM chain and its own key, without a passphrase"
        ) from None


def _no_password() -> str:
    raise ValueError("the key has a passphrase")


def new_context() -> ssl.SSLContext:
    """Return a context for servers, without a certificate yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


class Certificate:
    """A TLS context that follows its files.

    New handshakes use what was loaded last; connections that are open are not touched. Files that cannot be used, such
    as ones just being written, leave the last good pair in place.

    Raises:
        CertificateError: there is no good pair to begin with.
    """

    def __init__(self, settings: TlsSettings) -> None:
        self._settings = settings
        self.context = new_context()
        self._seen = self._stamp()
        load(self.context, settings)

    async def follow(self) -> None:
        """Look at the files now and then, until cancelled."""
        while True:
            await asyncio.sleep(self._settings.poll)
            self.refresh()

    def refresh(self) -> None:
        """Load the files if they have changed."""
        stamp = self._stamp()
        if stamp == self._seen:
            return
        self._seen = stamp
        try:
            # Tried apart first: a half-written pair would leave the context with the one and without the other.
            load(new_context(), self._settings)
            load(self.context, self._settings)
        except CertificateError as problem:
            log.warning("certificate_kept", problem=str(problem))
        else:
            log.info("certificate_loaded", file=self._settings.certificate)

    def _stamp(self) -> tuple[object, ...]:
        stamps: list[object] = []
        for path in (self._settings.certificate, self._settings.key):
            try:
                status = Path(path).stat()
                stamps.append((status.st_mtime_ns, status.st_size, status.st_ino))
            except OSError as error:
                stamps.append(error.errno)
        return tuple(stamps)
