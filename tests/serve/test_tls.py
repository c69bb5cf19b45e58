"""`start --tls`: HTTPS by an authority of the server's own, for every client."""

import http.client
import json
import os
import socket
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import pytest

from commands import Run

START = ("start", "--fabric", "none", "--port", "0", "--tls", "--json")


@pytest.fixture
def started(run: Run, tmp_path: Path) -> dict[str, Any]:
    """A server with TLS and a state."""
    done = run(*START, "--state", str(tmp_path / "state"))
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def client(server: dict[str, Any], url: str = "", **options: Any) -> Any:
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    return boto3.client("ec2", endpoint_url=url or server["url"], verify=server["ca"], **keys, **options)


def test_a_client_that_knows_the_authority(started: dict[str, Any], run: Run) -> None:
    assert started["url"].startswith("https://127.0.0.1:")
    assert client(started).create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["State"] == "pending"
    by_name = client(started, f"https://localhost:{started['port']}")
    assert by_name.describe_vpcs()["Vpcs"]
    told = run("env", "--port", str(started["port"])).stdout
    assert f"AWS_CA_BUNDLE={started['ca']}" in told
    assert "AWS_ENDPOINT_URL=https://" in told or "AWS_ENDPOINT_URL_EC2=https://" in told
    assert run("status", "--port", str(started["port"])).returncode == 0


def test_the_service_in_front_of_the_name(started: dict[str, Any]) -> None:
    """No name server need know ec2.localhost: the name is in the certificate and in `Host`."""
    context = ssl.create_default_context(cafile=started["ca"])
    connection = http_connection(started["port"], context)
    connection.request("GET", "/_elastinet/health", headers={"Host": f"ec2.localhost:{started['port']}"})
    assert connection.getresponse().status == 200
    connection.close()


def http_connection(port: int, context: ssl.SSLContext) -> Any:
    """A connection to 127.0.0.1 that expects the name ec2.localhost."""
    made = http.client.HTTPSConnection("ec2.localhost", port, context=context, timeout=30)
    plain = socket.create_connection(("127.0.0.1", port), timeout=30)
    made.sock = context.wrap_socket(plain, server_hostname="ec2.localhost")
    return made


def test_one_that_does_not_know_it_is_not_answered(started: dict[str, Any]) -> None:
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(f"{started['url']}/_elastinet/health", timeout=30)
    plain = started["url"].replace("https", "http")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        urllib.request.urlopen(f"{plain}/_elastinet/health", timeout=30)


def test_the_authority_outlives_a_restart(started: dict[str, Any], run: Run, tmp_path: Path) -> None:
    before = Path(started["ca"]).read_bytes()
    assert run("stop", "--port", str(started["port"])).returncode == 0
    again = json.loads(run(*START, "--state", str(tmp_path / "state")).stdout)
    assert Path(again["ca"]).read_bytes() == before
    assert client(again).describe_vpcs()["Vpcs"]


def test_another_name_needs_another_authority(started: dict[str, Any], run: Run, tmp_path: Path) -> None:
    before = Path(started["ca"]).read_bytes()
    assert run("stop", "--port", str(started["port"])).returncode == 0
    done = run(*START, "--state", str(tmp_path / "state"), ELASTINET_HOSTS="ec2.test")
    assert Path(json.loads(done.stdout)["ca"]).read_bytes() != before


def test_without_a_state(run: Run) -> None:
    done = run(*START, "--state", ":memory:")
    server = json.loads(done.stdout)
    assert client(server).describe_vpcs()["Vpcs"]
    assert os.stat(server["ca"]).st_mode & 0o077 == 0


def test_a_path_needs_none(run: Run, tmp_path: Path) -> None:
    done = run(*START, "--state", ":memory:", "--unix-socket", str(tmp_path / "socket"))
    assert done.returncode != 0
    assert "tls is for a port" in done.stderr
