"""The wake path as it is deployed: from `playbooks/site.yml` to a machine of one's own, and back to nothing."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from dnslib import DNSRecord

from pixel.sandbox.members.site import HTTPS
from pixel.sandbox.testing import RunningSandbox, running_sandbox
from playbook_runs import Run

PATIENCE = 120.0
"""Seconds after which a condition is given up: long, since the machine may be busy with other tests."""
Playbook = Callable[..., Run]


@pytest.fixture
def members(sandbox: RunningSandbox, tmp_path: Path) -> Iterator[RunningSandbox]:
    """The sandbox, in which instances of a pool are machines."""
    if sandbox.sandbox.members.site.https != HTTPS:
        pytest.skip("port 443 may not be opened: run 'sysctl net.ipv4.ip_unprivileged_port_start=443' as root")
    with running_sandbox(tmp_path / "members", members="processes"):
        yield sandbox


@pytest.fixture
def site(playbook: Playbook, tmp_path: Path) -> Playbook:
    """Run `playbooks/site.yml`, with a code package of the test's own."""
    return lambda **variables: playbook("site", pixel_wake_package=str(tmp_path / "wake.zip"), **variables)


class Caller:
    """Somebody who has one of the stack's API keys."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self._sandbox = sandbox
        (api,) = sandbox.sandbox.status()["apis"]
        keys = sandbox.client("apigateway").get_api_keys(includeValues=True)["items"]
        headers = {"x-api-key": keys[0]["value"], "idempotency-key": "one"}
        self.api = httpx.Client(base_url=api["url"], headers=headers, timeout=35, trust_env=False)

    def wake(self) -> dict[str, Any]:
        """Open a session and wait until it is ready."""
        opened = self.api.post("/sessions", json={"pool": "drone"})
        assert opened.status_code == 202, opened.text
        return until(lambda: self.session(opened.json()["session"]), lambda found: found["state"] == "ready")

    def session(self, session: str) -> dict[str, Any]:
        """Return the session as the API shows it."""
        return dict(self.api.get(f"/sessions/{session}").json())

    def page(self, ready: dict[str, Any], path: str) -> httpx.Response:
        """Ask the machine, by the name that DNS knows, and trusting only the sandbox's authority."""
        host, port = self._sandbox.state.dns.split(":")
        answer = DNSRecord.parse(DNSRecord.question(ready["hostname"]).send(host, int(port)))
        trusted = ssl.create_default_context(cafile=self._sandbox.state.ca_file)
        with httpx.Client(verify=trusted, trust_env=False) as client:
            return client.get(
                f"https://{answer.short()}{path}",
                headers={"Host": ready["hostname"]},
                extensions={"sni_hostname": ready["hostname"]},
            )


def until(look: Callable[[], Any], good: Callable[[Any], bool]) -> Any:
    """Look until what is found is good, and return it."""
    deadline = time.monotonic() + PATIENCE
    pause = 0.1
    while not good(found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(pause)
        pause = min(pause * 1.5, 1.0)
    return found


def a_stopped_member(sandbox: RunningSandbox) -> str:
    """Return a member with the stack's instance profile."""
    outputs = sandbox.client("cloudformation").describe_stacks(StackName="pixel")["Stacks"][0]["Outputs"]
    profile = next(one["OutputValue"] for one in outputs if one["OutputKey"] == "MemberInstanceProfileName")
    tags = [{"Key": "pixel:pool", "Value": "drone"}, {"Key": "pixel:release", "Value": "1.0.0"}]
    (member,) = sandbox.launch(
        1,
        IamInstanceProfile={"Name": profile},
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )
    until(lambda: sandbox.instance_state(member), lambda state: state == "running")
    sandbox.ec2.stop_instances(InstanceIds=[member])
    until(lambda: sandbox.instance_state(member), lambda state: state == "stopped")
    return member


def names(sandbox: RunningSandbox) -> list[str]:
    """Return the names of members in the zone."""
    records = sandbox.route53.list_resource_record_sets(HostedZoneId=sandbox.state.zone_id)["ResourceRecordSets"]
    return [record["Name"] for record in records if record["Type"] == "A"]


def left_of_the_stack(sandbox: RunningSandbox) -> dict[str, list[Any]]:
    """Return what there is of what the stack makes."""
    gateway = sandbox.client("apigateway")
    return {
        "apis": gateway.get_rest_apis()["items"],
        "keys": gateway.get_api_keys()["items"],
        "plans": gateway.get_usage_plans()["items"],
        "functions": sandbox.client("lambda").list_functions()["Functions"],
        "rules": sandbox.client("events").list_rules()["Rules"],
        "alarms": sandbox.client("cloudwatch").describe_alarms()["MetricAlarms"],
        "secrets": sandbox.client("secretsmanager").list_secrets()["SecretList"],
        "roles": sandbox.client("iam").list_roles()["Roles"],
        "logs": sandbox.client("logs").describe_log_groups()["logGroups"],
        "buckets": sandbox.client("s3").list_buckets()["Buckets"],
    }


@pytest.mark.slow
def test_the_foundation_carries_a_session_and_goes_only_when_it_has_ended(
    members: RunningSandbox, site: Playbook
) -> None:
    made = site()
    assert made.ok, made.output
    assert all(left_of_the_stack(members).values())
    again = site()
    assert (again.ok, again.changed) == (True, False), again.output

    member = a_stopped_member(members)
    caller = Caller(members)
    ready = caller.wake()
    assert caller.page(ready, "/readyz").status_code == 200

    refused = site(pixel_foundation_state="absent")
    assert not refused.ok
    assert f"1 sessions live ({member})" in refused.message

    assert caller.api.delete(f"/sessions/{ready['session']}").json()["state"] == "ended"
    until(lambda: members.instance_state(member), lambda state: state == "stopped")
    assert until(lambda: names(members), lambda found: not found) == []
    assert caller.session(ready["session"])["reason"] == "closed"

    gone = site(pixel_foundation_state="absent")
    assert gone.ok, gone.output
    assert not any(left_of_the_stack(members).values())
