"""VPCs with what belongs into them, by EC2's own calls: what labs and examples are built from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class Host:
    """An instance: its id, its addresses and its first interface."""

    id: str
    name: str
    ip: str
    ipv6: str
    eni: str


@dataclass(frozen=True)
class Network:
    """A VPC with its subnets, its main route table, its internet gateway and its default group."""

    id: str
    subnets: list[str]
    table: str
    gateway: str
    group: str


class Building:
    """A client of EC2, and what is often made with it."""

    def __init__(self, ec2: Any, settle: Callable[[], None]) -> None:
        self.ec2, self.settle = ec2, settle
        named = [{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}]
        self.image: str = ec2.describe_images(Filters=named)["Images"][0]["ImageId"]

    def network(self, *blocks: str, within: str = "10.0.0.0/16") -> Network:
        """A VPC with an internet gateway, a subnet for each block, and a group open to its own members."""
        vpc = self.ec2.create_vpc(CidrBlock=within)["Vpc"]["VpcId"]
        made = [self.ec2.create_subnet(VpcId=vpc, CidrBlock=block)["Subnet"]["SubnetId"] for block in blocks]
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        (main,) = self.ec2.describe_route_tables(Filters=_of(vpc))["RouteTables"]
        self.route(main["RouteTableId"], GatewayId=gateway)
        return Network(vpc, made, main["RouteTableId"], gateway, self.inside(vpc))

    def inside(self, vpc: str) -> str:
        """The VPC's default group: its members reach one another."""
        found = [*_of(vpc), {"Name": "group-name", "Values": ["default"]}]
        return str(self.ec2.describe_security_groups(Filters=found)["SecurityGroups"][0]["GroupId"])

    def group(self, vpc: str, name: str, port: int | None = None, source: str = "") -> str:
        """A group that lets one TCP port in from a block or from another group's members; or nothing."""
        made: str = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        if port is not None:
            self.allow(made, port, source)
        return made

    def allow(self, group: str, port: int, source: str) -> None:
        """Let one TCP port in from a block of either family, or from another group's members."""
        rule: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
        if source.startswith("sg-"):
            rule["UserIdGroupPairs"] = [{"GroupId": source}]
        elif ":" in source:
            rule["Ipv6Ranges"] = [{"CidrIpv6": source}]
        else:
            rule["IpRanges"] = [{"CidrIp": source}]
        self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])

    def route(self, table: str, block: str = ANYWHERE, **target: str) -> None:
        """Add a route to a table, a default route if nothing else is said."""
        family = "DestinationIpv6CidrBlock" if ":" in block else "DestinationCidrBlock"
        self.ec2.create_route(RouteTableId=table, **{family: block}, **target)

    def table(self, vpc: str, *subnets: str, **target: str) -> str:
        """A route table of some subnets, with a default route if a target is given."""
        made: str = self.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        for subnet in subnets:
            self.ec2.associate_route_table(RouteTableId=made, SubnetId=subnet)
        if target:
            self.route(made, **target)
        return made

    def peering(self, one: str, other: str) -> str:
        """A peering of two VPCs, requested and accepted."""
        made = self.ec2.create_vpc_peering_connection(VpcId=one, PeerVpcId=other)["VpcPeeringConnection"]
        id: str = made["VpcPeeringConnectionId"]
        self.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=id)
        return id

    def launch(self, subnet: str, group: str, *, name: str = "", **more: Any) -> Host:
        """Launch an instance and wait until it runs."""
        place = {} if "NetworkInterfaces" in more else {"SubnetId": subnet, "SecurityGroupIds": [group]}
        given: dict[str, Any] = {"ImageId": self.image, "InstanceType": "c5.large"} | place | more
        if name:
            tags = [{"Key": "Name", "Value": name}]
            given["TagSpecifications"] = [{"ResourceType": "instance", "Tags": tags}]
        (made,) = self.ec2.run_instances(MinCount=1, MaxCount=1, **given)["Instances"]
        self.settle()
        first = made["NetworkInterfaces"][0]["NetworkInterfaceId"]
        return Host(made["InstanceId"], name, made["PrivateIpAddress"], made.get("Ipv6Address", ""), first)

    def interface(self, subnet: str, group: str) -> dict[str, Any]:
        """A network interface that is attached to nothing yet."""
        made = self.ec2.create_network_interface(SubnetId=subnet, Groups=[group])
        found: dict[str, Any] = made["NetworkInterface"]
        return found

    def attach(self, interface: str, instance: str, index: int = 1) -> None:
        """Attach an interface, as eth1 if nothing else is said, and wait until the guest has it."""
        self.ec2.attach_network_interface(
            NetworkInterfaceId=interface, InstanceId=instance, DeviceIndex=index
        )
        self.settle()

    def move(self, interface: str, instance: str) -> None:
        """Take an interface from the instance that has it and attach it to another."""
        (now,) = self.ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"]
        self.ec2.detach_network_interface(AttachmentId=now["Attachment"]["AttachmentId"])
        self.settle()
        self.attach(interface, instance)

    def elastic_ip(self, interface: str) -> str:
        """A public address for an interface."""
        address = self.ec2.allocate_address(Domain="vpc")
        self.ec2.associate_address(AllocationId=address["AllocationId"], NetworkInterfaceId=interface)
        return str(address["PublicIp"])

    def healthy(self, *instances: str) -> list[str]:
        """Those of some instances whose hardware is well, as their status checks have it."""
        asked = [{"Name": "system-status.status", "Values": ["ok"]}]
        told = self.ec2.describe_instance_status(InstanceIds=list(instances), Filters=asked)
        return [one["InstanceId"] for one in told["InstanceStatuses"]]


def _of(vpc: str) -> list[dict[str, Any]]:
    return [{"Name": "vpc-id", "Values": [vpc]}]
