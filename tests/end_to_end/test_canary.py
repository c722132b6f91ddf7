"""A release comes into service only when a canary of it has passed; otherwise everything stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from pixel.sandbox.testing import RunningSandbox
from playbook_runs import Run
from self_signed import self_signed

from .fleets import instances, leases, pool_in_service, records, template_releases

Playbook = Callable[..., Run]
Image = Callable[..., str]
Break = Callable[[RunningSandbox, Path, pytest.MonkeyPatch], None]

pytestmark = pytest.mark.slow


def streamer_never_connects(sandbox: RunningSandbox, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    """Unreal looks for the service where it is not."""
    sandbox.sandbox.members.set_settings({"streamer": {"port": 8899}})


def certificate_expired(sandbox: RunningSandbox, folder: Path, _patch: pytest.MonkeyPatch) -> None:
    """The certificate was good until an hour ago."""
    expired = self_signed([f"*.{sandbox.state.zone}"], begins=timedelta(days=-90), ends=timedelta(hours=-1))
    certificate, key = expired.written(folder)
    trusted = Path(sandbox.state.ca_file)
    trusted.write_text(trusted.read_text() + expired.certificate)
    sandbox.sandbox.members.set_settings({"tls": {"certificate": str(certificate), "key": str(key)}})


def wrong_protocol(sandbox: RunningSandbox, _folder: Path, _patch: pytest.MonkeyPatch) -> None:
    """Unreal is 4.27, and the service insists on the protocol of 5.5."""
    sandbox.sandbox.members.set_settings({"streamer": {"protocol": "modern"}, "unreal": {"legacy": True}})


def page_missing(_sandbox: RunningSandbox, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """The service was installed without its page."""
    unbuilt = "import pixel.signalling.site\npixel.signalling.site.installed_page = dict\n"
    (folder / "sitecustomize.py").write_text(unbuilt)
    patch.setenv("PYTHONPATH", str(folder))


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (streamer_never_connects, ["/readyz did not say 200", '"streamer": false']),
        (certificate_expired, ["certificate has expired"]),
        (wrong_protocol, ["Unreal does not speak the protocol"]),
        (page_missing, ["the player page is not served: / answered 404"]),
    ],
)
def test_a_bad_canary_stops_the_release_and_everything_stays_as_it_was(
    canaries: RunningSandbox,
    playbook: Playbook,
    image: Image,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    broken: Break,
    told: list[str],
) -> None:
    pool_in_service(canaries, "1.0.0", image("1.0.0"), members=2)
    image("1.1.0")
    before = instances(canaries)
    broken(canaries, tmp_path, monkeypatch)

    run = playbook("release", pixel_release="1.1.0", pixel_size=2, pixel_canary=True, pixel_verify_timeout=8)

    assert not run.ok
    assert [word for word in [*told, "release 1.0.0 stays in service"] if word not in run.message] == [], run.message
    assert instances(canaries) == before
    assert template_releases(canaries) == ["1.0.0"]
    assert leases(canaries) == []
    (record,) = records(canaries, "1.1.0")
    assert record["outcome"] == "failed"
    assert told[0] in record["why"]
