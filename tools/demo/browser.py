"""The system's Chromium, without a window and without its background traffic."""

from __future__ import annotations

import shutil

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or "chromium"

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # addresses instead of multicast names, which need a network that carries them
    "--disable-features=WebRtcHideLocalIpsWithMdns",
]
