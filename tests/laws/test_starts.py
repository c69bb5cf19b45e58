"""What is started often imports little: neither what only others need, nor all of a package for a part of it."""

import subprocess
import sys

import pytest

NEEDLESS = {
    "import elastinet.fabric.agent.server": {"asyncio", "botocore", "rich", "ssl"},
    "import elastinet.serve.server": {"botocore", "cryptography", "prometheus_client", "rich"},
    "from elastinet.cli import main; main()": {"asyncio", "pydantic", "rich", "uvicorn"},
}


@pytest.mark.parametrize("program", NEEDLESS)
def test_it_imports_no_more_than_it_needs(program: str) -> None:
    said = f"import atexit, sys; atexit.register(lambda: print(*sys.modules)); {program}"
    command = [sys.executable, "-c", said, "exec", "--port", "1", "i-1", "--", "true"]
    imported = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    assert program.split()[1].partition(";")[0] in imported
    assert not NEEDLESS[program] & set(imported)
