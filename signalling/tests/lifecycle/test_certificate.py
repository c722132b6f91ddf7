"""The certificate fetcher: what the secret holds is served, unless it could not be."""

from __future__ import annotations

import json
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pixel.sandbox.testing import RunningSandbox
from pixel.signalling.certificate import CHAIN, KEY, FetchError, Pair, fetch, main, parse_pair, put_in_place
from self_signed import self_signed

NOW = datetime.now(UTC)
SECRET = "pixel/certificate"


def new_pair(begins: timedelta = timedelta(days=-1), ends: timedelta = timedelta(days=30)) -> Pair:
    """A certificate that signs itself, and its key."""
    return Pair(*self_signed(["*.pixel.test"], begins=begins, ends=ends))


def secret_of(pair: Pair) -> str:
    return json.dumps({"fullchain": pair.fullchain, "privkey": pair.privkey})


def in_folder(folder: Path) -> Pair:
    return Pair((folder / CHAIN).read_text(), (folder / KEY).read_text())


@pytest.fixture(scope="module")
def pair() -> Pair:
    return new_pair()


def test_the_pair_in_the_secret_comes_to_the_folder(pair, tmp_path):
    assert fetch(SECRET, tmp_path / "tls", lambda _: secret_of(pair))
    assert in_folder(tmp_path / "tls") == pair


def test_what_was_fetched_can_be_served(pair, tmp_path):
    fetch(SECRET, tmp_path, lambda _: secret_of(pair))
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tmp_path / CHAIN, tmp_path / KEY)


def test_the_key_is_its_owner_s_alone(pair, tmp_path):
    put_in_place(pair, tmp_path)
    assert stat.S_IMODE((tmp_path / KEY).stat().st_mode) == 0o600


def test_the_same_pair_again_touches_no_file(pair, tmp_path):
    put_in_place(pair, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert not put_in_place(pair, tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_windows_line_ends_in_the_secret_are_no_difference(pair, tmp_path):
    windows = Pair(pair.fullchain.replace("\n", "\r\n"), pair.privkey.replace("\n", "\r\n"))
    assert fetch(SECRET, tmp_path, lambda _: secret_of(pair))
    assert not fetch(SECRET, tmp_path, lambda _: secret_of(windows))


def test_a_renewed_pair_replaces_the_old_one_and_leaves_nothing_else(pair, tmp_path):
    put_in_place(pair, tmp_path)
    renewed = new_pair()
    assert put_in_place(renewed, tmp_path)
    assert in_folder(tmp_path) == renewed
    assert {path.name for path in tmp_path.iterdir()} == {CHAIN, KEY}


@pytest.mark.parametrize("left", ["only the key is new", "parts lie about", "only a chain is there"])
def test_a_fetch_that_was_killed_is_made_good_by_the_next(pair, tmp_path, left):
    put_in_place(new_pair(), tmp_path)
    if left == "only the key is new":
        (tmp_path / KEY).write_text(pair.privkey)
    elif left == "parts lie about":
        (tmp_path / f"{KEY}.part").write_text("half")
    else:
        (tmp_path / KEY).unlink()
    assert put_in_place(pair, tmp_path)
    assert in_folder(tmp_path) == pair


@pytest.mark.parametrize(
    ("secret", "complaint"),
    [
        pytest.param("", "does not hold JSON", id="nothing"),
        pytest.param("[]", "does not hold JSON", id="a list"),
        pytest.param('{"fullchain": 1, "privkey": 2}', "does not hold JSON", id="numbers"),
        pytest.param('{"fullchain": "", "privkey": ""}', "does not hold JSON", id="no PEM"),
        pytest.param(secret_of(Pair(new_pair().fullchain, new_pair().privkey)), "is not the key", id="another's key"),
        pytest.param(secret_of(new_pair(ends=timedelta(hours=-1))), "is valid from", id="expired"),
        pytest.param(secret_of(new_pair(begins=timedelta(hours=1))), "is valid from", id="not yet valid"),
    ],
)
def test_what_could_not_be_served_leaves_the_old_pair_in_place(pair, tmp_path, secret, complaint):
    put_in_place(pair, tmp_path)
    with pytest.raises(FetchError, match=complaint):
        fetch(SECRET, tmp_path, lambda _: secret)
    assert in_folder(tmp_path) == pair


def test_no_complaint_shows_the_key(pair):
    with pytest.raises(ValueError, match="JSON") as complaint:
        parse_pair(secret_of(pair)[:-1], NOW)
    assert "PRIVATE" not in str(complaint.value)


def test_a_network_that_comes_late_is_waited_for(pair, tmp_path):
    answers = iter([OSError("no route"), OSError("no route"), secret_of(pair)])
    waits = []

    def read(_: str) -> str:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    assert fetch(SECRET, tmp_path, read, waits.append)
    assert waits == [1.0, 2.0]


def test_a_network_that_never_comes_is_told_after_five_minutes(tmp_path):
    waits = []

    def read(_: str) -> str:
        raise OSError("no route")

    with pytest.raises(FetchError, match="no route"):
        fetch(SECRET, tmp_path, read, waits.append)
    assert 300 <= sum(waits) <= 330


def test_a_refusal_for_good_is_not_waited_for(tmp_path):
    def read(_: str) -> str:
        raise FetchError("no")

    with pytest.raises(FetchError, match="no"):
        fetch(SECRET, tmp_path, read, lambda _: pytest.fail("it waited"))


def test_a_folder_that_cannot_be_written_is_named(pair, tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(FetchError, match=r"cannot be written to .*file.* \(from --folder\)"):
        fetch(SECRET, file, lambda _: secret_of(pair))


# On the sandbox


def test_the_command_fetches_from_secrets_manager(sandbox: RunningSandbox, pair, tmp_path, capsys):
    sandbox.client("secretsmanager").create_secret(Name=SECRET, SecretString=secret_of(pair))
    for _ in range(2):
        assert main(["fetch", "--secret", SECRET, "--folder", str(tmp_path)]) == 0
    assert [line.split()[5] for line in capsys.readouterr().out.splitlines()] == ["put", "unchanged"]
    assert in_folder(tmp_path) == pair


def test_a_secret_that_does_not_exist_is_told_with_the_mend(sandbox: RunningSandbox, tmp_path, capsys):
    assert main(["fetch", "--secret", "nobody/s", "--folder", str(tmp_path)]) == 1
    assert "correct --secret" in capsys.readouterr().err
