"""The interfaces that a launch is to have, in either of the two ways that EC2 takes them."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from elastinet.catalog.instance_types import InstanceType
from elastinet.ec2.core import asked_addresses, faults
from elastinet.ec2.core.address_limits import Load, check_load, load_of
from elastinet.ec2.core.asked_addresses import NOTHING, AddressRequest, ipv4_prefixes
from elastinet.ec2.core.efa_only import without_addresses
from elastinet.ec2.core.lookup import need, need_mine
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.interfaces.attachments import OTHER_ZONE, check_index, too_many
from elastinet.ec2.interfaces.efa import check_primary, read_type
from elastinet.ec2.interfaces.ena_express import check_has_ena, read_express
from elastinet.ec2.interfaces.ipv6_addresses import wanted
from elastinet.ec2.interfaces.private_addresses import EXCLUDING, check_free, fresh
from elastinet.ec2.security.named_groups import groups_by_name
from elastinet.ec2.security.security_groups import check_groups
from elastinet.ec2.vpc.account import default_vpc
from elastinet.ec2.vpc.subnets import pick_zone
from elastinet.model.fault import Fault
from elastinet.model.interface import EnaSrd, NetworkInterface
from elastinet.model.noun import Tags
from elastinet.model.prefixes import prefix_of
from elastinet.model.vpc import Subnet

FULL = "There are not enough free addresses in subnet '{}' to satisfy the requested number of instances."
WITH_INTERFACES = {
    "SubnetId": "an instance-level subnet ID",
    "SecurityGroupIds": "an instance-level security groups",
    "SecurityGroups": "an instance-level security groups",
    "PrivateIpAddress": "an instance-level private IP address",
    "Ipv6Addresses": "an instance-level IPv6 address",
    "Ipv6AddressCount": "an instance-level IPv6 address count",
    "EnablePrimaryIpv6": "an instance-level primary IPv6 address",
}


FOR_NEW = (
    "Description", "Groups", "PrivateIpAddress", "PrivateIpAddresses", "SubnetId", "Ipv4Prefixes",
    "Ipv4PrefixCount", "Ipv6Addresses", "Ipv6AddressCount", "Ipv6Prefixes", "Ipv6PrefixCount",
)  # fmt: skip
"""What can be said of an interface that a launch makes only."""


@dataclass
class InterfacePlan:
    """One interface of each instance: an existing one, or how to make it.

    `addresses` has, for each instance, the IPv4 addresses that its interface begins with. `prefixes`
    and `ipv6` are what it has beside, `primary6` whether its first IPv6 address is the primary one.
    """

    subnet: Subnet
    device_index: int = 0
    card: int = 0
    existing: NetworkInterface | None = None
    groups: tuple[str, ...] = ()
    addresses: tuple[tuple[str, ...], ...] = ()
    secondary_count: int = 0
    prefixes: AddressRequest = NOTHING
    ipv6: AddressRequest = NOTHING
    primary6: bool = False
    description: str = ""
    public: bool = False
    delete_on_termination: bool = True
    ena_srd: EnaSrd | None = None
    interface_type: str = "interface"

    @property
    def load(self) -> Load:
        """What the interface of each instance has, or will have."""
        if self.existing:
            return load_of(self.existing)
        ipv4 = max((len(a) for a in self.addresses), default=0) + self.secondary_count + self.prefixes.size
        return Load(ipv4, self.ipv6.size, self.prefixes.size + self.ipv6.all_prefixes)


@dataclass
class LaunchInterfaces:
    """The interfaces of every instance of a launch, the primary first."""

    interfaces: list[InterfacePlan]
    interface_tags: Tags

    @property
    def places(self) -> list[tuple[str, int]]:
        """The types of an instance's interfaces, and the network cards that they are on."""
        return [(one.interface_type, one.card) for one in self.interfaces]

    @property
    def subnet(self) -> Subnet:
        """The subnet of the instances: that of their primary interface."""
        return self.interfaces[0].subnet

    @cached_property
    def addresses(self) -> frozenset[str]:
        """All IPv4 addresses that are meant for interfaces already, of which most are not there yet."""
        return frozenset(address for one in self.interfaces for given in one.addresses for address in given)

    @cached_property
    def prefixes(self) -> frozenset[str]:
        """The prefixes that they are of."""
        return frozenset(map(prefix_of, self.addresses))

    def primary(self, index: int) -> str:
        """The primary private address of an instance."""
        first = self.interfaces[0]
        return first.existing.primary if first.existing else first.addresses[index][0]


def plan_interfaces(tx: Transaction, request: Request, kind: InstanceType, count: int) -> LaunchInterfaces:
    """What interfaces a request to launch asks for; refuses what EC2 refuses."""
    given = request.get("NetworkInterfaces")
    found = _listed(tx, request, given, kind, count) if given else [_simple(tx, request, count)]
    found.sort(key=lambda one: (one.card, one.device_index))
    _check(kind, found)
    tags = tags_for(tx, request, "network-interface", "instance", "volume")
    return LaunchInterfaces(found, tags)


def _check(kind: InstanceType, found: list[InterfacePlan]) -> None:
    places = [(one.card, one.device_index) for one in found]
    if places[0] != (0, 0):
        raise faults.combination("A primary network interface is required: device index 0 on network card 0.")
    if len(set(places)) < len(places):
        raise faults.combination("Each network interface requires a device index of its own.")
    check_primary(found[0].interface_type)
    for one in found:
        check_index(kind.name, one.device_index, one.card)
        sentence = f"Interface has more private addresses than {kind.name} supports."
        check_load(kind, one.load, Fault("InvalidInterface.IpAddressLimitExceeded", sentence))
        if one.subnet.zone != found[0].subnet.zone:
            raise faults.combination(OTHER_ZONE)
    if len(found) > kind.max_interfaces:
        raise too_many(len(found), kind.name)
    for card, number in Counter(one.card for one in found).items():
        if number > kind.cards[card].max_enis:
            raise too_many(number, kind.name)


def _simple(tx: Transaction, request: Request, count: int) -> InterfacePlan:
    subnet = _subnet(tx, request)
    ids = request.ids("SecurityGroupIds") + groups_by_name(tx, request.ids("SecurityGroups"))
    groups = check_groups(tx, ids, subnet.vpc_id)
    addresses = _addresses(tx, subnet, request.get("PrivateIpAddress"), [], count)
    fields = _ipv6(request, subnet, count, "EnablePrimaryIpv6")
    return InterfacePlan(subnet, groups=groups, addresses=addresses, public=subnet.map_public_ip, **fields)


def _ipv6(request: Request, subnet: Subnet, count: int, primary: str) -> dict[str, Any]:
    """What the interface of each instance has of IPv6; `primary` is the name of the parameter."""
    asked = asked_addresses.ipv6(request)
    if asked is not None and (asked.named or asked.prefixes) and count > 1:
        raise faults.combination("An IPv6 address or prefix can be given to one instance only.")
    is_primary = bool(request.get(primary)) or asked_addresses.marks_primary(request)
    return {"ipv6": wanted(subnet, asked), "primary6": is_primary}


def _subnet(tx: Transaction, request: Request) -> Subnet:
    placement = request.get("Placement")
    zone = _zone(tx, placement) if placement else None
    if (id := request.get("SubnetId")) is not None:
        subnet = need(tx, Subnet, "subnet", id)
        if zone is not None and zone != subnet.zone:
            raise faults.invalid(zone, "availabilityZone", f"The subnet {id} is in {subnet.zone}.")
        return subnet
    return default_subnet(tx, zone)


def _zone(tx: Transaction, placement: Request) -> str | None:
    """The zone that a launch asks for, by name or by id; Terraform sends empty names."""
    name, id = placement.get("AvailabilityZone") or None, placement.get("AvailabilityZoneId") or None
    if name is not None and id is not None:
        raise faults.combination("Only one of availabilityZone and availabilityZoneId may be specified.")
    return pick_zone(tx, id) if id else name


def default_subnet(tx: Transaction, zone: str | None) -> Subnet:
    """The default subnet of a zone, or of the first zone that has one."""
    vpc = default_vpc(tx)
    if vpc is None:
        raise Fault(
            "VPCIdNotSpecified",
            "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.",
        )
    wanted = pick_zone(tx, zone) if zone else None
    candidates = (s for s in tx.where(Subnet, "vpc-id", vpc.id) if s.default_for_az)
    found = next((s for s in candidates if wanted in (None, s.zone)), None)
    if found is None:
        sentence = (
            f"No default subnet for availability zone: '{wanted}'."
            if wanted
            else "No subnets found for the default VPC '" + vpc.id + "'. Please specify a subnet."
        )
        raise Fault("MissingInput", sentence)
    return found


def _addresses(
    tx: Transaction,
    subnet: Subnet,
    primary: str | None,
    others: list[str],
    count: int,
    prefixes: tuple[str, ...] = (),
) -> tuple[tuple[str, ...], ...]:
    """For each instance the addresses of one interface: the ones asked for, or a free one."""
    for address in filter(None, (primary, *others)):
        check_free(tx, subnet, address)
    if primary is not None or others:
        if count > 1:
            raise faults.combination("A private IP address can be given to one instance only.")
        first = primary or fresh(tx, subnet, 1, set(others), prefixes)[0]
        return ((first, *others),)
    try:
        return tuple((address,) for address in fresh(tx, subnet, count, set(), prefixes))
    except Fault as fault:
        raise Fault(fault.code, FULL.format(subnet.id)) from None


def _listed(
    tx: Transaction, request: Request, given: list[Request], kind: InstanceType, count: int
) -> list[InterfacePlan]:
    for name, what in WITH_INTERFACES.items():
        if name in request:
            raise faults.combination(
                f"Network interfaces and {what} may not be specified on the same request"
            )
    found = [_one(tx, request, item, kind, count) for item in given]
    if len(given) > 1 and any(item.get("AssociatePublicIpAddress") for item in given):
        raise faults.combination(
            "The associatePublicIPAddress parameter cannot be specified when launching with "
            "multiple network interfaces."
        )
    return found


def _one(tx: Transaction, request: Request, item: Request, kind: InstanceType, count: int) -> InterfacePlan:
    if (index := item.get("DeviceIndex")) is None:
        raise faults.missing_parameter("NetworkInterface.DeviceIndex")
    express = read_express(tx, kind.name, item.get("EnaSrdSpecification"))
    place = {"device_index": index, "card": item.get("NetworkCardIndex", 0), "ena_srd": express}
    if (id := item.get("NetworkInterfaceId")) is not None:
        return _existing(tx, item, id, count, place)
    subnet, place["interface_type"] = _own_subnet(tx, request, item), read_type(tx, item)
    check_has_ena(place["interface_type"], item.get("EnaSrdSpecification"))
    if place["interface_type"] == "efa-only":
        return _without_addresses(tx, subnet, item, count, place)
    primary, others = _asked(item)
    secondary_count = asked_addresses.secondary_count(item) or 0
    prefixes = ipv4_prefixes(item, [name for name in EXCLUDING if item.get(name)])
    if prefixes.prefixes and count > 1:
        raise faults.combination("A prefix can be given to one instance only.")
    fields = place | _ipv6(item, subnet, count, "PrimaryIpv6")
    return InterfacePlan(
        subnet,
        groups=check_groups(tx, item.ids("Groups"), subnet.vpc_id),
        addresses=_addresses(tx, subnet, primary, others, count, prefixes.prefixes),
        secondary_count=secondary_count,
        prefixes=prefixes,
        description=item.get("Description", ""),
        public=item.get("AssociatePublicIpAddress", subnet.map_public_ip),
        delete_on_termination=item.get("DeleteOnTermination", True),
        **fields,
    )


def _without_addresses(
    tx: Transaction, subnet: Subnet, item: Request, count: int, place: dict[str, Any]
) -> InterfacePlan:
    without_addresses(item)
    return InterfacePlan(
        subnet,
        groups=check_groups(tx, item.ids("Groups"), subnet.vpc_id),
        addresses=((),) * count,
        description=item.get("Description", ""),
        delete_on_termination=item.get("DeleteOnTermination", True),
        **place,
    )


def _own_subnet(tx: Transaction, request: Request, item: Request) -> Subnet:
    if (id := item.get("SubnetId")) is not None:
        return need(tx, Subnet, "subnet", id)
    return _subnet(tx, request)


def _asked(item: Request) -> tuple[str | None, list[str]]:
    listed = [(a.get("PrivateIpAddress"), a.get("Primary")) for a in item.get("PrivateIpAddresses") or ()]
    firsts = [address for address, primary in listed if primary]
    if len(firsts) > 1 or (firsts and item.get("PrivateIpAddress")):
        raise faults.combination("Only one primary private IP address can be specified.")
    primary = item.get("PrivateIpAddress") or next(iter(firsts), None)
    return primary, [address for address, is_first in listed if not is_first]


def _existing(tx: Transaction, item: Request, id: str, count: int, place: dict[str, Any]) -> InterfacePlan:
    interface = need_mine(tx, id)
    for name in FOR_NEW:
        if name in item:
            raise faults.combination(
                f"A network interface may not specify both a network interface ID and {name}"
            )
    if count > 1:
        raise faults.combination("An existing network interface can be attached to one instance only.")
    if interface.attachment is not None:
        raise Fault("InvalidNetworkInterface.InUse", f"Interface: [{id}] in use.")
    if item.get("DeleteOnTermination"):
        raise faults.invalid(
            "true", "deleteOnTermination", "It may be set at launch for new interfaces only."
        )
    if item.get("AssociatePublicIpAddress"):
        raise faults.combination("A public address can be asked for a new network interface only.")
    subnet, place["interface_type"] = tx.need(Subnet, interface.subnet_id), interface.interface_type
    if "InterfaceType" in item and read_type(tx, item) != interface.interface_type:
        sentence = f"The network interface {id} is of the type '{interface.interface_type}'."
        raise faults.invalid(item["InterfaceType"], "interfaceType", sentence)
    check_has_ena(interface.interface_type, item.get("EnaSrdSpecification"))
    return InterfacePlan(subnet, existing=interface, delete_on_termination=False, **place)
