"""What the examples share: an elastinet server of their own, a VPC in it, and a way into its instances.

What builds and asks is what the labs have (`elastinet lab`); here are the server, boto3 and DPDK.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import boto3

from elastinet.cli.common import find_server
from elastinet.cli.lab import region as labs
from elastinet.cli.lab.building import Host

ELASTINET = str(Path(sys.executable).with_name("elastinet"))
WEB = "mkdir -p /srv/www; echo {0} > /srv/www/index.html; busybox httpd -p {1} -h /srv/www\n"


class Region(labs.Region):
    """A server that lives as long as the `with` block, and a boto3 client of it."""

    def __init__(self, *options: str) -> None:
        self.options = options

    def __enter__(self) -> Self:
        start = [ELASTINET, "start", "--port", "0", "--state", ":memory:", "--json", *self.options]
        started = json.loads(subprocess.check_output(start))
        self.port, self.url = str(started["port"]), started["url"]
        ec2: Any = boto3.client(
            "ec2", endpoint_url=self.url, region_name="us-east-1",
            aws_access_key_id="example", aws_secret_access_key="example",
        )  # fmt: skip
        super().__init__(find_server(started["port"], None), ec2, "example")
        return self

    def __exit__(self, *_: object) -> None:
        stop = [ELASTINET, "stop", "--port", self.port]
        subprocess.run(stop, check=True, stdout=subprocess.DEVNULL)

    def launch(self, subnet: str, group: str, script: str = "", **more: Any) -> Host:
        """Launch an instance and run a script in it."""
        host = super().launch(subnet, group, **more)
        if script:
            self.run(host.id, script)  # as user data it would end some time later
        return host

    def send(self, file: str, where: str, path: str) -> None:
        """Copy a program of this machine into an instance."""
        self.settle()
        copy = [*labs.CLIENT, str(self.folder), where, "sh", "-c", f"cat > {path}; chmod +x {path}"]
        with open(file, "rb") as program:
            subprocess.run(copy, stdin=program, check=True)

    @contextmanager
    def dpdk(self, where: str, *words: str) -> Iterator[None]:
        """A DPDK program that has an instance's further interfaces to itself while the block lasts."""
        self.settle()
        command = [ELASTINET, "dpdk", "--port", self.port, "--tty", where, "--", *words]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
            next(line for line in program.stdout or () if "Press enter" in line)
            yield
            program.communicate()  # testpmd ends with its input


def check(claim: str, holds: bool, seen: str = "") -> None:
    """Say what was checked, and end the example if it does not hold."""
    print("✓" if holds else "✗", claim, f"({seen})" * bool(seen), flush=True)
    if not holds:
        sys.exit(f"this does not hold: {claim}")
