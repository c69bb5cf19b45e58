"""AWS's endpoints as instances meet them, on a port of this machine: an engine, no agent, and real sockets."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from elastinet.config import Config
from elastinet.engine import Engine
from elastinet.fabric.contract.messages import Listener
from elastinet.imds import iam
from elastinet.model.instance import Instance
from elastinet.serve import certificates
from elastinet.serve.admission import Admission
from elastinet.serve.api import Api
from elastinet.serve.bodies import Bodies
from elastinet.serve.connections import endpoint_bounds
from elastinet.serve.endpoints import EndpointApplication, Endpoints
from elastinet.serve.places import INSIDE
from elastinet.store.memory import MemoryJournal

HOST = "ec2.us-east-1.amazonaws.com"
SECRET = b"s" * 32
OWNER, OTHER = "111111111111", "222222222222"
DESCRIBE = "Action=DescribeVpcs&Version=2016-11-15"
FORM = "application/x-www-form-urlencoded; charset=utf-8"


class EndpointServer:
    """The endpoints, with an engine behind them that has an instance in each of two accounts."""

    def __init__(self, folder: Path) -> None:
        self.now = time.time()
        self.engine = Engine(MemoryJournal(), clock=lambda: self.now)
        self.ca = certificates.prepare_inside(Config(state=":memory:"), folder)
        self.instances = {owner: self._launch(owner) for owner in (OWNER, OTHER)}
        self._tls = folder / INSIDE
        self.ports: dict[int, int] = {}
        self.endpoint_ports: dict[int, int] = {}
        """Those of an interface endpoint."""
        self.faults: list[str] = []
        """What went wrong in the loop, and nobody was told."""

    def _launch(self, owner: str) -> Instance:
        def call(action: str, **given: Any) -> Any:
            return self.engine.call(owner, "us-east-1", action, given)

        given = {"ImageId": call("DescribeImages")["Images"][0]["ImageId"], "InstanceType": "m5.large"}
        made = call("RunInstances", MinCount=1, MaxCount=1, IamInstanceProfile={"Name": "worker"}, **given)
        return self.engine.state.need(Instance, made["Instances"][0]["InstanceId"])

    def credentials(self, owner: str = OWNER) -> Credentials:
        """What the metadata service gives the instance of an account."""
        told = json.loads(iam.credentials(self.instances[owner], "worker", self.now, SECRET))
        return Credentials(told["AccessKeyId"], told["SecretAccessKey"], told["Token"])

    def start(self) -> None:
        """Answer on two ports; runs in the loop."""
        application = EndpointApplication(
            Api(self.engine, Bodies(), "000000000000", SECRET), Admission(SECRET, lambda: self.now)
        )
        self._endpoints = Endpoints(application, self._tls, endpoint_bounds(1024))
        for port in (80, 443):
            listener = socket.create_server(("127.0.0.1", 0))
            self.ports[port] = listener.getsockname()[1]
            self._endpoints.open(Listener("internet", port, api=True), listener)  # type: ignore[arg-type]
            listener = socket.create_server(("127.0.0.1", 0))
            self.endpoint_ports[port] = listener.getsockname()[1]
            self._endpoints.open(Listener("eni-1", port, api=True), listener)  # type: ignore[arg-type]

    def stop(self) -> None:
        """Answer nobody any more; runs in the loop."""
        self._endpoints.close_all()


@contextmanager
def serving(folder: Path) -> Iterator[EndpointServer]:
    """A server whose loop runs in a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = EndpointServer(folder)
    loop.set_exception_handler(lambda _loop, context: server.faults.append(str(context)))

    async def begin() -> None:
        server.start()
        await asyncio.sleep(0)

    async def end() -> None:
        server.stop()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    asyncio.run_coroutine_threadsafe(begin(), loop).result(30)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()
        assert not server.faults


def signed(
    credentials: Credentials,
    body: str = DESCRIBE,
    *,
    service: str = "ec2",
    path: str = "/",
    method: str = "POST",
    headers: dict[str, str] | None = None,
) -> AWSRequest:
    """A request that botocore has signed in its header."""
    fields = {"Host": HOST, "Content-Type": FORM, **(headers or {})}
    request = AWSRequest(method, f"https://{HOST}{path}", fields, body)
    SigV4Auth(credentials, service, "us-east-1").add_auth(request)
    return request


def presigned(credentials: Credentials, query: str = DESCRIBE, seconds: int = 60) -> AWSRequest:
    """A request that botocore has signed in its URL."""
    request = AWSRequest("GET", f"https://{HOST}/?{query}", {"Host": HOST})
    SigV4QueryAuth(credentials, "ec2", "us-east-1", expires=seconds).add_auth(request)
    return request
