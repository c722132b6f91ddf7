"""Attacks on the page's paths: what is not of the page is never served."""

from __future__ import annotations

import pytest

from .attacker import Attacker

PATHS = {
    "a parent": "/../key.pem",
    "a parent, encoded": "/%2e%2e/key.pem",
    "a parent, encoded twice": "/%252e%252e/key.pem",
    "a parent with an encoded slash": "/..%2fkey.pem",
    "a parent in overlong UTF-8": "/%c0%ae%c0%ae/key.pem",
    "a parent behind a file": "/player.js/../../key.pem",
    "a parent with backslashes": "/..\\key.pem",
    "a parent with encoded backslashes": "/..%5ckey.pem",
    "an absolute path": "//etc/passwd",
    "a drive": "/C:/Windows/win.ini",
    "a drive, encoded": "/C%3a%5cWindows%5cwin.ini",
    "a network share": "//evil.example/share/x",
    "a device": "/CON",
    "a device with a suffix": "/NUL.html",
    "an NTFS stream": "/player.js::$DATA",
    "a name with a dot at its end": "/player.js.",
    "a name with a blank at its end": "/player.js%20",
    "a short name": "/PLAYER~1.JS",
    "another case": "/PLAYER.JS",
    "a NUL behind the name": "/player.js%00.html",
    "a hidden file": "/.env",
    "a folder": "/player.js/",
    "another host": "http://evil.example/key.pem",
    "a file's own address": "file:///etc/passwd",
    "a very long name": "/" + "a" * 7000,
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
async def test_what_is_not_of_the_page_is_not_found_behind(attacker: Attacker, path: str) -> None:
    answer = await attacker.get(path)
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"SECRET" not in answer


@pytest.mark.parametrize("path", ["/a\x00b", "/a b", "/\xff", "*"], ids=["NUL", "blank", "no ASCII", "asterisk"])
async def test_a_path_that_is_none_is_refused_with(attacker: Attacker, path: str) -> None:
    answer = await attacker.request(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode("latin-1"))
    assert answer.split(b" ")[1:2] in ([b"400"], [b"404"]) or answer == b""
    assert b"SECRET" not in answer
