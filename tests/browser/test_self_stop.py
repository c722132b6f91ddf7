"""From the browser to the stopped machine: what becomes of a member when its person leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext

from pixel.naming import record_name
from pixel.sandbox.testing import RunningSandbox, running_sandbox
from pixel.tokens import digest

from .conftest import PLAYER_TOKEN
from .player_page import PlayerPage

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

GRACE = 4.0
"""Seconds; long enough for a reload."""


@pytest.fixture(params=["modern", "legacy"])
def member(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[RunningSandbox, str]]:
    """A member that runs as processes, without a lease table, and has its record; the sandbox, and the member's id."""
    with running_sandbox(tmp_path, members="processes") as sandbox:
        sandbox.reset()
        sandbox.sandbox.members.set_settings(
            {
                "access": {"players": [digest(PLAYER_TOKEN)]},
                "lifecycle": {"lease_table": "", "grace": GRACE},
                "unreal": {"legacy": request.param == "legacy"},
            }
        )
        (instance_id,) = sandbox.launch(
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "pixel:pool", "Value": "drone"}]}]
        )
        change(sandbox, "CREATE", sandbox.instance(instance_id)["PublicIpAddress"])
        change(sandbox, "CREATE", "203.0.113.7")
        try:
            yield sandbox, instance_id
        finally:
            sandbox.reset()


def change(sandbox: RunningSandbox, action: Any, address: str) -> None:
    """Create or delete the record of an address."""
    record = {
        "Name": record_name(address, sandbox.state.zone),
        "Type": "A",
        "TTL": 60,
        "ResourceRecords": [{"Value": address}],
    }
    sandbox.route53.change_resource_record_sets(
        HostedZoneId=sandbox.state.zone_id,
        ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record}]},
    )


def members_records(sandbox: RunningSandbox) -> list[str]:
    """Return the addresses in the zone's A records."""
    answer = sandbox.route53.list_resource_record_sets(HostedZoneId=sandbox.state.zone_id)
    return [record["ResourceRecords"][0]["Value"] for record in answer["ResourceRecordSets"] if record["Type"] == "A"]


async def becomes(true: Callable[[], Awaitable[bool]], what: str, seconds: float = 60) -> None:
    """Wait until something is true."""
    try:
        async with asyncio.timeout(seconds):
            while not await true():
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"not within {seconds} s: {what}") from None


async def test_a_closed_tab_leads_to_a_deleted_record_and_a_stopped_member_and_a_reload_does_not(
    member: tuple[RunningSandbox, str], context: BrowserContext
) -> None:
    sandbox, instance_id = member
    address = sandbox.instance(instance_id)["PublicIpAddress"]
    port = sandbox.sandbox.members.site.https
    page = await PlayerPage.new(context, f"https://{address}:{port}/", PLAYER_TOKEN)
    await becomes(lambda: listens(address, port), "the member listens")
    await page.open()
    await page.plays()

    await page.reload()
    await page.plays()
    assert sandbox.instance_state(instance_id) == "running"

    await page.tab.close()

    async def stopped() -> bool:
        return await asyncio.to_thread(sandbox.instance_state, instance_id) == "stopped"

    await becomes(stopped, "the member has stopped")
    assert members_records(sandbox) == ["203.0.113.7"]


async def listens(address: str, port: int) -> bool:
    """Whether somebody listens."""
    try:
        _, writer = await asyncio.open_connection(address, port)
    except OSError:
        return False
    writer.close()
    return True
