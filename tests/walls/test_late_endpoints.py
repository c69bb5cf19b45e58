"""Sockets that the agent hands over late: at an interface endpoint that has ended nobody is answered."""

import asyncio
import socket
from pathlib import Path
from typing import Any

from elastinet.catalog.settings import Settings
from elastinet.config import Config
from elastinet.engine import Engine
from elastinet.fabric.contract.messages import Listener
from elastinet.imds.service import MetadataService
from elastinet.reconcile import Reconciler
from elastinet.serve import certificates
from elastinet.serve.admission import Admission
from elastinet.serve.api import Api
from elastinet.serve.bodies import Bodies
from elastinet.serve.connections import endpoint_bounds, metadata_bounds
from elastinet.serve.endpoints import EndpointApplication, Endpoints
from elastinet.serve.places import INSIDE
from elastinet.serve.server import KernelFabric
from elastinet.store.memory import MemoryJournal
from endpoint_server import OWNER, SECRET

EC2 = {"ServiceName": "com.amazonaws.us-east-1.ec2", "VpcEndpointType": "Interface"}


def fabric(engine: Engine, folder: Path) -> KernelFabric:
    """An engine's side of a fabric whose agent has not come."""
    certificates.prepare_inside(Config(state=":memory:"), folder)
    application = EndpointApplication(Api(engine, Bodies(), OWNER, SECRET), Admission(SECRET))
    endpoints = Endpoints(application, folder / INSIDE, endpoint_bounds(1024))
    made = KernelFabric(folder, MetadataService(engine.state, SECRET, None), metadata_bounds(1024), endpoints)
    made.reconciler = Reconciler(engine, made)
    return made


async def answers(made: KernelFabric, fact: Listener) -> bool:
    """Whether a call is answered, with a refusal, at a socket that the agent hands over."""
    listener = socket.create_server(("127.0.0.1", 0))
    address = listener.getsockname()
    made._open(fact, listener)
    for _ in range(3):
        await asyncio.sleep(0)
    try:
        reader, writer = await asyncio.open_connection(*address)
    except ConnectionRefusedError:
        return False
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    head = await reader.read(12)
    writer.close()
    return head == b"HTTP/1.1 403"


async def hand_over(folder: Path) -> None:
    engine = Engine(MemoryJournal(), Settings(api_inside=True))

    def call(action: str, **given: Any) -> Any:
        return engine.call(OWNER, "us-east-1", action, given)

    (vpc,) = call("DescribeVpcs")["Vpcs"]
    subnet = call("DescribeSubnets")["Subnets"][0]["SubnetId"]
    endpoint = call("CreateVpcEndpoint", VpcId=vpc["VpcId"], SubnetIds=[subnet], **EC2)["VpcEndpoint"]
    made = fabric(engine, folder)
    (own,) = endpoint["NetworkInterfaceIds"]
    assert await answers(made, Listener(own, 80, api=True))
    assert not await answers(made, Listener("eni-0123456789abcdef0", 80, api=True))
    call("DeleteVpcEndpoints", VpcEndpointIds=[endpoint["VpcEndpointId"]])
    await asyncio.sleep(0)
    assert not await answers(made, Listener(own, 80, api=True))
    made._lose()


def test_a_socket_of_an_endpoint_that_has_ended(tmp_path: Path) -> None:
    asyncio.run(hand_over(tmp_path))
