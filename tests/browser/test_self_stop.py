"""From the browser to the stopped machine: what keeps a person's session, what ends it, and who is not let in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import BrowserContext

from pixel import tokens
from pixel.naming import record_name
from pixel.sandbox.testing import RunningSandbox, running_sandbox
from pixel.wake.function import Clients, Wake, assemble
from pixel.wake.settings import Settings

from .cable import Cable
from .player_page import PlayerPage

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow, pytest.mark.xdist_group("self_stop")]

GRACE = 10.0
"""Seconds that the member waits for its people; two minutes where it is not set."""
LOSS = 3.0
"""Seconds without a network: a greater part of the grace than ten seconds are of two minutes."""
SECRET = b"a secret of at least 32 bytes, for tests"
OTHERS_RECORD = "203.0.113.7"


@dataclass(frozen=True)
class Leased:
    """A member that is leased to a session, and ready.

    Attributes:
        address: its public address, on whose `port` it serves.
        body: what the wake API answers about the session.
    """

    sandbox: RunningSandbox
    wake: Wake
    instance_id: str
    address: str
    port: int
    body: dict[str, Any]

    def session(self) -> dict[str, Any]:
        """Return what the API says of the session now."""
        return self.wake.sessions.show("ada", self.body["session"]).body()

    def state(self) -> str:
        """Return the instance's state."""
        return self.sandbox.instance_state(self.instance_id)


@pytest.fixture(scope="module")
def member(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Leased]:
    """A member that runs as processes, woken by the function; the module's last test has it stop."""
    with running_sandbox(tmp_path_factory.mktemp("sandbox"), members="processes") as sandbox:
        sandbox.reset()
        sandbox.sandbox.members.set_settings({"lifecycle": {"grace": GRACE}})
        settings = Settings(sandbox.state.lease_table, sandbox.state.zone, sandbox.state.zone_id, token_secret="")
        wake = assemble(settings, Clients(sandbox.dynamodb, sandbox.ec2, sandbox.route53), lambda: SECRET)
        publish(sandbox, OTHERS_RECORD)
        tags = [{"Key": "pixel:pool", "Value": "drone"}]
        (instance_id,) = sandbox.launch(TagSpecifications=[{"ResourceType": "instance", "Tags": tags}])
        session = wake.sessions.open("ada", "key", "drone").session.session
        try:
            asyncio.run(becomes(lambda: show(wake, session, "ready"), "the session is ready"))
            body = wake.sessions.show("ada", session).body()
            port = sandbox.sandbox.members.site.https
            yield Leased(sandbox, wake, instance_id, body["ip"], port, body)
        finally:
            sandbox.reset()


async def show(wake: Wake, session: str, state: str) -> bool:
    """Ask as a caller does who waits for a state."""
    return bool(wake.sessions.show("ada", session).body()["state"] == state)


def publish(sandbox: RunningSandbox, address: str) -> None:
    """Create the record of an address."""
    record = {
        "Name": record_name(address, sandbox.state.zone),
        "Type": "A",
        "TTL": 60,
        "ResourceRecords": [{"Value": address}],
    }
    sandbox.client("route53").change_resource_record_sets(
        HostedZoneId=sandbox.state.zone_id,
        ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]},
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


def page_address(member: Leased) -> str:
    """Return where the member's page is; its name leads here too."""
    return f"https://{member.address}:{member.port}/"


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="guessed the host name"),
        pytest.param(tokens.mint(SECRET, "a session before", 1, "player"), id="has the token of another session"),
    ],
)
async def test_whoever_has_no_token_of_this_session_is_not_let_in(
    member: Leased, context: BrowserContext, token: str
) -> None:
    page = await PlayerPage.new(context, page_address(member), token)
    await page.open()
    await page.reaches("ended")
    await page.says("This link is not valid")
    assert (
        "connected"
        not in member.sandbox.dynamodb.get_item(
            TableName=member.sandbox.state.lease_table, Key={"instance_id": {"S": member.instance_id}}
        )["Item"]
    )


async def test_a_reload_a_second_tab_and_a_lost_network_keep_the_session_and_leaving_ends_it(
    member: Leased, context: BrowserContext
) -> None:
    token = member.body["tokens"]["player"]
    first = await PlayerPage.new(context, page_address(member), token)
    await first.open()
    await first.plays()
    await first.reload()
    await first.plays()

    async with Cable(member.address, member.port) as cable:
        second = await PlayerPage.new(context, f"https://127.0.0.1:{cable.port}/", token)
        await second.open()
        await second.plays()
        await first.plays()
        await first.tab.close()
        await second.plays()
        assert member.session()["state"] == "ready"

        await cable.pull()
        await second.reaches("reconnecting")
        await asyncio.sleep(LOSS)
        cable.plug()
        await second.plays()
        assert (member.session()["state"], member.state()) == ("ready", "running")

        await second.tab.close()

    async def stopped() -> bool:
        return await asyncio.to_thread(member.state) == "stopped"

    await becomes(stopped, "the member has stopped")
    assert members_records(member.sandbox) == [OTHERS_RECORD]
    assert member.session()["reason"] == "left"
