"""A region of three VPCs made at random, by the API: whatever a seed makes that EC2 would refuse is left out.

Much is open: where nearly everything is refused, nearly nothing is tried.
"""

import random
from ipaddress import ip_address, ip_network
from itertools import combinations
from typing import Any

from elastinet.ec2.core.fact import InstanceGone
from elastinet.model.acl import NetworkAcl
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.vpc import Subnet
from elastinet.rules.interfaces import attachment_of
from elastinet.rules.reachability.walk import publics
from small_region import Region

EVERYWHERE = "0.0.0.0/0"
BLOCKS = (EVERYWHERE, "10.0.0.0/8", "10.0.0.0/16", "10.1.0.0/16", "10.0.1.0/24", "203.0.113.0/24")
SPANS = ((80, 80), (0, 65535), (81, 500), (1, 443), (1024, 65535))


class Wild:
    """Three VPCs, with up to three subnets each and up to five instances in all, or so many.

    Where some `forwards`, it is two VPCs, and each may have an appliance that some subnets' packets go by.
    """

    def __init__(self, seed: int, *, forwards: bool, instances: int = 0) -> None:
        self.seed, self.dice, self.forwards = seed, random.Random(seed), forwards
        self.region = Region(dice=random.Random(seed))
        self.vpcs = [self.region.vpc(f"10.{number}.0.0/16") for number in range(2 if forwards else 3)]
        self.subnets = [
            subnet for number, vpc in enumerate(self.vpcs) for subnet in self._subnets(number, vpc)
        ]
        for one, other in combinations(range(len(self.vpcs)), 2):
            if self.chance(0.6):
                self._peer(one, other)
        self.list = self._prefix_list()
        self.groups = {vpc: [self._group(vpc, number) for number in range(3)] for vpc in self.vpcs}
        self._rules()
        self.open = {vpc: self._open_group(vpc) for vpc in self.vpcs}
        for subnet in self.subnets:
            if self.chance(0.3):
                self._acl(subnet)
        self.ends = [
            self._instance(self.dice.choice(self.subnets))
            for _ in range(instances or self.dice.choice((3, 4, 5)))
        ]
        self.appliances = {vpc: self._appliance(vpc) for vpc in self.vpcs if forwards and self.chance(0.7)}
        self.ends += self.appliances.values()
        for subnet in self.subnets:
            if self.chance(0.6):
                self._table(subnet)
        for end in self.interfaces():
            if self.chance(0.1):
                self._stop(attachment_of(end).instance_id)

    def _stop(self, instance: str) -> None:
        """Stop an instance, to the end: while it shuts down it is as good as gone, and still has its network."""
        if self.attempt("StopInstances", InstanceIds=[instance]):
            noun = self.region.state.need(Instance, instance)
            self.region.engine.report(*noun.scope, InstanceGone(instance, asked=True))

    def chance(self, share: float) -> bool:
        return self.dice.random() < share

    def attempt(self, action: str, **params: Any) -> dict[str, Any] | None:
        """Do an operation, unless EC2 would refuse it."""
        try:
            return self.region.call(action, **params)
        except Fault:
            return None

    def vpc_of(self, subnet: str) -> str:
        return self.region.state.need(Subnet, subnet).vpc_id

    def interfaces(self) -> list[NetworkInterface]:
        """The instances' interfaces, as they are now."""
        return [self.region.state.need(NetworkInterface, id) for id in self.ends]

    def targets(self, interface: NetworkInterface) -> list[str]:
        """Every kind of address by which an interface is known."""
        prefixes = [str(ip_network(prefix)[3]) for prefix in interface.prefixes]
        return [*interface.addresses, *prefixes, *(p for p, _ in publics(self.region.state, interface))]

    def _subnets(self, number: int, vpc: str) -> list[str]:
        if self.chance(0.8):
            self.region.gateway(vpc)
        many = self.dice.choice((2, 3) if self.forwards else (1, 2, 3))
        return [self.region.subnet(vpc, f"10.{number}.{n}.0/24") for n in range(many)]

    def _peer(self, one: int, other: int) -> None:
        peering = self.region.peer(self.vpcs[one], self.vpcs[other])
        for own, far in ((one, other), (other, one)):
            if self.chance(0.8):
                self.region.route(self.vpcs[own], f"10.{far}.0.0/16", VpcPeeringConnectionId=peering)

    def _prefix_list(self) -> str:
        entries = [{"Cidr": block} for block in self.dice.sample(BLOCKS[2:], 2)]
        asked = {"PrefixListName": "l", "AddressFamily": "IPv4", "MaxEntries": 3, "Entries": entries}
        return str(self.region.call("CreateManagedPrefixList", **asked)["PrefixList"]["PrefixListId"])

    def _group(self, vpc: str, number: int) -> str:
        asked = {"GroupName": f"g{number}", "Description": "-", "VpcId": vpc}
        return str(self.region.call("CreateSecurityGroup", **asked)["GroupId"])

    def _open_group(self, vpc: str) -> str:
        """A group that is open for everybody both ways, so that nothing is tracked."""
        group = self._group(vpc, 3)
        every = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": EVERYWHERE}]}]
        self.region.call("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=every)
        return group

    def _rules(self) -> None:
        for group in (group for groups in self.groups.values() for group in groups):
            for _ in range(self.dice.choice((1, 2, 4))):
                self._rule("Ingress", group)
            if self.chance(0.3):
                every = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": EVERYWHERE}]}]
                self.attempt("RevokeSecurityGroupEgress", GroupId=group, IpPermissions=every)
                self._rule("Egress", group)

    def _rule(self, direction: str, group: str) -> None:
        action = f"AuthorizeSecurityGroup{direction}"
        self.attempt(action, GroupId=group, IpPermissions=[self._permission()])

    def _permission(self) -> dict[str, Any]:
        protocol = self.dice.choice(("tcp", "tcp", "udp", "-1", "-1", "icmp"))
        low, high = self.dice.choice(SPANS) if protocol != "icmp" else (self.dice.choice((-1, 8, 0)), -1)
        found: dict[str, Any] = {"IpProtocol": protocol}
        found |= {"FromPort": low, "ToPort": high} if protocol != "-1" else {}
        every = [group for groups in self.groups.values() for group in groups]
        (block,) = self.dice.choices(BLOCKS, (4, 4, 1, 1, 1, 1))
        peers = ({"IpRanges": [{"CidrIp": block}]},
                 {"UserIdGroupPairs": [{"GroupId": self.dice.choice(every)}]},
                 {"PrefixListIds": [{"PrefixListId": self.list}]})  # fmt: skip
        return found | self.dice.choices(peers, (5, 4, 1))[0]

    def _acl(self, subnet: str) -> None:
        acl = self.region.call("CreateNetworkAcl", VpcId=self.vpc_of(subnet))["NetworkAcl"]["NetworkAclId"]
        for number in range(self.dice.choice((1, 2, 3, 4))):
            self._entry(acl, 10 + number)
        for egress in (True, False) if self.chance(0.7) else ():
            whole = {"Protocol": "-1", "RuleAction": "allow", "CidrBlock": EVERYWHERE}
            self.attempt("CreateNetworkAclEntry", NetworkAclId=acl, RuleNumber=100, Egress=egress, **whole)
        (old,) = self.region.state.where(NetworkAcl, "association.subnet-id", subnet)
        (own,) = (one.id for one in old.associations if one.subnet_id == subnet)
        self.region.call("ReplaceNetworkAclAssociation", AssociationId=own, NetworkAclId=acl)

    def _entry(self, acl: str, number: int) -> None:
        protocol, (low, high) = self.dice.choice(("6", "17", "-1", "1")), self.dice.choice(SPANS)
        ports: dict[str, Any] = {"PortRange": {"From": low, "To": high}} if protocol in ("6", "17") else {}
        if protocol == "1":
            ports = {"IcmpTypeCode": {"Type": self.dice.choice((-1, 8, 0)), "Code": -1}}
        self.attempt(
            "CreateNetworkAclEntry",
            NetworkAclId=acl,
            RuleNumber=number,
            Protocol=protocol,
            RuleAction=self.dice.choice(("allow", "allow", "deny")),
            Egress=self.chance(0.5),
            CidrBlock=self.dice.choice(BLOCKS),
            **ports,
        )

    def _appliance(self, vpc: str) -> str:
        """An instance that forwards, whose groups are open for everybody, or as they come."""
        subnet = self.dice.choice([one for one in self.subnets if self.vpc_of(one) == vpc])
        own = {"NetworkInterfaceId": self.region.launch(subnet, public=self.chance(0.5)).id}
        groups = self.dice.choice(([self.open[vpc]], self.dice.sample(self.groups[vpc], 2)))
        self.attempt("ModifyNetworkInterfaceAttribute", Groups=groups, **own)
        self.attempt("ModifyNetworkInterfaceAttribute", SourceDestCheck={"Value": False}, **own)
        return own["NetworkInterfaceId"]

    def _instance(self, subnet: str) -> str:
        own = {"NetworkInterfaceId": self.region.launch(subnet, public=self.chance(0.5)).id}
        groups = self.dice.sample(self.groups[self.vpc_of(subnet)], self.dice.choice((1, 2)))
        self.attempt("ModifyNetworkInterfaceAttribute", Groups=groups, **own)
        if self.chance(0.3):
            self.attempt("AssignPrivateIpAddresses", SecondaryPrivateIpAddressCount=1, **own)
        if self.chance(0.2):
            self.attempt("AssignPrivateIpAddresses", Ipv4PrefixCount=1, **own)
        if self.chance(0.3):
            address = self.dice.choice(
                self.region.state.need(NetworkInterface, own["NetworkInterfaceId"]).addresses
            )
            self.attempt("AssociateAddress", AllocationId=self._elastic(), PrivateIpAddress=address, **own)
        if self.chance(0.4 if self.forwards else 0.2):
            self.attempt("ModifyNetworkInterfaceAttribute", SourceDestCheck={"Value": False}, **own)
        return own["NetworkInterfaceId"]

    def _elastic(self) -> str:
        return str(self.region.call("AllocateAddress", Domain="vpc")["AllocationId"])

    def _table(self, subnet: str) -> None:
        """A table of a subnet's own, with some of the main table's routes, and others."""
        vpc = self.vpc_of(subnet)
        table = self.region.call("CreateRouteTable", VpcId=vpc)["RouteTable"]["RouteTableId"]
        self.attempt("AssociateRouteTable", RouteTableId=table, SubnetId=subnet)
        asked = self.region.call("DescribeRouteTables", RouteTableIds=[self.region.table(vpc)])
        gateways = [{"GatewayId": r["GatewayId"]} for r in asked["RouteTables"][0]["Routes"]
                    if r.get("GatewayId", "").startswith("igw")]  # fmt: skip
        for route in asked["RouteTables"][0]["Routes"]:
            target = {
                k: v
                for k, v in route.items()
                if k in ("GatewayId", "VpcPeeringConnectionId") and v != "local"
            }
            if target and self.chance(0.6):
                self._route(table, route["DestinationCidrBlock"], **target)
        if self.chance(0.3):
            self._nat(table, vpc)
        if self.forwards and self.chance(0.2 if self._has_appliance(subnet) else 0.8):
            self._by_an_instance(table, vpc)
        if self.chance(0.2) and gateways:
            self.attempt("CreateRoute", RouteTableId=table, DestinationPrefixListId=self.list, **gateways[0])

    def _has_appliance(self, subnet: str) -> bool:
        found = (self.region.state.need(NetworkInterface, id) for id in self.appliances.values())
        return any(interface.subnet_id == subnet for interface in found)

    def _by_an_instance(self, table: str, vpc: str) -> None:
        """Routes to an appliance, or to whichever instance; those to another VPC's are refused."""
        own = [self.region.state.need(Subnet, subnet).cidr for subnet in self.subnets]
        near = [block for block in own if block.split(".")[1] == str(self.vpcs.index(vpc))]
        to = self.appliances.get(vpc) if self.chance(0.8) else None
        blocks = (self.dice.choice(near), self.dice.choice(near), self.dice.choice((*BLOCKS, *own)))
        for block in dict.fromkeys(blocks):
            self._route(table, block, NetworkInterfaceId=to or self.dice.choice(self.ends))

    def _route(self, table: str, block: str, **target: str) -> None:
        self.attempt("CreateRoute", RouteTableId=table, DestinationCidrBlock=block, **target)

    def _nat(self, table: str, vpc: str) -> None:
        subnet = self.dice.choice([one for one in self.subnets if self.vpc_of(one) == vpc])
        kind = {"AllocationId": self._elastic()} if self.chance(0.6) else {"ConnectivityType": "private"}
        if made := self.attempt("CreateNatGateway", SubnetId=subnet, **kind):
            block = self.dice.choice((EVERYWHERE, "10.1.0.0/16", "10.2.0.0/16"))
            self._route(table, block, NatGatewayId=made["NatGateway"]["NatGatewayId"])


def takes(interface: NetworkInterface, address: str) -> bool:
    """True if an address is an interface's own."""
    return any(ip_address(address) in ip_network(block) for block in interface.own_addresses)
