"""An image whose member never gets ready."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pixel.sandbox.testing import RunningSandbox

from .builder import small_wheelhouse
from .workshop import workshop


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("packer") is None, reason="packer is not installed")
def test_an_image_whose_member_never_gets_ready_is_deregistered(sandbox: RunningSandbox) -> None:
    folder: Path = sandbox.folder  # type: ignore[attr-defined] # set by the fixture
    with workshop(sandbox, folder, silent_member=True) as shop:
        wheelhouse = str(small_wheelhouse(folder / "wheelhouse.zip"))
        run = shop.play("image", pixel_prebuilt_wheelhouse=wheelhouse, pixel_verify_timeout=2)
        said = " ".join(run.stdout.split())
        assert run.returncode != 0
        assert "built but not verified" in said and "/readyz did not say 200 within 2 s" in said
        assert shop.images() == []
        assert shop.left_behind() == {"instances": [], "groups": [], "keys": []}
