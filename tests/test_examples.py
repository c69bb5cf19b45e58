"""Every example runs and ends well."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SHARED = "region.py"  # no example: what they have in common
FOLDER = Path(__file__).parent.parent / "examples"
ETCD = shutil.which("etcd", path=str(Path(sys.executable).parent))
WITH_ETCD = "rack_fails"
EXAMPLES = sorted(path for path in FOLDER.glob("*.py") if path.name != SHARED)


@pytest.mark.xdist_group("kernel-crash")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example(example):
    if example.stem == WITH_ETCD and ETCD is None:
        pytest.skip("no etcd beside this Python: make test fetches it")
    done = subprocess.run(
        [sys.executable, str(example)], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
