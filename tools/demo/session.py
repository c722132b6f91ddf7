"""The tour's second half: a person wakes a machine, sees it, commands it and walks away; and what becomes of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, sync_playwright

import pixel.client as pixel
from demo.browser import CHROMIUM, FLAGS
from demo.fleet import POOL, Tour
from demo.sandbox import DemoSandbox
from pixel.naming import record_name
from pixel.sandbox.members.site import HTTPS, https_port

GRACE = 10
"""Seconds that a member waits for its people to come back; two minutes unless it is set."""

STACK = "pixel"


NEEDS_443 = """
Members serve on port 443 of their own loopback addresses, which this system allows only root. For the session, run
   sudo sysctl net.ipv4.ip_unprivileged_port_start=443
and then this again."""


def members_can_serve() -> bool:
    """Whether this user may open the port that members are reached on."""
    return https_port() == HTTPS


class Watch:
    """A stopwatch that tells what happens, and when."""

    def __init__(self, tour: Tour) -> None:
        self._tour = tour
        self._began = time.monotonic()
        self._lock = threading.Lock()

    def tell(self, what: str) -> None:
        """Print a line of the timeline."""
        with self._lock:
            self._tour.terminal.note(f"{time.monotonic() - self._began:6.1f} s  {what}")


def lay_foundation(tour: Tour, grace: int = GRACE) -> None:
    """Deploy the wake path, as on AWS; members that boot from now on are processes, and wait `grace` seconds."""
    tour.playbook("The wake path: table, function, API, rules, by CloudFormation", "site")
    tour.sandbox.boot_members(lifecycle={"grace": grace})


def api_of(sandbox: DemoSandbox) -> tuple[str, str]:
    """Return the wake API's address on the sandbox and the key of its first caller."""
    (stack,) = sandbox.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    keys = sandbox.client("apigateway").get_api_keys(includeValues=True)["items"]
    return f"{sandbox.facts.endpoint}/_apis/{outputs['ApiId']}/v1", keys[0]["value"]


def wake(sandbox: DemoSandbox) -> pixel.Session:
    """Wake a machine through the client, as a notebook's cell does."""
    api, key = api_of(sandbox)
    return pixel.wake(POOL, api=api, key=key, ca_file=sandbox.facts.ca_file)


@contextmanager
def chromium(host: str, address: str) -> Iterator[Page]:
    """Open the browser, in which one name has the address that the sandbox's DNS gives it."""
    with sync_playwright() as playwright:
        flags = [*FLAGS, f"--host-resolver-rules=MAP {host} {address}"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        try:
            yield browser.new_context(ignore_https_errors=True).new_page()
        finally:
            browser.close()


def one_session(tour: Tour) -> None:
    """Wake, look, command, leave; then watch the machine give everything back."""
    tour.terminal.step("A student runs one cell: wake, look, command, walk away")
    watch = Watch(tour)
    session = wake(tour.sandbox)
    watch.tell(f"POST /sessions: session {session.id[:8]} has a machine of its own")
    session.wait_ready(progress=False)
    host = str(session.hostname)
    address = resolve(tour.sandbox, host)
    watch.tell(f"ready: {host}, which the zone's DNS resolves to {address}")
    with chromium(host, address) as page:
        page.goto(str(session.url))
        page.wait_for_function("() => document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames > 0")
        watch.tell("the browser shows Unreal's first picture")
        watch.tell(f"the notebook sends DroneColor-Red, and Unreal answers {session.ask('DroneColor-Red')!r}")
        member = member_at(tour, address)
        watch.tell("the tab is closed; the member waits whether anybody comes back")
    follow_the_end(tour, watch, member, address)


def resolve(sandbox: DemoSandbox, host: str) -> str:
    """Ask the sandbox's DNS server for a name's address."""
    from dnslib import DNSRecord

    server, port = sandbox.facts.dns.split(":")
    answer = DNSRecord.parse(DNSRecord.question(host).send(server, int(port), timeout=5))
    return str(answer.rr[0].rdata)


def member_at(tour: Tour, address: str) -> str:
    """Return the id of the member that has a public address."""
    return next(one["InstanceId"] for one in tour.instances(["running"]) if one.get("PublicIpAddress") == address)


def follow_the_end(tour: Tour, watch: Watch, member: str, address: str) -> None:
    """Tell each step of the member's giving back, as it happens; until it can be leased again."""
    sandbox = tour.sandbox
    dynamodb, route53 = sandbox.client("dynamodb"), sandbox.client("route53")

    def lease() -> str:
        key = {"instance_id": {"S": member}}
        item = dynamodb.get_item(TableName=sandbox.facts.lease_table, Key=key, ConsistentRead=True).get("Item", {})
        return str(item.get("state", {}).get("S", "free"))

    def published() -> bool:
        name = record_name(address, sandbox.facts.zone)
        found = route53.list_resource_record_sets(
            HostedZoneId=sandbox.facts.zone_id, StartRecordName=name, StartRecordType="A", MaxItems="1"
        )["ResourceRecordSets"]
        return bool(found) and found[0]["Name"].rstrip(".") == name

    def state() -> str:
        return str(
            tour.ec2.describe_instances(InstanceIds=[member])["Reservations"][0]["Instances"][0]["State"]["Name"]
        )

    steps: list[tuple[str, Any]] = [
        ("drained: nobody can lease it now, and it takes no newcomers", lambda: lease() != "in_use"),
        (f"its record is deleted: {record_name(address, sandbox.facts.zone)}", lambda: not published()),
        ("EC2 stops it", lambda: state() in ("stopping", "stopped")),
        ("stopped", lambda: state() == "stopped"),
        ("free: the next person can have it", lambda: lease() == "free"),
    ]
    deadline = time.monotonic() + 120
    for what, done in steps:
        while not done():
            if time.monotonic() > deadline:
                raise TimeoutError(f"the member did not come to: {what}")
            time.sleep(0.1)
        watch.tell(what)
