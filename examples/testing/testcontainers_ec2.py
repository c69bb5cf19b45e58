"""The image by Testcontainers: a server for as long as a block lasts, with a boto3 client.

Needs `pip install testcontainers boto3`, an engine, and an image by the name elastinet: docs/containers.md.
With packets it takes `.with_kwargs(privileged=True)`, and no command: docs/ci.md says why.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy

PORT = 4566


@contextmanager
def ec2(image: str = "elastinet") -> Iterator[Any]:
    """A client of a fresh server's."""
    ready = HttpWaitStrategy(PORT, "/_elastinet/health").for_status_code(200)
    server = DockerContainer(image).with_exposed_ports(PORT).waiting_for(ready)
    server = server.with_command("start --foreground --fabric none").with_env("ELASTINET_STATE", ":memory:")
    with server:
        url = f"http://{server.get_container_host_ip()}:{server.get_exposed_port(PORT)}"
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
        yield boto3.client("ec2", endpoint_url=url, **keys)


if __name__ == "__main__":
    with ec2() as client:
        print(client.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])
