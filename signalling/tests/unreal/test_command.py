"""`pixel sandbox stream` as it is called."""

from __future__ import annotations

import pytest

from pixel.sandbox.unreal.cli import main


def test_an_address_that_is_no_sockets_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--url", "http://127.0.0.1:8888"])

    assert end.value.code == 2
    assert "'http://127.0.0.1:8888' is no address of a WebSocket" in capsys.readouterr().err
