"""Interface endpoints: an interface of the service's in each of their subnets."""

from typing import NamedTuple

from msgspec.structs import replace

from elastinet.ec2.core import faults
from elastinet.ec2.core.address_requests import AddressRequest, ipv6_address
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.interfaces import ipv6_addresses
from elastinet.ec2.interfaces.endpoint_dns import by_default, with_dns
from elastinet.ec2.interfaces.network_interfaces import remove_interface
from elastinet.ec2.interfaces.new_interface import make_interface
from elastinet.ec2.interfaces.private_addresses import check_free, fresh
from elastinet.ec2.security.security_groups import check_groups
from elastinet.model.endpoint import EndpointSubnet, VpcEndpoint
from elastinet.model.fault import Fault
from elastinet.model.interface import Attachment, NetworkInterface
from elastinet.model.vpc import Subnet
from elastinet.rules.interfaces import attachment_of

REQUESTER = "727180483921"
"""AWS's own account for these interfaces, as its guide shows it."""
ROUTE_TABLES = ("RouteTableIds", "AddRouteTableIds", "RemoveRouteTableIds")
LABEL_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


class Place(NamedTuple):
    """A subnet for an endpoint, and the addresses that it is to have there; "" is any."""

    subnet: Subnet
    ipv4: str = ""
    ipv6: str = ""


def furnish(tx: Transaction, request: Request, endpoint: VpcEndpoint) -> VpcEndpoint:
    """A new endpoint with what a request asks for: names, groups, and an interface in each subnet."""
    _check(request)
    others = tx.where(VpcEndpoint, "vpc-id", endpoint.vpc_id)
    if sum(1 for o in others if o.kind == "Interface") >= tx.settings.quotas.interface_endpoints_per_vpc:
        raise faults.quota("VpcEndpointLimitExceeded", "VPC endpoints")
    endpoint = endpoint.but(
        groups=check_groups(tx, request.ids("SecurityGroupIds"), endpoint.vpc_id),
        label="".join(tx.dice.choice(LABEL_LETTERS) for _ in range(8)),
        ip_address_type=request.get("IpAddressType", "ipv4"),
    )
    endpoint = with_dns(tx, request, endpoint, by_default(endpoint))
    return _placed(tx, endpoint, _places(tx, request, request.ids("SubnetIds"), endpoint))


def change(tx: Transaction, request: Request, endpoint: VpcEndpoint) -> VpcEndpoint:
    """The endpoint with other names, groups, subnets or addresses."""
    _check(request)
    if endpoint.state == "deleting":
        raise Fault("IncorrectState", f"The VPC endpoint {endpoint.id} is being deleted.")
    gone = request.ids("RemoveSubnetIds")
    for id in gone:
        if need(tx, Subnet, "subnet", id).id not in {subnet.id for subnet in endpoint.subnets}:
            sentence = f"Subnet {id} is not associated with endpoint {endpoint.id}"
            raise Fault("InvalidParameter", sentence)
    endpoint = endpoint.but(groups=_other_groups(tx, request, endpoint))
    endpoint = endpoint.but(ip_address_type=request.get("IpAddressType", endpoint.ip_address_type))
    endpoint = with_dns(tx, request, endpoint, endpoint.private_dns)
    added = request.ids("AddSubnetIds")
    places = _places(tx, request, added, endpoint)
    places = [place for place in places if place.subnet.id in added or not _is_so(tx, endpoint, place)]
    moved = {place.subnet.id for place in places if place.ipv4 or place.ipv6}  # it gets another interface
    endpoint = _without(tx, endpoint, {*gone, *moved})
    _keep(tx, endpoint)
    return _placed(tx, endpoint, places)


def _check(request: Request) -> None:
    if any(request.get(name) for name in ROUTE_TABLES):
        sentence = "Route table IDs are only supported for Gateway type VPC Endpoint."
        raise Fault("InvalidParameter", sentence)


def _other_groups(tx: Transaction, request: Request, endpoint: VpcEndpoint) -> tuple[str, ...]:
    """An endpoint's groups after a change; one at least is left."""
    gone, more = request.ids("RemoveSecurityGroupIds"), request.ids("AddSecurityGroupIds")
    if gone:
        check_groups(tx, gone, endpoint.vpc_id)
    if lost := next((id for id in gone if id not in endpoint.groups), None):
        sentence = f"Security group {lost} is not associated with endpoint {endpoint.id}"
        raise Fault("InvalidParameter", sentence)
    left = [id for id in endpoint.groups if id not in gone] + more
    if not left:
        raise Fault("InvalidParameter", f"The endpoint {endpoint.id} must have a security group.")
    return check_groups(tx, left, endpoint.vpc_id)


# --- subnets --------------------------------------------------------------------------------------


def _places(tx: Transaction, request: Request, named: list[str], endpoint: VpcEndpoint) -> list[Place]:
    """The subnets that a request names, with the addresses that it chooses."""
    chosen: dict[str, tuple[str, str]] = dict.fromkeys(named, ("", ""))
    for item in request.get("SubnetConfigurations") or ():
        if (id := item.get("SubnetId")) is None:
            raise faults.missing_parameter("SubnetConfigurations.SubnetId")
        six = item.get("Ipv6", "")
        chosen[id] = item.get("Ipv4", ""), ipv6_address(six) if six else ""
    places = [Place(need(tx, Subnet, "subnet", id), *addresses) for id, addresses in chosen.items()]
    for place in places:
        _check_place(place, endpoint)
    return places


def _is_so(tx: Transaction, endpoint: VpcEndpoint, place: Place) -> bool:
    """True if an endpoint has the addresses already that are chosen for a subnet."""
    there = next((subnet for subnet in endpoint.subnets if subnet.id == place.subnet.id), None)
    if there is None:
        return False
    interface = tx.need(NetworkInterface, there.interface)
    return {place.ipv4, place.ipv6} <= {"", *interface.addresses, *interface.addresses6}


def _check_place(place: Place, endpoint: VpcEndpoint) -> None:
    subnet, kind = place.subnet, endpoint.ip_address_type
    if subnet.vpc_id != endpoint.vpc_id:
        sentence = f"Subnet {subnet.id} does not belong to VPC {endpoint.vpc_id}"
        raise Fault("InvalidParameter", sentence)
    if (place.ipv4 and kind == "ipv6") or (place.ipv6 and kind == "ipv4"):
        sentence = f"The addresses for subnet {subnet.id} do not match the IP address type {kind}."
        raise Fault("InvalidParameter", sentence)
    _check_family(subnet, endpoint)


def _check_family(subnet: Subnet, endpoint: VpcEndpoint) -> None:
    """Refuse a subnet that has not just the families of an endpoint's IP address type."""
    kind = endpoint.ip_address_type
    fits = {"ipv4": bool(subnet.cidr), "dualstack": bool(subnet.cidr and subnet.cidr6)}
    if not fits.get(kind, subnet.ipv6_native):
        sentence = f"Subnet {subnet.id} does not support the IP address type {kind}."
        raise Fault("InvalidParameter", sentence)


def _placed(tx: Transaction, endpoint: VpcEndpoint, places: list[Place]) -> VpcEndpoint:
    """The endpoint with an interface in more subnets, each in a zone of its own."""
    zones = {tx.need(Subnet, subnet.id).zone for subnet in endpoint.subnets}
    made = []
    for place in places:
        if place.subnet.zone in zones:
            sentence = "VPC endpoint subnets should be in different availability zones supported by"
            raise Fault(
                "DuplicateSubnetsInSameZone",
                f"Found another VPC endpoint subnet in the availability zone of {place.subnet.id}. "
                f"{sentence} the VPC endpoint service.",
            )
        zones.add(place.subnet.zone)
        made.append(EndpointSubnet(place.subnet.id, _interface(tx, endpoint, place).id))
    return endpoint.but(subnets=(*endpoint.subnets, *made))


def _interface(tx: Transaction, endpoint: VpcEndpoint, place: Place) -> NetworkInterface:
    """An interface of an endpoint, which no user may touch."""
    ipv4: tuple[str, ...] = ()
    if endpoint.ip_address_type != "ipv6":
        if place.ipv4:
            check_free(tx, place.subnet, place.ipv4)
        ipv4 = (place.ipv4 or fresh(tx, place.subnet, 1)[0],)
    return make_interface(
        tx,
        place.subnet,
        addresses=ipv4,
        addresses6=_ipv6(tx, endpoint, place),
        groups=endpoint.groups,
        description=f"VPC Endpoint Interface {endpoint.id}",
        interface_type="vpc_endpoint",
        requester_id=REQUESTER,
        attachment=Attachment(tx.new_id("ela-attach"), endpoint.id, 1, "attached", tx.now),
    )


def _ipv6(tx: Transaction, endpoint: VpcEndpoint, place: Place) -> tuple[str, ...]:
    if endpoint.ip_address_type == "ipv4":
        return ()
    asked = AddressRequest(named=(place.ipv6,)) if place.ipv6 else AddressRequest(count=1)
    return ipv6_addresses.pick(tx, place.subnet, asked)[0]


def _keep(tx: Transaction, endpoint: VpcEndpoint) -> None:
    """Have the interfaces that stay the groups of their endpoint, and addresses of its families."""
    for kept in endpoint.subnets:
        subnet, interface = tx.need(Subnet, kept.id), tx.need(NetworkInterface, kept.interface)
        _check_family(subnet, endpoint)
        addresses6 = interface.addresses6 if endpoint.ip_address_type != "ipv4" else ()
        addresses6 = addresses6 or _ipv6(tx, endpoint, Place(subnet))
        tx.put(interface.but(groups=endpoint.groups, addresses6=addresses6))


# --- the end --------------------------------------------------------------------------------------


def _without(tx: Transaction, endpoint: VpcEndpoint, subnets: set[str]) -> VpcEndpoint:
    """The endpoint in fewer subnets; its interfaces there go as soon as the fabric knows of it."""
    _release(tx, [subnet for subnet in endpoint.subnets if subnet.id in subnets])
    return endpoint.but(subnets=tuple(s for s in endpoint.subnets if s.id not in subnets))


def _release(tx: Transaction, subnets: list[EndpointSubnet]) -> None:
    for subnet in subnets:
        interface = tx.need(NetworkInterface, subnet.interface)
        tx.put(interface.but(attachment=replace(attachment_of(interface), status="detaching")))


def delete(tx: Transaction, endpoint: VpcEndpoint) -> None:
    """End an endpoint: it is deleting until the last of its interfaces has gone."""
    if not endpoint.subnets:
        tx.drop(endpoint)
    elif endpoint.state != "deleting":
        _release(tx, list(endpoint.subnets))
        tx.put(endpoint.but(state="deleting"))


def detached(tx: Transaction, interface: NetworkInterface) -> None:
    """The fabric knows of an endpoint's interface no more."""
    if interface.interface_type != "vpc_endpoint":
        return
    remove_interface(tx, interface)
    endpoint = tx.get(VpcEndpoint, attachment_of(interface).instance_id)
    if endpoint is None or interface.id not in {subnet.interface for subnet in endpoint.subnets}:
        return
    left = tuple(subnet for subnet in endpoint.subnets if subnet.interface != interface.id)
    if left:
        tx.put(endpoint.but(subnets=left))
    else:
        tx.drop(endpoint)
