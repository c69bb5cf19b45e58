"""AWS's own clients put into an instance, as they are installed here: the command line and boto3."""

import tarfile
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import pytest

from elastinet.fabric.contract import client
from elastinet.serve.places import runtime_folder
from world import World

PACKAGES = "awscli boto3 botocore s3transfer urllib3 jmespath dateutil six yaml docutils rsa pyasn1 colorama"
SERVICES = ("ec2", "iam", "ssm", "sts")
FOLDER = "/opt/sdk"
PYTHON = "/usr/bin/python3"
AWS = f"PYTHONPATH={FOLDER} {PYTHON} -m awscli"
"""The command line in an instance; of settings it has none."""


def install(world: World, instance: str) -> None:
    """Put the clients into an instance."""
    if find_spec("awscli") is None:
        pytest.skip("no AWS CLI beside this Python: make setup installs it")
    with TemporaryFile() as pack:
        _pack(pack)
        pack.seek(0)
        argv = ["sh", "-c", f"mkdir -p {FOLDER} && tar x -C {FOLDER}"]
        assert client.run(runtime_folder(world.port), instance, argv, stdin=pack.fileno()) == 0


def _pack(file: IO[bytes]) -> None:
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name in PACKAGES.split():
            spec = find_spec(name)
            assert spec, name
            assert spec.origin, name
            found = Path(spec.origin)
            folder = found.parent if found.name == "__init__.py" else found
            tar.add(folder, folder.name, filter=_needed)


def _needed(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out what these clients know of hundreds of other services, which is most of them."""
    path = Path(entry.name)
    is_model = entry.isdir() and path.parts[:2] == ("botocore", "data") and len(path.parts) == 3
    is_text = path.parts[:2] in (("awscli", "examples"), ("awscli", "topics")) or "__pycache__" in path.parts
    return None if is_text or (is_model and path.name not in SERVICES) else entry
