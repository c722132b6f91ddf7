"""`playbooks/image.yml` on the sandbox, with a real `packer build` against the stand-in host."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pixel.sandbox.testing import RunningSandbox
from pixel.signalling.settings_sources import add_flags, load

from .builder import PROGRAM, small_wheelhouse
from .windows_host.machine import FIREWALL_RULES, Access
from .windows_host.paths import key
from .workshop import Workshop, workshop

pytestmark = pytest.mark.slow

ACCOUNT = r"NT SERVICE\PixelSignalling"
DATA = r"C:\ProgramData\Pixel"


@pytest.fixture(scope="module")
def built(sandbox: RunningSandbox) -> Iterator[Workshop]:
    """A workshop in which release 1.4.0 has been built and verified."""
    folder: Path = sandbox.folder  # type: ignore[attr-defined] # set by the fixture
    with workshop(sandbox, folder) as shop:
        shop.settings["pixel_prebuilt_wheelhouse"] = str(small_wheelhouse(folder / "wheelhouse.zip"))
        run = shop.play("image")
        assert run.returncode == 0, run.stdout
        yield shop


def image_tags(shop: Workshop) -> dict[str, str]:
    image = shop.image("1.4.0")
    return {tag["Key"]: tag["Value"] for tag in image["Tags"]}


def test_the_image_carries_what_it_was_made_from_and_that_it_was_verified(built: Workshop) -> None:
    tags = image_tags(built)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", tags.pop("pixel:certificate-expires"))
    assert tags.pop("pixel:git-commit")
    assert tags == {
        "Name": "pixel-drone-1.4.0",
        "pixel:pool": "drone",
        "pixel:release": "1.4.0",
        "pixel:unreal-version": "5.4",
        "pixel:build-sha256": built.settings["pixel_build"]["sha256"],
        "pixel:base-image": built.sandbox.state.base_image_id,
        "pixel:base-image-name": "Windows_Server-2022-English-Full-Base-2026.10.15",
        "pixel:driver-version": "582.16",
        "pixel:verified": "true",
    }


def test_the_snapshot_carries_the_release(built: Workshop) -> None:
    snapshot_id = built.image("1.4.0")["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    (snapshot,) = built.sandbox.client("ec2").describe_snapshots(SnapshotIds=[snapshot_id])["Snapshots"]
    assert {"Key": "pixel:release", "Value": "1.4.0"} in snapshot["Tags"]


def test_nothing_else_is_left_in_the_account(built: Workshop) -> None:
    assert built.left_behind() == {"instances": [], "groups": [], "keys": []}


def test_the_password_was_decrypted_and_accepted_at_once(built: Workshop) -> None:
    assert [entry for entry in built.host.journal if entry.kind == "refused"] == []


def test_sysprep_is_the_last_thing_that_is_run(built: Workshop) -> None:
    assert [entry.kind for entry in built.host.journal][-1] == "script"
    assert built.host.journal.scripts()[-1].splitlines() == [
        "& 'C:/Program Files/Amazon/EC2Launch/EC2Launch.exe' reset --block",
        "& 'C:/Program Files/Amazon/EC2Launch/EC2Launch.exe' sysprep --shutdown --block",
    ]


def test_the_service_starts_by_itself_under_an_account_without_a_password(built: Workshop) -> None:
    service = built.host.machine.services["pixelsignalling"]
    assert (service["username"], service["start_mode"], service.get("password")) == (ACCOUNT, "auto", None)


def test_the_service_accepts_the_settings_that_the_role_wrote(built: Workshop, tmp_path: Path) -> None:
    written = tmp_path / "signalling.toml"
    written.write_bytes(built.host.machine.read(rf"{DATA}\signalling\signalling.toml"))
    parser = argparse.ArgumentParser()
    add_flags(parser)
    settings = load(parser.parse_args(["--config", str(written)]), {})
    assert (settings.streamer.host, settings.streamer.port) == ("127.0.0.1", 8888)
    assert settings.tls.key == rf"{DATA}\tls\privkey.pem"


def test_unreal_is_started_off_screen_by_the_system_and_told_where_the_service_is(built: Workshop) -> None:
    task = built.host.machine.tasks[key(r"\Pixel\Run the application")]
    assert (task["username"], task["run_level"], task["triggers"][0]["type"]) == ("SYSTEM", "highest", "boot")
    started = json.loads(built.host.machine.read(r"C:\Program Files\Pixel\unreal.json"))
    assert started["program"] == "C:\\Program Files\\Pixel\\Application\\" + PROGRAM.replace("/", "\\")
    assert {"-RenderOffScreen", "-PixelStreamingURL=ws://127.0.0.1:8888"} <= set(started["arguments"])


def test_the_firewall_lets_players_in_and_nobody_to_the_streamers_port(built: Workshop) -> None:
    allowed = {(rule["protocol"], rule["localport"]) for rule in built.host.machine.firewall.values()}
    assert allowed == {("tcp", "80,443"), ("udp", "49152-65535")}


def test_the_key_can_be_read_by_the_service_and_the_system_alone(built: Workshop) -> None:
    machine, folder = built.host.machine, rf"{DATA}\tls"
    assert key(folder) in machine.closed
    assert machine.access[key(folder)] == {
        Access("SYSTEM", "FullControl", "allow"),
        Access(ACCOUNT, "ReadAndExecute", "allow"),
    }


def test_there_is_no_secret_on_the_host_but_that_key(built: Workshop) -> None:
    secret = re.compile(rb"PRIVATE KEY|AKIA[0-9A-Z]{16}|" + built.sandbox.state.secret_key.encode())
    found = [path for path, content in built.host.machine.files.items() if content and secret.search(content)]
    assert found == [key(rf"{DATA}\tls\privkey.pem")]


def test_winrm_starts_no_more(built: Workshop) -> None:
    assert built.host.machine.services["winrm"]["start_mode"] == "disabled"


def test_no_rule_for_winrm_stays_in_the_firewall(built: Workshop) -> None:
    rules = {name: rule for (place, name), rule in built.host.machine.registry.items() if place == key(FIREWALL_RULES)}
    assert [name for name, rule in rules.items() if "5986" in rule] == []


def test_the_checked_member_was_used_under_a_lease_of_which_nothing_is_left(built: Workshop) -> None:
    folder: Path = built.sandbox.folder  # type: ignore[attr-defined] # set by the fixture
    said = [json.loads(line) for line in (folder / "signalling.log").read_text().splitlines() if line.startswith("{")]
    assert "in_use" in [one["state"] for one in said if one["event"] == "member state"]
    items = built.sandbox.dynamodb.scan(TableName=built.sandbox.state.lease_table)["Items"]
    assert [item for item in items if "session" in item] == []


def test_the_variables_with_the_key_are_gone_from_this_machine(built: Workshop) -> None:
    work = Path(built.settings["pixel_image_work"])
    assert not (work / "host.json").exists()
    assert [path for path in work.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()] == []


def test_the_image_is_released(built: Workshop) -> None:
    run = built.play("release", pixel_size=0)
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize(
    ("broken", "step"),
    [
        pytest.param({"driver-not-loaded"}, "Prove that the driver is loaded", marks=pytest.mark.soak),
        pytest.param({"healthz"}, "Prove that the service answers", marks=pytest.mark.soak),
        ({"streamer-open"}, "Prove that the streamer's port cannot be reached from outside"),
    ],
)
def test_a_failing_test_in_the_image_publishes_nothing(built: Workshop, broken: set[str], step: str) -> None:
    built.host.machine.broken |= broken
    try:
        run: Any = built.play("image", "1.5.0")
    finally:
        built.host.machine.broken -= broken
    assert run.returncode != 0
    said = " ".join(run.stdout.split("Say which step failed")[-1].split()).replace("''", "'")  # as YAML quotes it
    assert f"step '{step}' failed" in said
    assert "pixel-drone-1.5.0" not in [image["Name"] for image in built.images()]
    assert built.left_behind() == {"instances": [], "groups": [], "keys": []}


def test_the_logs_of_the_service_and_of_unreal_are_shipped(built: Workshop) -> None:
    agent = r"C:\ProgramData\Amazon\AmazonCloudWatchAgent\amazon-cloudwatch-agent.json"
    collected = json.loads(built.host.machine.read(agent))["logs"]["logs_collected"]["files"]["collect_list"]
    assert [one["file_path"] for one in collected] == [rf"{DATA}\unreal\*.log", rf"{DATA}\signalling\*.log"]
