"""What is started often imports little: neither what only others need, nor all of a package for a part of it."""

import subprocess
import sys

import pytest

NEEDLESS = {
    "elastinet.fabric.agent.server": {"asyncio", "botocore", "pyroute2.iproute", "rich", "ssl", "uvicorn"},
    "elastinet.serve.server": {
        "botocore",
        "cryptography",
        "prometheus_client",
        "pyroute2",
        "rich",
        "urllib3",
    },
    "elastinet.cli.exec": {"asyncio", "botocore", "cryptography", "pyroute2", "rich", "uvicorn"},
}


@pytest.mark.parametrize("module", NEEDLESS)
def test_it_imports_no_more_than_it_needs(module: str) -> None:
    command = [sys.executable, "-c", f"import {module}, sys; print(*sys.modules)"]
    imported = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert not NEEDLESS[module] & set(imported)
