"""How long the browser takes from a session that is ready to Unreal's first picture."""

from __future__ import annotations

import time

from playwright.sync_api import Browser, sync_playwright

from demo.browser import CHROMIUM, FLAGS
from pixel.sandbox.testing import RunningSandbox, eventually
from pixel.wake.function import Clients, assemble
from pixel.wake.settings import Settings
from wake_path import POOL, fill

FRAMES = 5
PATIENCE = 120.0


def first_frames(sandbox: RunningSandbox) -> list[float]:
    """Return the seconds from a ready session to the browser's first picture, in windows that remember nothing."""
    sandbox.reset()
    with sandbox.sandbox.members.of_kind("processes"), sync_playwright() as playwright:
        settings = Settings(sandbox.state.lease_table, sandbox.state.zone, sandbox.state.zone_id, token_secret="")
        wake = assemble(settings, Clients(sandbox.dynamodb, sandbox.ec2, sandbox.route53), lambda: b"s" * 32)
        fill(sandbox, 1)
        session = wake.sessions.open("bench", "key", POOL).session.session
        body = eventually(
            lambda: (body := wake.sessions.show("bench", session).body())["state"] == "ready" and body, PATIENCE
        )
        port = sandbox.sandbox.members.site.https
        address = f"https://{body['ip']}:{port}/#token={body['tokens']['player']}"
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            return [first_frame(browser, address) for _ in range(FRAMES)]
        finally:
            browser.close()


def first_frame(browser: Browser, address: str) -> float:
    """Return the seconds from following the session's link to the first picture."""
    window = browser.new_context(ignore_https_errors=True)
    page = window.new_page()
    began = time.monotonic()
    page.goto(address)
    page.wait_for_function(
        "() => document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames > 0", polling=20
    )
    seconds = time.monotonic() - began
    window.close()
    return seconds
