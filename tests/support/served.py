"""A server process without a fabric, and clients of it."""

import itertools
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from forked import ForkedProcess, forked
from forking import FD

_accounts = itertools.count(int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) * 10**9 + 100_000_000_001)


class Served:
    """A server process with no fabric, on a free port."""

    before: tuple[str, ...] = ()
    """What the process is started by."""

    def __init__(self, folder: Path, **config: Any) -> None:
        self.folder, self.config = folder, {"fabric": "none", "state": ":memory:"} | config
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.process = self.start()

    def start(self) -> "subprocess.Popen[bytes] | ForkedProcess":
        """Start the engine on the socket that it has had before, if it had one."""
        listener = self.listener.fileno()
        if self.before:
            self.process = subprocess.Popen([*self.before, *self.command()], pass_fds=(listener,))
        else:
            words, folder = self.words(FD), os.getcwd()
            self.process = forked("server").start(words, dict(os.environ), folder, given=(listener,))
        self.wait()
        return self.process

    def command(self) -> list[str]:
        """The engine's command, for what else it is started by."""
        return [sys.executable, "-m", "elastinet.serve.server", *self.words(str(self.listener.fileno()))]

    def words(self, fd: str) -> list[str]:
        """The engine's arguments."""
        own = ["--config", json.dumps(self.config), "--fd", fd]
        return [*own, "--run", str(self.folder), "--disks", str(self.folder / "disks")]

    def wait(self) -> None:
        """Wait until the server is healthy."""
        end = time.monotonic() + 30
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/_elastinet/health", timeout=5):
                    return
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    raise
                time.sleep(0.05)

    def client(self, service: str = "ec2", region: str = "us-east-1", account: str | None = None) -> Any:
        """A boto3 client with an account of its own, if none is given."""
        client = boto3.client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=account or new_account(),
            aws_secret_access_key="x",
            config=Config(retries={"max_attempts": 0}, parameter_validation=False),
        )
        if service == "ec2":
            client.meta.events.register("after-call.ec2", self.settle)
        return client

    def settle(self, model: Any, **_: Any) -> None:
        """After what takes its time, wait until it has happened, as a patient client would."""
        if not model.name.endswith(("Instances", "NetworkInterface")) or model.name.startswith("Describe"):
            return
        request = urllib.request.Request(f"{self.url}/_elastinet/settle?timeout=30", method="POST")
        with urllib.request.urlopen(request, timeout=60):
            pass

    def reset(self) -> None:
        """Have every account and region as new."""
        request = urllib.request.Request(f"{self.url}/_elastinet/reset", method="POST")
        urllib.request.urlopen(request, timeout=30).close()

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait(30)
        self.listener.close()


def new_account() -> str:
    """A 12-digit account that no other test has."""
    return f"{next(_accounts):012d}"
