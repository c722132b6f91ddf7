"""The player page: files read once, at the start, and served from memory."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Mapping
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

INDEX = "/index.html"
ENCODINGS = {"br": ".br", "gzip": ".gz"}
"""Content codings for which a compressed sibling may lie beside a file, best first."""

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
    ".ico": "image/x-icon",
    ".txt": "text/plain; charset=utf-8",
}


class Variant(NamedTuple):
    """A file in one content coding."""

    body: bytes
    etag: str
    encoding: str | None


class Asset(NamedTuple):
    """A file of the page, in all the content codings there are."""

    content_type: str
    plain: Variant
    compressed: Mapping[str, Variant]

    def variant(self, accept_encoding: str) -> Variant:
        """Return the best variant for a request's `Accept-Encoding`."""
        accepted = set(_accepted(accept_encoding))
        for encoding, variant in self.compressed.items():
            if encoding in accepted:
                return variant
        return self.plain


def _accepted(header: str) -> Iterator[str]:
    for part in header.lower().split(","):
        coding, *parameters = (piece.strip() for piece in part.split(";"))
        if not any(parameter.replace(" ", "") in ("q=0", "q=0.0", "q=0.00", "q=0.000") for parameter in parameters):
            yield coding


def installed_page() -> dict[str, Asset]:
    """Return the page that is installed with this package, by path; empty when it has not been built."""
    return read_page(files("pixel.signalling") / "page")


def read_page(folder: Traversable) -> dict[str, Asset]:
    """Return the files of a folder by their path as browsers ask for it, such as `/player.js`.

    Nothing else is ever served: a path that leads elsewhere is not among them.
    """
    if not folder.is_dir():
        return {}
    found = dict(_walk(folder, "/"))
    siblings = tuple(ENCODINGS.values())
    assets = {
        path: _asset(path, body, found)
        for path, body in found.items()
        if not (path.endswith(siblings) and path.rpartition(".")[0] in found)
    }
    if INDEX in assets:
        assets["/"] = assets[INDEX]
    return assets


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        elif entry.is_file():
            yield prefix + entry.name, entry.read_bytes()


def _asset(path: str, body: bytes, found: Mapping[str, bytes]) -> Asset:
    suffix = f".{path.rpartition('.')[2]}"
    content_type = _TYPES.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    tag = sha256(body).hexdigest()[:16]
    compressed = {
        encoding: Variant(found[path + extension], f'"{tag}-{encoding}"', encoding)
        for encoding, extension in ENCODINGS.items()
        if path + extension in found
    }
    return Asset(content_type, Variant(body, f'"{tag}"', None), compressed)
