"""A region with a hostile instance and a neighbour of it, and sockets inside both."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from blocks6 import numbered
from elastinet.fabric.contract import client
from elastinet.serve.places import runtime_folder
from world import World

METADATA, METADATA6 = "169.254.169.254", "fd00:ec2::254"
ROUTER6 = "fe80::c00:ff:fe00:1"


class Watched(World):
    """A server whose instances are in an account that nobody comes upon by a wrong byte."""

    account = "111122223333"


class Place:
    """A server whose only VPC has two instances of both families: a hostile one and its neighbour."""

    def __init__(self, state: Path) -> None:
        self.world = Watched(state)
        try:
            self._furnish()
        except BaseException:
            self.close()
            raise

    def _furnish(self) -> None:
        world = self.world
        self.vpc = vpc = world.vpc()
        world.ec2.associate_vpc_cidr_block(VpcId=vpc.id, AmazonProvidedIpv6CidrBlock=True)
        (shown,) = world.ec2.describe_vpcs(VpcIds=[vpc.id])["Vpcs"]
        block = numbered(shown["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"], 1)
        world.ec2.associate_subnet_cidr_block(SubnetId=vpc.left, Ipv6CidrBlock=block)
        world.allow(vpc.group, "icmp")
        world.allow(vpc.group, "icmpv6", Ipv6Ranges=[{"CidrIpv6": "::/0"}])
        anywhere = [{"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]
        world.ec2.authorize_security_group_egress(GroupId=vpc.group, IpPermissions=anywhere)
        self.hostile, self.neighbour = map(_known, world.launch(vpc.left, vpc.group, 2, Ipv6AddressCount=1))
        self.router, self.resolver = f"10.{vpc.number}.1.1", f"10.{vpc.number}.0.2"
        world.ec2.modify_instance_metadata_options(InstanceId=self.hostile.id, HttpTokens="required")
        world.settle()

    def close(self) -> None:
        """Stop the server."""
        self.world.cli("stop", check=False)

    @contextlib.contextmanager
    def link(self, instance: Any) -> Iterator[socket.socket]:
        """A socket that sends and sees all frames of an instance's interface."""
        with client.open_socket(runtime_folder(self.world.port), instance.id, device="eth0") as opened:
            yield opened

    def connected(self, instance: Any, host: str, port: int, *, udp: bool = False) -> socket.socket:
        """A socket inside an instance that is connected to somebody; client.AgentGone if nobody is there."""
        run = runtime_folder(self.world.port)
        opened = client.open_socket(run, instance.id, host=host, port=port, udp=udp)
        opened.settimeout(20)
        return opened


def _known(instance: Any) -> SimpleNamespace:
    """An instance with its addresses and its MAC."""
    (interface,) = instance.shown["NetworkInterfaces"]
    (six,) = (one["Ipv6Address"] for one in interface["Ipv6Addresses"])
    mac = interface["MacAddress"]
    first, *others = (int(part, 16) for part in mac.split(":"))
    eui = bytes((first ^ 2, *others[:2], 0xFF, 0xFE, *others[2:]))
    local = socket.inet_ntop(socket.AF_INET6, b"\xfe\x80" + bytes(6) + eui)
    return SimpleNamespace(id=instance.id, ip=instance.ip, mac=mac, ip6=six, local=local)
