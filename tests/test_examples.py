"""Every example runs and ends well."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from elastinet.cli.mpi.flavour import flavour
from elastinet.fabric.agent.launch import has_lent_ids
from elastinet.fabric.kernel.features import find

SHARED = "region.py"  # no example: what they have in common
FOLDER = Path(__file__).parent.parent / "examples"
BESIDE = str(Path(sys.executable).parent)
NEEDS = {
    "rack_fails": shutil.which("etcd", path=BESIDE),
    "efa_bypass": shutil.which("fi_pingpong"),
    "mpi_over_efa": None if flavour().efa_fault else shutil.which("mpicc.openmpi"),
    "dpdk_middlebox": shutil.which("dpdk-testpmd"),
    "ansible_over_ssh": find("sshd") if os.geteuid() == 0 or has_lent_ids() else None,
    "nginx_by_cloud_config": find("mmdebstrap") if "ELASTINET_REGISTRY" in os.environ else None,
    "nat_instance": find("iptables"),
    "podman": find("podman") if os.geteuid() == 0 or has_lent_ids() else None,
}
"""The programs that some examples need more than others; make test fetches or installs them where it may.

What fetches packages from Debian, which takes minutes, runs with ELASTINET_REGISTRY only.
"""
EXAMPLES = sorted(path for path in FOLDER.glob("*.py") if path.name != SHARED)


@pytest.mark.in_turn(3)
@pytest.mark.timeout(300)
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example(example):
    if NEEDS.get(example.stem, "") is None:
        pytest.skip(
            "the program that it needs is not installed, or has a fault, or ELASTINET_REGISTRY is not set"
        )
    done = subprocess.run(
        [sys.executable, str(example)], capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
