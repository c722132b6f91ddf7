"""A wake API and a member to talk to, and a client that has been told where they are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pixel.client import attachments
from pixel.client.pace import Pace
from pixel.client.settings import Settings

from . import fake_api, fake_member
from .certificates import Certificates, issue

KEY = "a-key-of-a-class-0123456789"
PLAYER_TOKEN = "player-token-never-shown"
CONTROLLER_TOKEN = "controller-token-never-shown"
HOSTNAME = "drone-127-0-0-1.pixel.test"


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A certificate for the member's name."""
    return issue(HOSTNAME, tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def member(certificates: Certificates) -> Iterator[fake_member.FakeMember]:
    """A member that answers on its control socket."""
    with fake_member.serving(fake_member.FakeMember(CONTROLLER_TOKEN), certificates.server_context()) as member:
        yield member


@pytest.fixture
def wake_api(member: fake_member.FakeMember) -> Iterator[fake_api.FakeWakeApi]:
    """A wake API with one pool, `drone`, whose members are ready at once."""
    ready = {
        "ip": "127.0.0.1",
        "hostname": HOSTNAME,
        "url": f"https://{HOSTNAME}:{member.port}/#token={PLAYER_TOKEN}",
        "tokens": {"player": PLAYER_TOKEN, "controller": CONTROLLER_TOKEN},
    }
    with fake_api.serving(fake_api.FakeWakeApi(KEY, ready)) as fake:
        yield fake


@pytest.fixture
def settings(wake_api: fake_api.FakeWakeApi, certificates: Certificates) -> Settings:
    """Settings that reach the API and trust the member."""
    return Settings(wake_api.address, KEY, certificates.ca)


@pytest.fixture
def environment(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same settings, from the environment."""
    monkeypatch.setenv("PIXEL_API", settings.api)
    monkeypatch.setenv("PIXEL_API_KEY", settings.key)
    monkeypatch.setenv("PIXEL_CA_FILE", str(settings.ca_file))


@pytest.fixture
def quick() -> Pace:
    """A pace that does not keep a test waiting."""
    return Pace(first=0.01, longest=0.05, patience=30)


@pytest.fixture
def impatient() -> Pace:
    """A pace that gives up soon."""
    return Pace(first=0.01, longest=0.05, patience=0.3)


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process remembers of sessions does not go from one test to the next."""
    monkeypatch.setattr(attachments.ATTACHMENTS, "_all", {})
