"""Settings: where they come from, which wins, and what is said when they are wrong."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from pixel.signalling.cli import main
from pixel.signalling.settings import Settings, StreamerSettings
from pixel.signalling.settings_sources import SettingsError, _settings, add_flags, load

from .conftest import digest


def read(*flags: str, **environment: str) -> Settings:
    parser = argparse.ArgumentParser()
    add_flags(parser)
    return load(parser.parse_args(["--access-mode", "none", *flags]), environment)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pixel.toml"


def test_a_flag_beats_the_environment_and_the_environment_the_file(file: Path) -> None:
    file.write_text('[http]\nhost = "192.0.2.1"\nport = 1\nredirect_port = "off"\n')
    variables = {"PIXEL_SIGNALLING_CONFIG": str(file), "PIXEL_SIGNALLING_HTTP_PORT": "2"}
    assert read(**variables).http.host == "192.0.2.1"
    assert read(**variables).http.port == 2
    assert read("--http-port", "3", **variables).http.port == 3


def test_each_kind_of_value_can_be_given_everywhere(file: Path) -> None:
    file.write_text(
        f"""
        [http]
        origins = ["https://a.example.org"]
        [webrtc]
        peer_connection_options = {{ iceServers = [] }}
        [commands]
        compatibility = false
        expiry = 5
        [access]
        players = ["{digest("x")}"]
        [lifecycle]
        grace = "never"
        """
    )
    from_file = read("--config", str(file))
    from_flags = read(
        *("--http-origins", "https://a.example.org", "--webrtc-peer-connection-options", '{"iceServers": []}'),
        *("--commands-compatibility", "false", "--commands-expiry", "5", "--access-players", digest("x")),
        *("--lifecycle-grace", "never"),
    )
    assert from_file == from_flags
    assert from_file.http.origins == ("https://a.example.org",)


def test_streamers_are_awaited_on_loopback() -> None:
    assert StreamerSettings().host == "127.0.0.1"


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (["--http-port", "x"], r"http\.port 'x' \(from --http-port\) is not a port number"),
        (["--http-port", "70000"], r"http\.port is 70000: give a port from 0 .* \(from --http-port\)"),
        (["--http-port", "off"], r"http\.port is \"off\""),
        (["--http-origins", "example.org"], r"http\.origins holds 'example\.org'"),
        (["--http-frame-ancestors", "a;b"], r"http\.frame_ancestors holds 'a;b'"),
        (["--http-metrics-networks", "10.0.0.0/33"], r"http\.metrics_networks holds '10\.0\.0\.0/33'"),
        (["--tls-certificate", "c.pem"], r"tls\.key is empty.*set both"),
        (["--streamer-protocol", "old"], r"streamer\.protocol is 'old': give auto, modern or legacy"),
        (["--limits-ping-interval", "0"], r"limits\.ping_interval is 0"),
        (["--webrtc-turn-urls", "turn:x"], r"webrtc\.turn_secret is empty"),
        (["--commands-compatibility", "maybe"], r"commands\.compatibility 'maybe' .* is not true or false"),
        (["--lifecycle-grace", "0"], r"lifecycle\.grace is 0.* \(from --lifecycle-grace\)"),
        (["--log-level", "loud"], r"log\.level is 'loud'"),
        (["--access-mode", "tokens"], r"access\.players is empty, so that nobody could come in"),
    ],
)
def test_a_wrong_setting_is_named_with_its_place_and_the_mend(flags: list[str], complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        read(*flags)


def test_a_token_in_place_of_its_digest_is_not_repeated() -> None:
    with pytest.raises(SettingsError, match=r"access\.players has no SHA-256 in place 1") as complaint:
        read("--access-players", "the-token-itself")
    assert "the-token-itself" not in str(complaint.value)


def test_the_turn_secret_is_shown_nowhere() -> None:
    variables = {
        "PIXEL_SIGNALLING_WEBRTC_TURN_SECRET": "s3cret",
        "PIXEL_SIGNALLING_WEBRTC_TURN_URLS": "turn:t.example.org",
    }
    settings = read(**variables)
    assert settings.webrtc.turn_secret == "s3cret"
    assert "s3cret" not in repr(settings)
    parser = argparse.ArgumentParser()
    add_flags(parser)
    assert "turn-secret" not in parser.format_help()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("http = 1", "http in .* is no setting"),
        ("[http]\nprot = 1", r"http\.prot in .* is no setting"),
        ("[http", "is no TOML"),
        ('[http]\nport = "1"', r"http\.port '1' .* is not a port number"),
        ("[http]\nport = true", r"http\.port True"),
    ],
)
def test_a_wrong_file_is_named(file: Path, text: str, complaint: str) -> None:
    file.write_text(text)
    with pytest.raises(SettingsError, match=complaint):
        read("--config", str(file))


def test_a_missing_file_is_named() -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml cannot be read: No such file"):
        read("--config", "nowhere.toml")


def test_a_misspelt_variable_is_named() -> None:
    with pytest.raises(SettingsError, match=r"\$PIXEL_SIGNALLING_HTTP_PROT is no setting"):
        read(PIXEL_SIGNALLING_HTTP_PROT="1")


def test_check_says_that_the_settings_can_be_used(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--access-mode", "none"]) == 0
    assert capsys.readouterr().out == "the settings can be used\n"


def test_check_reads_the_certificate_too(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    missing = str(tmp_path / "c.pem")
    assert main(["check", "--access-mode", "none", "--tls-certificate", missing, "--tls-key", missing]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_a_wrong_setting_ends_the_program_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--http-port", "x"]) == 2
    assert capsys.readouterr().err.startswith("pixel signalling: http.port 'x'")


def test_every_setting_is_explained() -> None:
    assert [setting.dotted for setting in _settings() if not setting.summary] == []


def test_help_lists_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    assert "--streamer-protocol auto|modern|legacy" in capsys.readouterr().out
