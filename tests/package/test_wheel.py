"""The wheel and the sdist: built from this tree, and the wheel used where there is no tree.

What elastinet depends on is lent by this environment, so that no package index is asked.
"""

import ast
import importlib.metadata
import json
import os
import re
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import boto3
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import elastinet
from wheels import ROOT, Built, Installed, Serve

SOURCE = ROOT / "src" / "elastinet"
FOR_TYPES_ONLY = {"mypy-boto3-ec2"}


def client(url: str) -> Any:
    """A client of a server's."""
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    return boto3.client("ec2", endpoint_url=url, **keys)


# --- what is in them ------------------------------------------------------------------------------


def own_files(folder: Path) -> set[str]:
    """The files of a folder but for what Python and others keep beside them."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(ROOT)) for path in files if "__pycache__" not in path.parts}


def test_the_wheel_has_every_file_of_the_package(built: Built) -> None:
    assert built.wheel.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(built.wheel) as files:
        there = {
            f"src/{name}" for name in files.namelist() if not re.match(r"elastinet-[\d.]+\.dist-info/", name)
        }
    assert there == own_files(SOURCE)


def test_the_sdist_has_what_makes_and_tests_it(built: Built) -> None:
    with tarfile.open(built.sdist) as files:
        there = {name.partition("/")[2] for name in files.getnames()}
    wanted = {
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "Makefile",
        "constraints.txt",
        "pyproject.toml",
        "Containerfile",
    }
    wanted |= {"constraints-image.txt", "compose.yaml", "action.yml", "SECURITY.md"}
    wanted |= (
        own_files(SOURCE) | own_files(ROOT / "docs") | own_files(ROOT / "scripts") | own_files(ROOT / "tests")
    )
    assert wanted - there == set()


def test_the_metadata(built: Built) -> None:
    told = built.metadata
    assert (told.name, str(told.version)) == ("elastinet", elastinet.__version__)
    assert (told.license_expression, told.license_files) == ("Apache-2.0", ["LICENSE"])
    assert told.description_content_type == "text/markdown"
    assert told.description == (ROOT / "README.md").read_text(encoding="utf-8")
    assert str(told.requires_python) == ">=3.11"


def requirements(built: Built) -> list[Requirement]:
    return built.metadata.requires_dist or []


def test_every_pinned_package_is_in_its_range(built: Built) -> None:
    pinned = dict(
        re.findall(
            r"^([\w.-]+)==([\w.]+)", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE
        )
    )
    ranges = [one for one in requirements(built) if one.marker is None]
    assert len(ranges) > 5
    assert not [str(one) for one in ranges if not one.specifier.contains(pinned[canonicalize_name(one.name)])]


def imported() -> set[str]:
    """The names of others' modules that the package imports anywhere."""
    found: set[str] = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add((node.module or "").partition(".")[0])
    return found - sys.stdlib_module_names - {"elastinet"}


def test_what_is_imported_is_asked_for(built: Built) -> None:
    """By the package itself, or by an extra that is not only for its developers."""
    owners = importlib.metadata.packages_distributions()
    needed = {canonicalize_name(owners[name][0]) for name in imported()} - FOR_TYPES_ONLY
    ours = ("dev", "bench", "release")
    asked = {
        canonicalize_name(one.name)
        for one in requirements(built)
        if not one.marker or not any(f'extra == "{extra}"' in str(one.marker) for extra in ours)
    }
    assert needed - asked == set()


# --- what it does ---------------------------------------------------------------------------------


def test_it_runs_from_where_it_is_installed(installed: Installed) -> None:
    assert installed.run("elastinet", "--version") == f"elastinet {elastinet.__version__}\n"
    place = installed.run("python", "-c", "import elastinet; print(elastinet.__file__)").strip()
    assert Path(place).is_relative_to(installed.python.parents[1])


def test_the_api(serve: Serve) -> None:
    ec2 = client(serve("--fabric", "none")["url"])
    made = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    assert made in {one["VpcId"] for one in ec2.describe_vpcs()["Vpcs"]}


@pytest.mark.skipif(os.geteuid() != 0, reason="a kernel fabric in every place where tests run needs root")
def test_packets(serve: Serve, installed: Installed) -> None:
    """Two instances by DHCP and user data, which need what is in the wheel beside Python; one pings the other."""
    server = serve()
    ec2 = client(server["url"])
    image = ec2.describe_images()["Images"][0]["ImageId"]
    both = ec2.run_instances(
        ImageId=image,
        InstanceType="c5.large",
        MinCount=2,
        MaxCount=2,
        UserData="#!/bin/sh\necho run > /it-has\n",
    )["Instances"]
    waiter = ec2.get_waiter("instance_running")
    waiter.wait(
        InstanceIds=[one["InstanceId"] for one in both], WaiterConfig={"Delay": 0.1, "MaxAttempts": 300}
    )
    first, second = both
    script = f"ping -c 1 -w 20 {second['PrivateIpAddress']} && timeout 20 sh -c 'until cat /it-has; do sleep 0.1; done'"
    words = ("exec", "--port", str(server["port"]), first["InstanceId"], "--", "sh", "-c", script)
    said = installed.run("elastinet", *words)
    assert "1 received" in said
    assert said.endswith("run\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="a kernel fabric in every place where tests run needs root")
def test_a_lab(installed: Installed) -> None:
    checks = json.loads(installed.run("elastinet", "lab", "nat-instance", "--json"))["checks"]
    assert len(checks) > 4
    assert all(check["ok"] for check in checks)
