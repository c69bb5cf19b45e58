"""Who changes an account at random, by the operations of the API; and regions in which that has been done."""

import itertools
import random
from collections.abc import Callable
from typing import Any

from applying import settle
from elastinet.catalog.settings import Settings, unlimited
from elastinet.engine import Engine
from elastinet.model.acl import NetworkAcl
from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.peering import Peering
from elastinet.model.prefix_list import PrefixList
from elastinet.model.routes import RouteTable
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.state import State
from elastinet.model.vpc import InternetGateway, Subnet, Vpc
from elastinet.store import MemoryJournal
from elastinet.twin.both import is_there
from full_region import Full
from small_region import HERE, OWNER

BLOCKS = ("0.0.0.0/0", "10.0.0.0/8", "192.0.2.0/24", "10.77.5.0/24", "198.51.100.7/32")
NUMBERS = itertools.count(10_000)
MOVES: list[Callable[["Changer"], Any]] = []


def move(make: Callable[["Changer"], Any]) -> Callable[["Changer"], Any]:
    MOVES.append(make)
    return make


def copy(state: State) -> Engine:
    """Another engine with the same state."""
    engine = Engine(MemoryJournal(), Settings(quotas=unlimited()), dice=random.Random(next(NUMBERS)))
    for kind, table in state.tables.items():
        for id, noun in table.rows.items():
            engine.state.replace(kind, id, noun)
    return engine


def rich(seed: int) -> State:
    """A region of everything, in which some things have been done already."""
    full = Full(seed)
    full.settle()
    engine = copy(full.region.state)
    Changer(engine, seed + 1000).change(6)
    return engine.state


class Changer:
    """Who changes a twin: what EC2 refuses is left out."""

    def __init__(self, engine: Engine, seed: int) -> None:
        self.engine, self.state, self.dice = engine, engine.state, random.Random(seed)

    def call(self, action: str, **params: Any) -> dict[str, Any]:
        try:
            return self.engine.call(OWNER, HERE, action, params) or {}
        except Fault:
            return {}

    def one(self, kind: Any) -> Any:
        """Some noun of this region; its methods fail on none, which a move leaves out."""
        there = [
            n
            for n in self.state.all(kind)
            if n.region == HERE and is_there(n) and not getattr(n, "of_aws", False)
        ]
        return self.dice.choice(there)

    def block(self) -> str:
        return self.dice.choice(BLOCKS)

    def change(self, count: int) -> None:
        for _ in range(count):
            try:
                self.dice.choice(MOVES)(self)
            except IndexError:
                continue  # there is none to choose
            settle(self.engine)


@move
def permit(c: Changer) -> None:
    low = c.dice.choice((22, 80, 5000))
    span = {"IpProtocol": c.dice.choice(("tcp", "udp")), "FromPort": low, "ToPort": low + 10}
    peer = c.dice.choice((
        {"IpRanges": [{"CidrIp": c.block(), "Description": c.dice.choice(("", "of the office"))}]},
        {"UserIdGroupPairs": [{"GroupId": c.one(SecurityGroup).id}]},
        {"PrefixListIds": [{"PrefixListId": c.one(PrefixList).id}]},
        {"Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
    ))  # fmt: skip
    verb = c.dice.choice(("Ingress", "Egress"))
    c.call(f"AuthorizeSecurityGroup{verb}", GroupId=c.one(SecurityGroup).id, IpPermissions=[span | peer])


@move
def forbid(c: Changer) -> None:
    rule = c.one(SecurityGroupRule)
    verb = "Egress" if rule.egress else "Ingress"
    c.call(f"RevokeSecurityGroup{verb}", GroupId=rule.group_id, SecurityGroupRuleIds=[rule.id])


@move
def new_group(c: Changer) -> None:
    name = f"new {c.dice.random()}"
    made = c.call("CreateSecurityGroup", GroupName=name, Description="d", VpcId=c.one(Vpc).id)
    if made and c.dice.random() < 0.5:
        every = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        c.call("RevokeSecurityGroupEgress", GroupId=made["GroupId"], IpPermissions=every)


@move
def no_group(c: Changer) -> None:
    c.call("DeleteSecurityGroup", GroupId=c.one(SecurityGroup).id)


@move
def entry(c: Changer) -> None:
    protocol = c.dice.choice(("6", "17", "-1", "1"))
    more = {"PortRange": {"From": 1, "To": 99}, "IcmpTypeCode": {"Type": -1, "Code": -1}}
    given = {"NetworkAclId": c.one(NetworkAcl).id, "RuleNumber": c.dice.randint(1, 40), "Protocol": protocol}
    way = {"Egress": c.dice.random() < 0.5, "RuleAction": c.dice.choice(("allow", "deny"))}
    c.call("CreateNetworkAclEntry", **given, **way, CidrBlock=c.block(), **more)


@move
def no_entry(c: Changer) -> None:
    acl = c.one(NetworkAcl)
    rule = c.dice.choice(acl.rules)
    c.call("DeleteNetworkAclEntry", NetworkAclId=acl.id, RuleNumber=rule.number, Egress=rule.egress)


@move
def other_entry(c: Changer) -> None:
    acl = c.one(NetworkAcl)
    rule = c.dice.choice(acl.rules)
    given = {"NetworkAclId": acl.id, "RuleNumber": rule.number, "Egress": rule.egress, "Protocol": "-1"}
    c.call("ReplaceNetworkAclEntry", **given, RuleAction="deny", CidrBlock=c.block())


@move
def another_acl(c: Changer) -> None:
    subnet = c.one(Subnet)
    acl = c.call("CreateNetworkAcl", VpcId=subnet.vpc_id)["NetworkAcl"]["NetworkAclId"]
    had = next(c.state.where(NetworkAcl, "association.subnet-id", subnet.id))
    own = next(a.id for a in had.associations if a.subnet_id == subnet.id)
    c.call("ReplaceNetworkAclAssociation", AssociationId=own, NetworkAclId=acl)
    c.call("DeleteNetworkAcl", NetworkAclId=had.id)


@move
def route(c: Changer) -> None:
    table, gateway = (
        c.one(RouteTable),
        c.one(c.dice.choice((InternetGateway, NatGateway, Peering, NetworkInterface))),
    )
    names = {
        "igw": "GatewayId",
        "nat": "NatGatewayId",
        "pcx": "VpcPeeringConnectionId",
        "eni": "NetworkInterfaceId",
    }
    target = {names[gateway.id.partition("-")[0]]: gateway.id}
    verb = c.dice.choice(("CreateRoute", "ReplaceRoute"))
    c.call(verb, RouteTableId=table.id, DestinationCidrBlock=c.block(), **target)


@move
def no_route(c: Changer) -> None:
    table = c.one(RouteTable)
    c.call("DeleteRoute", RouteTableId=table.id, DestinationCidrBlock=c.dice.choice(table.routes).destination)


@move
def another_table(c: Changer) -> None:
    subnet = c.one(Subnet)
    table = c.call("CreateRouteTable", VpcId=subnet.vpc_id)["RouteTable"]["RouteTableId"]
    had = next(c.state.where(RouteTable, "association.subnet-id", subnet.id), None)
    if had is None:
        c.call("AssociateRouteTable", RouteTableId=table, SubnetId=subnet.id)
        return
    own = next(a.id for a in had.associations if a.subnet_id == subnet.id)
    if c.dice.random() < 0.5:
        c.call("ReplaceRouteTableAssociation", AssociationId=own, RouteTableId=table)
    else:
        c.call("DisassociateRouteTable", AssociationId=own)
    c.call("DeleteRouteTable", RouteTableId=had.id)


@move
def another_main(c: Changer) -> None:
    table = c.one(RouteTable)
    main = next(t for t in c.state.where(RouteTable, "vpc-id", table.vpc_id) if t.is_main)
    own = next(a.id for a in main.associations if a.is_main)
    c.call("ReplaceRouteTableAssociation", AssociationId=own, RouteTableId=table.id)


@move
def new_vpc(c: Changer) -> None:
    vpc = c.call("CreateVpc", CidrBlock="10.200.0.0/16")["Vpc"]["VpcId"]
    made = c.call("CreateSubnet", VpcId=vpc, CidrBlock="10.200.1.0/24", AvailabilityZone=f"{HERE}b")
    c.call("ModifySubnetAttribute", SubnetId=made["Subnet"]["SubnetId"], MapPublicIpOnLaunch={"Value": True})
    c.call("ModifyVpcAttribute", VpcId=vpc, EnableDnsHostnames={"Value": True})
    gateway = c.call("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    c.call("AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc)


@move
def new_subnet(c: Changer) -> None:
    vpc = c.one(Vpc)
    block = vpc.cidrs[0].replace(".0.0/16", f".{c.dice.randint(30, 99)}.0/24")
    c.call("CreateSubnet", VpcId=vpc.id, CidrBlock=block, AvailabilityZone=f"{HERE}c")


@move
def no_subnet(c: Changer) -> None:
    """Away with a subnet and all that is in it; often another takes its block."""
    subnet = c.one(Subnet)
    for interface in list(c.state.where(NetworkInterface, "subnet-id", subnet.id)):
        if interface.attachment:
            c.call("TerminateInstances", InstanceIds=[interface.attachment.instance_id])
            settle(c.engine)
        c.call("DeleteNetworkInterface", NetworkInterfaceId=interface.id)
    if c.call("DeleteSubnet", SubnetId=subnet.id) is not None and c.state.get(Subnet, subnet.id) is None:
        given = {"VpcId": subnet.vpc_id, "CidrBlock": subnet.cidr}
        c.call("CreateSubnet", **given, AvailabilityZone=f"{HERE}b")


@move
def power(c: Changer) -> None:
    instance = c.one(Instance)
    c.call("StopInstances" if instance.alive else "StartInstances", InstanceIds=[instance.id])


@move
def terminate(c: Changer) -> None:
    c.call("TerminateInstances", InstanceIds=[c.one(Instance).id])


@move
def another_type(c: Changer) -> None:
    instance = c.one(Instance)
    c.call("StopInstances", InstanceIds=[instance.id])
    settle(c.engine)
    c.call("ModifyInstanceAttribute", InstanceId=instance.id, InstanceType={"Value": "m5.large"})
    if c.dice.random() < 0.5:
        c.call("StartInstances", InstanceIds=[instance.id])


@move
def launch(c: Changer) -> None:
    like = c.one(Instance)
    subnet = c.one(Subnet)
    groups = [g.id for g in c.state.where(SecurityGroup, "vpc-id", subnet.vpc_id)][:2]
    spec = {"DeviceIndex": 0, "SubnetId": subnet.id, "Groups": groups, "SecondaryPrivateIpAddressCount": 1}
    given = {"ImageId": like.image_id, "InstanceType": "m5.large", "MinCount": 1, "MaxCount": 1}
    c.call("RunInstances", **given, NetworkInterfaces=[spec], MetadataOptions={"HttpTokens": "required"})


@move
def interface(c: Changer) -> None:
    subnet = c.one(Subnet)
    made = c.call("CreateNetworkInterface", SubnetId=subnet.id, Description="-x 'y'")
    at = c.one(Instance)
    own = made["NetworkInterface"]["NetworkInterfaceId"] if made else ""
    c.call(
        "AttachNetworkInterface", NetworkInterfaceId=own, InstanceId=at.id, DeviceIndex=c.dice.randint(1, 2)
    )


@move
def detach(c: Changer) -> None:
    held = [i.attachment for i in c.state.all(NetworkInterface) if i.attachment and i.attachment.device_index]
    c.call("DetachNetworkInterface", AttachmentId=c.dice.choice(held).id)


@move
def interface_attributes(c: Changer) -> None:
    one = c.one(NetworkInterface)
    own = {"NetworkInterfaceId": one.id}
    groups = [g.id for g in c.state.where(SecurityGroup, "vpc-id", one.vpc_id)]
    change = c.dice.choice((
        {"SourceDestCheck": {"Value": c.dice.random() < 0.5}},
        {"Groups": c.dice.sample(groups, 1)},
        {"Description": {"Value": c.dice.choice(("a 'b'", "file:///etc/passwd", "$(reboot)"))}},
    ))  # fmt: skip
    c.call("ModifyNetworkInterfaceAttribute", **own, **change)
    c.call("AssignPrivateIpAddresses", **own, SecondaryPrivateIpAddressCount=1)
    if one.addresses[1:]:
        c.call("UnassignPrivateIpAddresses", **own, PrivateIpAddresses=[one.addresses[1]])


@move
def elastic(c: Changer) -> None:
    made = c.call("AllocateAddress", Domain="vpc")
    c.call(
        "AssociateAddress", AllocationId=made["AllocationId"], NetworkInterfaceId=c.one(NetworkInterface).id
    )


@move
def elastic_elsewhere(c: Changer) -> None:
    address = c.one(Address)
    c.call("DisassociateAddress", AssociationId=address.association_id or "")
    if c.dice.random() < 0.5:
        c.call("ReleaseAddress", AllocationId=address.id)


@move
def nat(c: Changer) -> None:
    made = c.call("AllocateAddress", Domain="vpc")
    c.call("CreateNatGateway", SubnetId=c.one(Subnet).id, AllocationId=made["AllocationId"])


@move
def no_nat(c: Changer) -> None:
    c.call("DeleteNatGateway", NatGatewayId=c.one(NatGateway).id)


@move
def peer(c: Changer) -> None:
    made = c.call("CreateVpcPeeringConnection", VpcId=c.one(Vpc).id, PeerVpcId=c.one(Vpc).id)
    id = made["VpcPeeringConnection"]["VpcPeeringConnectionId"] if made else ""
    c.call("AcceptVpcPeeringConnection", VpcPeeringConnectionId=id)


@move
def no_peer(c: Changer) -> None:
    c.call("DeleteVpcPeeringConnection", VpcPeeringConnectionId=c.one(Peering).id)


@move
def entries(c: Changer) -> None:
    found = c.one(PrefixList)
    given = {"PrefixListId": found.id, "CurrentVersion": found.version}
    c.call("ModifyManagedPrefixList", **given, RemoveEntries=[{"Cidr": found.entries[0].cidr}])
    given["CurrentVersion"] += c.dice.random() < 0.7
    c.call("ModifyManagedPrefixList", **given, AddEntries=[{"Cidr": c.block(), "Description": "e"}])


@move
def new_list(c: Changer) -> None:
    given = {"AddressFamily": "IPv4", "MaxEntries": 5, "Entries": [{"Cidr": "192.0.2.0/24"}]}
    c.call("CreateManagedPrefixList", PrefixListName=f"l {c.dice.random()}", **given)


@move
def endpoint(c: Changer) -> None:
    found = c.one(VpcEndpoint)
    table = c.dice.choice(list(c.state.where(RouteTable, "vpc-id", found.vpc_id))).id
    verb = c.dice.choice(("AddRouteTableIds", "RemoveRouteTableIds"))
    c.call("ModifyVpcEndpoint", VpcEndpointId=found.id, **{verb: [table]})
    if c.dice.random() < 0.3:
        c.call("DeleteVpcEndpoints", VpcEndpointIds=[found.id])


@move
def tag(c: Changer) -> None:
    noun = c.one(c.dice.choice((Vpc, Subnet, Instance, SecurityGroup, RouteTable, NetworkInterface)))
    c.call("CreateTags", Resources=[noun.id], Tags=[{"Key": "Name", "Value": "it's $(new); `x`"}])
    if c.dice.random() < 0.3:
        c.call("DeleteTags", Resources=[noun.id], Tags=[{"Key": "empty"}])


@move
def attributes(c: Changer) -> None:
    c.call("ModifyVpcAttribute", VpcId=c.one(Vpc).id, EnableDnsHostnames={"Value": c.dice.random() < 0.5})
    made = c.call("CreateDhcpOptions", DhcpConfigurations=[{"Key": "domain-name", "Values": ["b.example"]}])
    c.call("AssociateDhcpOptions", VpcId=c.one(Vpc).id, DhcpOptionsId=made["DhcpOptions"]["DhcpOptionsId"])
