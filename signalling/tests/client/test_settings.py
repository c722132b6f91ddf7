"""Where the client takes its settings from, and what it says when they will not do."""

from __future__ import annotations

from pathlib import Path

import pytest

from pixel.client.errors import SettingsError
from pixel.client.settings import resolve

from .certificates import Certificates

API = "https://abc123.execute-api.us-east-2.amazonaws.com/prod"


def test_settings_come_from_the_environment() -> None:
    settings = resolve(environ={"PIXEL_API": API + "/", "PIXEL_API_KEY": "k", "PIXEL_CA_FILE": "/etc/ca.pem"})
    assert (settings.api, settings.key, settings.ca_file) == (API, "k", Path("/etc/ca.pem"))


def test_arguments_win_over_the_environment() -> None:
    settings = resolve(API, "mine", environ={"PIXEL_API": "https://other.example", "PIXEL_API_KEY": "other"})
    assert (settings.api, settings.key) == (API, "mine")


def test_what_is_missing_is_named_together_with_the_mend() -> None:
    with pytest.raises(SettingsError, match=r"^PIXEL_API and PIXEL_API_KEY not set: .* api= and key= to pixel.wake\)$"):
        resolve(environ={})
    with pytest.raises(SettingsError, match=r"^PIXEL_API_KEY not set: "):
        resolve(API, environ={})


@pytest.mark.parametrize("address", ["http://api.example/prod", "ftp://api.example", "api.example/prod", "https://"])
def test_a_key_is_never_sent_in_the_clear_over_a_network(address: str) -> None:
    with pytest.raises(SettingsError, match="must begin with https://"):
        resolve(address, "k", environ={})


@pytest.mark.parametrize("address", ["http://127.0.0.1:4566/prod", "http://localhost:1", "http://[::1]:80/prod"])
def test_this_computer_may_be_reached_without_tls(address: str) -> None:
    assert resolve(address, "k", environ={}).api == address


@pytest.mark.parametrize("key", ["with a blank", "line\nbreak", "smart“quote"])
def test_a_key_that_cannot_be_one_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(SettingsError) as refused:
        resolve(API, key, environ={})
    assert key not in str(refused.value)


def test_a_ca_file_without_certificates_names_its_setting(tmp_path: Path) -> None:
    empty = tmp_path / "ca.pem"
    empty.write_text("no certificate")
    for path in (empty, tmp_path / "absent.pem"):
        with pytest.raises(SettingsError, match="set PIXEL_CA_FILE, or ca_file=, to a PEM file"):
            resolve(API, "k", path, environ={}).tls()


def test_an_authority_of_ones_own_is_trusted_beside_the_public_ones(certificates: Certificates) -> None:
    public = len(resolve(API, "k", environ={}).tls().get_ca_certs())
    assert len(resolve(API, "k", certificates.ca, environ={}).tls().get_ca_certs()) == public + 1
