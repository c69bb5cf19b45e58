"""A region in this process, for tests of rules: an engine, and an instance that runs as soon as it is launched."""

import random
from typing import Any

from elastinet.catalog.images import images
from elastinet.catalog.settings import Settings, unlimited
from elastinet.ec2.core.fact import InstanceRunning
from elastinet.engine import Engine
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.rules.interfaces import interfaces_of
from elastinet.store import MemoryJournal

OWNER, HERE, THERE = "123456789012", "us-east-1", "eu-west-1"


class Region:
    """What a test does to a state, by the operations of the API."""

    def __init__(self, rules: Any = "classic", dice: random.Random | None = None) -> None:
        self.settings = Settings(rules=rules, quotas=unlimited())
        self.engine = Engine(MemoryJournal(), self.settings, dice=dice or random.Random(0))
        self.state = self.engine.state

    def call(self, action: str, region: str = HERE, **params: Any) -> dict[str, Any]:
        """Do an operation."""
        return self.engine.call(OWNER, region, action, params) or {}

    def vpc(self, cidr: str, region: str = HERE) -> str:
        """A new VPC."""
        return self.call("CreateVpc", region, CidrBlock=cidr)["Vpc"]["VpcId"]

    def subnet(self, vpc: str, cidr: str, region: str = HERE, zone: str = "a") -> str:
        """A new subnet."""
        made = self.call(
            "CreateSubnet", region, VpcId=vpc, CidrBlock=cidr, AvailabilityZone=f"{region}{zone}"
        )
        return made["Subnet"]["SubnetId"]

    def gateway(self, vpc: str, region: str = HERE) -> str:
        """An internet gateway of a VPC, and the main table's route to it."""
        gateway = self.call("CreateInternetGateway", region)["InternetGateway"]["InternetGatewayId"]
        self.call("AttachInternetGateway", region, InternetGatewayId=gateway, VpcId=vpc)
        self.route(vpc, "0.0.0.0/0", region, GatewayId=gateway)
        return gateway

    def table(self, vpc: str, region: str = HERE) -> str:
        """The main route table of a VPC."""
        asked = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "association.main", "Values": ["true"]}]
        (found,) = self.call("DescribeRouteTables", region, Filters=asked)["RouteTables"]
        return found["RouteTableId"]

    def route(self, vpc: str, destination: str, region: str = HERE, **target: str) -> None:
        """A route of the main table of a VPC."""
        table = self.table(vpc, region)
        self.call("CreateRoute", region, RouteTableId=table, DestinationCidrBlock=destination, **target)

    def launch(
        self,
        subnet: str,
        kind: str = "c5.large",
        region: str = HERE,
        *,
        public: bool = False,
        interface_type: str = "interface",
        **more: Any,
    ) -> NetworkInterface:
        """The primary interface of a new instance, which runs."""
        image = next(
            i.id for i in images(region, ()).values() if i.architecture == "x86_64" and i.ena_support
        )
        spec = {
            "DeviceIndex": 0,
            "SubnetId": subnet,
            "AssociatePublicIpAddress": public,
            "InterfaceType": interface_type,
        }
        given = {
            "ImageId": image,
            "InstanceType": kind,
            "MinCount": 1,
            "MaxCount": 1,
            "NetworkInterfaces": [spec],
        }
        (made,) = self.call("RunInstances", region, **(given | more))["Instances"]
        self.engine.report(OWNER, region, InstanceRunning(made["InstanceId"], 1))
        return interfaces_of(self.state, made["InstanceId"])[0]

    def peer(self, one: str, other: str, one_region: str = HERE, other_region: str = HERE) -> str:
        """An active peering connection of two VPCs."""
        asked = {"VpcId": one, "PeerVpcId": other, "PeerRegion": other_region}
        made = self.call("CreateVpcPeeringConnection", one_region, **asked)["VpcPeeringConnection"]
        self.call(
            "AcceptVpcPeeringConnection", other_region, VpcPeeringConnectionId=made["VpcPeeringConnectionId"]
        )
        return made["VpcPeeringConnectionId"]

    def instance(self, interface: NetworkInterface) -> Instance:
        """The instance of an interface, as it is now."""
        assert interface.attachment
        return self.state.need(Instance, interface.attachment.instance_id)
