"""The image, built and run by Podman, as far as a machine without an engine lets one: `scripts/container-check`."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ASKED = "ELASTINET_CONTAINER_CHECK"


@pytest.mark.timeout(1800)
@pytest.mark.skipif(
    ASKED not in os.environ, reason=f"an image takes minutes and packages: {ASKED}=1 asks for it"
)
@pytest.mark.skipif(os.geteuid() != 0, reason="a Debian with Podman in it takes root")
@pytest.mark.skipif(not shutil.which("mmdebstrap"), reason="mmdebstrap is not installed")
def test_the_image() -> None:
    done = subprocess.run([ROOT / "scripts" / "container-check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("ok: ") >= 10
