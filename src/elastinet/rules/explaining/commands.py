"""The command that opens each blocker, where one does; it opens what was asked for, and little more."""

from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

from elastinet.catalog.protocols import ICMP, ICMP6
from elastinet.model.acl import NetworkAcl
from elastinet.model.instance import Instance
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.peering import Peering
from elastinet.model.security import SecurityGroup
from elastinet.model.state import State
from elastinet.model.vpc import InternetGateway, Subnet, Vpc
from elastinet.rules.explaining.command import Command
from elastinet.rules.explaining.entries import Entries
from elastinet.rules.explaining.routes import route_command
from elastinet.rules.explaining.sentences import COMPONENT_FILTERED, FILTERED
from elastinet.rules.filtering import protocol_name
from elastinet.rules.ranges import PORTS, address_of, blocks_of, size
from elastinet.rules.reachability.headers import Headers
from elastinet.rules.reachability.steps import Blocker
from elastinet.rules.rule_numbers import family

MOST_PEERS = 8
"""A rule is made for so many blocks at the most; for more it is made for everybody."""
EVERYBODY = {4: "0.0.0.0/0", 6: "::/0"}


class Commands:
    """The commands for one answer's blockers: they can be run one after the other."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.entries = Entries()
        self._public: dict[tuple[str, str], Command] = {}
        self._lent: set[str] = set()

    def of(self, blocker: Blocker, headers: Headers) -> Command | None:
        """The command that opens a blocker for the headers that it refuses; None where there is none."""
        make = COMMANDS[blocker.code]
        return make(self, blocker, headers) if make else None

    def groups(self, blocker: Blocker, headers: Headers) -> Command | None:
        """A rule of the first group of an interface."""
        group = self.state.get(SecurityGroup, blocker.get("groups").split(",")[0])
        if group is None:
            return None
        egress = blocker.get("direction") == "egress"
        found = blocks_of(headers.field("destination" if egress else "source"), headers.version)
        blocks = found if len(found) <= MOST_PEERS else [EVERYBODY[headers.version]]
        list_, item = ("IpRanges", "CidrIp") if headers.version == 4 else ("Ipv6Ranges", "CidrIpv6")
        permission = _spoken_of(headers) | {list_: [{item: block} for block in blocks]}
        verb = f"AuthorizeSecurityGroup{'Egress' if egress else 'Ingress'}"
        return Command(verb, {"GroupId": group.id, "IpPermissions": [permission]}, group.region)

    def acl(self, blocker: Blocker, headers: Headers) -> Command | None:
        """An entry before the one that denies."""
        acl = self.state.need(NetworkAcl, blocker.get("acl"))
        return self.entries.command(acl, headers, egress=blocker.get("direction") == "egress")

    def route(self, blocker: Blocker, headers: Headers) -> Command | None:
        """A route to what could lead on."""
        return route_command(self.state, blocker, headers)

    def public(self, blocker: Blocker, headers: Headers) -> Command | None:
        """An Elastic IP for an interface: an idle one, or a new one."""
        interface = self.state.need(NetworkInterface, blocker.get("interface"))
        if interface.interface_type == "natGateway":
            return None
        asked = headers.field("source")
        source = address_of(asked[0][0], headers.version) if size(asked) == 1 else ""
        private = source if source in interface.addresses[1:] else ""
        if (interface.id, private) not in self._public:
            more = {"PrivateIpAddress": private} if private else {}
            given = {"NetworkInterfaceId": interface.id, "AllocationId": self._address(interface), **more}
            self._public[interface.id, private] = Command("AssociateAddress", given, interface.region)
        return self._public[interface.id, private]

    def _address(self, interface: NetworkInterface) -> str | Command:
        idle = (
            a.id for a in self.state.where(Address, "scope", interface.scope)
            if not a.association_id and a.id not in self._lent
        )  # fmt: skip
        if found := next(idle, ""):
            self._lent.add(found)
            return found
        return Command("AllocateAddress", {"Domain": "vpc"}, interface.region, "AllocationId")

    def check(self, blocker: Blocker, _: Headers) -> Command | None:
        """Turn off an interface's check."""
        interface = self.state.need(NetworkInterface, blocker.get("component"))
        given = {"NetworkInterfaceId": interface.id, "SourceDestCheck": {"Value": False}}
        return Command("ModifyNetworkInterfaceAttribute", given, interface.region)

    def start(self, blocker: Blocker, _: Headers) -> Command | None:
        """Start what is stopped, accept what waits for it, attach what is attached to nothing."""
        id = blocker.get("component")
        interface = self.state.get(NetworkInterface, id)
        if interface is not None and interface.attachment is not None:
            id = interface.attachment.instance_id
        if (instance := self.state.get(Instance, id)) and instance.state == "stopped":
            return Command("StartInstances", {"InstanceIds": [id]}, instance.region)
        if (peering := self.state.get(Peering, id)) and peering.status == "pending-acceptance":
            return Command(
                "AcceptVpcPeeringConnection", {"VpcPeeringConnectionId": id}, peering.accepter.region
            )
        return None

    def attach(self, blocker: Blocker, _: Headers) -> Command | None:
        """Attach an internet gateway to a VPC that has none: an idle one, or a new one."""
        vpc = self.state.get(Vpc, blocker.get("vpc"))
        if vpc is None or blocker.get("destination") != "internet gateway":
            return None
        if any(self.state.where(InternetGateway, "attachment.vpc-id", vpc.id)):
            return None
        idle = (g.id for g in self.state.where(InternetGateway, "scope", vpc.scope) if not g.vpc_id)
        new = Command("CreateInternetGateway", {}, vpc.region, "InternetGateway.InternetGatewayId")
        given = {"VpcId": vpc.id, "InternetGatewayId": next(idle, new)}
        return Command("AttachInternetGateway", given, vpc.region)

    def join(self, blocker: Blocker, _: Headers) -> Command | None:
        """A peering connection between two VPCs whose blocks do not overlap."""
        one, other = (self.state.need(Vpc, blocker.get(end)) for end in ("source", "destination"))
        if any(ip_network(a).overlaps(ip_network(b)) for a in one.cidrs for b in other.cidrs):
            return None
        given = {"VpcId": one.id, "PeerVpcId": other.id}
        given |= {"PeerRegion": other.region} if other.region != one.region else {}
        given |= {"PeerOwnerId": other.owner} if other.owner != one.owner else {}
        return Command("CreateVpcPeeringConnection", given, one.region)

    def address(self, blocker: Blocker, headers: Headers) -> Command | None:
        """An IPv6 address for an interface in a subnet that has some."""
        interface = self.state.need(NetworkInterface, blocker.get("component"))
        subnet = self.state.need(Subnet, interface.subnet_id)
        if headers.version == 4 or not subnet.cidr6 or interface.interface_type == "efa-only":
            return None
        given = {"NetworkInterfaceId": interface.id, "Ipv6AddressCount": "1"}
        return Command("AssignIpv6Addresses", given, interface.region)


def _spoken_of(headers: Headers) -> dict[str, Any]:
    """The protocol and the ports of a rule for headers."""
    found: dict[str, Any] = {"IpProtocol": protocol_name(headers.protocol)}
    low, high = headers.field("dport")[0]
    if headers.protocol in (ICMP, ICMP6):
        whole = (low, high) == PORTS[0]
        return found | {"FromPort": -1 if whole else low // 256, "ToPort": -1 if whole else low % 256}
    return found | ({"FromPort": low, "ToPort": high} if family(headers.protocol) == "ports" else {})


Maker = Callable[[Commands, Blocker, Headers], Command | None]
COMMANDS: dict[str, Maker | None] = {
    **dict.fromkeys((*FILTERED, *COMPONENT_FILTERED)),
    "BAD_STATE": Commands.start,
    "BAD_STATE_ATTACHMENT": Commands.attach,
    "UNASSOCIATED_COMPONENT": Commands.address,
    "ENI_SOURCE_DEST_CHECK_RESTRICTION": Commands.check,
    "ENI_SG_RULES_MISMATCH": Commands.groups,
    "SUBNET_ACL_RESTRICTION": Commands.acl,
    "NO_ROUTE_TO_DESTINATION": Commands.route,
    "BAD_STATE_ROUTE": Commands.start,
    "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS": Commands.public,
    "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS": Commands.public,
    "IGW_DESTINATION_ADDRESS_NOT_IN_RFC1918_EGRESS": None,
    "IGW_DESTINATION_ADDRESS_NOT_IN_RFC6598_EGRESS": None,
    "IGW_SOURCE_ADDRESS_NOT_IN_RFC1918_INGRESS": None,
    "IGW_SOURCE_ADDRESS_NOT_IN_RFC6598_INGRESS": None,
    "IGW_NAT_REFLECTION": None,
    "NGW_REQUIRES_SOURCE_IN_VPC": None,
    "PROTOCOL_RESTRICTION": None,
    "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR": None,
    "NO_SOURCE_OR_DESTINATION": None,
    "NO_PATH": Commands.attach,
    "DISCONNECTED_VPCS": Commands.join,
    "UNSUPPORTED_COMPONENT": None,
    "UNKNOWN_RESOURCE": None,
}
"""What opens each code; None where no single command does."""
