"""`make image`: an image from an Unreal build to a release, on the sandbox, start to finish."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from pixel.sandbox.testing import running_sandbox

from .workshop import workshop


def main() -> int:
    """Build, verify and release an image; return the exit code."""
    parser = argparse.ArgumentParser(prog="make image", description=__doc__)
    parser.add_argument("--release", default="1.4.0", help="the release to build (default %(default)s)")
    release = parser.parse_args().release
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pixel-image-") as name:
        folder = Path(name)
        with running_sandbox(folder / "state") as sandbox, workshop(sandbox, folder) as shop:
            for playbook, settings in (("image", {}), ("release", {"pixel_size": 1})):
                run = shop.play(playbook, release, shown=True, **settings)
                if run.returncode != 0:
                    return run.returncode
            changed = len(shop.host.journal.changed())
            tags = {one["Key"]: one["Value"] for one in shop.images()[0]["Tags"]}
    listed = "".join(f"  {key} = {value}\n" for key, value in sorted(tags.items()))
    sys.stdout.write(
        f"\n{changed} modules changed the stand-in host. The image's tags:\n{listed}"
        f"From the build to a member of the release in {time.monotonic() - started:.0f} s\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
