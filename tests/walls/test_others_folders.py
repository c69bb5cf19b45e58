"""What other users of the machine put where everybody may: an agent starts, and copies none of it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from machine import Machine
from parts import ALL, eni, group, guest, network, table

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="being another user takes root")
OTHER = 12345


@pytest.fixture
def theirs() -> Iterator[Path]:
    """A tree that the agent's user may not read everywhere, nor count in time."""
    top = Path(tempfile.mkdtemp(prefix="elastinet-test-", dir="/var/tmp"))
    try:
        for number in range(300):
            (top / f"{number}" / "deep" / "deeper").mkdir(parents=True)
        (top / "shut").mkdir(mode=0o000)
        for path in (top, *top.rglob("*")):
            os.chown(path, OTHER, OTHER)
        top.chmod(0o755)
        yield top
    finally:
        shutil.rmtree(top)


def test_a_tree_of_somebody_else_s(theirs: Path) -> None:
    with closing(Machine("rootless")) as machine:
        machine.boot(network(), table(), group(ALL), guest(1), eni(1, "10.0.1.10"))
        assert machine.among_mounts("ls", "-A", "/run/elastinet/skeleton/var/tmp") == ""
        assert machine.exec("i-1", f"touch {theirs}/x")[0] != 0
