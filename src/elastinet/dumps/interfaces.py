"""Network interfaces, by their own list or inside of instances, and their public addresses."""

import re
from collections.abc import Iterator
from typing import Any, get_args

from elastinet.dumps.item import Item, Odd
from elastinet.dumps.reading import Row
from elastinet.dumps.world import World, common, made_up
from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.interface import (
    Address,
    Attachment,
    AttachmentStatus,
    EnaSrd,
    IdleSeconds,
    NetworkInterface,
)
from elastinet.model.nat import NatGateway
from elastinet.model.noun import Noun
from elastinet.model.vpc import Subnet, Vpc

TYPES = {"nat_gateway": "natGateway", "": "interface"}
MAC = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}")
LOAD_BALANCER = re.compile(r"ELB (?P<name>[A-Za-z0-9/_-]{1,200})")
NAMING = {"PublicIp", "AllocationId", "PtrRecord", "PtrRecordUpdate"}
IDLE = {"TcpEstablishedTimeout": "tcp_established", "UdpStreamTimeout": "udp_stream", "UdpTimeout": "udp"}


def read(world: World) -> None:
    """Make them: the list of interfaces says more than instances do, and goes before them."""
    _remember_holders(world)
    world.read("NetworkInterfaces", _interface)
    world.rows["InterfacesOfInstances"] = list(_inside_of_instances(world))
    world.read("InterfacesOfInstances", _interface)
    for nat in world.all(NatGateway):
        if nat.alive and nat.private_ip and world.state.get(NetworkInterface, nat.interface_id) is None:
            _of_nat(world, nat)
    addresses = world.rows.get("Addresses", [])
    world.rows["AddressNames"] = [row for row in addresses if NAMING.issuperset(row.item.members)]
    world.rows["Addresses"] = [row for row in addresses if not NAMING.issuperset(row.item.members)]
    world.read("Addresses", _address)
    world.read("AddressNames", _name)
    _say_lost_names(world)


def _inside_of_instances(world: World) -> Iterator[Row]:
    known = {interface.id for interface in world.all(NetworkInterface)}
    for row in world.rows.get("Instances", ()):
        try:
            for one in row.item.items("NetworkInterfaces"):
                if one.plain("NetworkInterfaceId") in known:
                    continue
                own = {"InstanceId": row.item.text("InstanceId"), "InstanceOwnerId": row.place.account}
                attachment = {**own, **one.part("Attachment").members}
                yield row._replace(
                    kind="NetworkInterfaces", item=Item({**one.members, "Attachment": attachment})
                )
        except Odd as odd:
            world.say(row.file, f"interfaces of an instance left out: {odd}")


def _remember_holders(world: World) -> None:
    """Which interfaces are in NAT gateways and endpoints: their own attachments do not say it."""
    world.holders.update({nat.interface_id: nat.id for nat in world.all(NatGateway) if nat.interface_id})
    for row in world.rows.get("VpcEndpoints", ()):
        endpoint, inside = row.item.plain("VpcEndpointId"), row.item.members.get("NetworkInterfaceIds")
        if isinstance(inside, list) and not world.state.get(VpcEndpoint, endpoint):
            world.holders.update({id: endpoint for id in inside if isinstance(id, str)})


def _interface(world: World, row: Row) -> Iterator[Noun]:
    item = row.item
    id, subnet_id = item.id("NetworkInterfaceId", "eni"), item.id("SubnetId", "subnet")
    subnet = world.state.get(Subnet, subnet_id)
    if subnet is None:
        raise Odd(f"its subnet {subnet_id} is not in the dump")
    managed, requester = item.flag("RequesterManaged"), item.foreign_id("RequesterId")
    kind = item.foreign_id("InterfaceType")
    six = item.items("Ipv6Addresses")
    where = common(row, "TagSet" if item.has("TagSet") else "Tags")
    four, lent = _addresses(world, item, where)
    interface = NetworkInterface(
        id=id,
        vpc_id=subnet.vpc_id,
        subnet_id=subnet.id,
        zone=subnet.zone,
        mac=_mac(world, item, row),
        addresses=four,
        groups=tuple(one.id("GroupId", "sg") for one in item.items("Groups")),
        addresses6=tuple(filter(None, (one.address("Ipv6Address", 6) for one in six))),
        prefixes=tuple(filter(None, (one.block("Ipv4Prefix", 4) for one in item.items("Ipv4Prefixes")))),
        prefixes6=tuple(filter(None, (one.block("Ipv6Prefix", 6) for one in item.items("Ipv6Prefixes")))),
        has_primary6=bool(six) and six[0].flag("IsPrimaryIpv6"),
        description=item.text("Description"),
        interface_type=TYPES.get(kind, kind),
        source_dest_check=item.flag("SourceDestCheck", True),
        requester_id=(requester or "amazon-aws") if managed else None,
        creator_id="" if managed else requester,
        associate_public_ip=bool(lent),
        public_ip=lent or None,
        idle=_idle(item.part("ConnectionTrackingConfiguration")),
        **where,
    )
    yield interface.but(attachment=_attachment(world, item, interface, row))


def _mac(world: World, item: Item, row: Row) -> str:
    found = item.text("MacAddress").lower()
    if found and not MAC.fullmatch(found):
        raise Odd(f"MacAddress is {found!r}")
    if not found:
        world.say(
            row.file,
            f"the MAC address of {item.text('NetworkInterfaceId')} is not in the dump: one is made up",
        )
    return found or _made_up_mac(item.text("NetworkInterfaceId"))


def _made_up_mac(of: str) -> str:
    digits = made_up("mac", of).removeprefix("mac-")
    return ":".join(("02", *(digits[n : n + 2] for n in range(0, 10, 2))))


def _idle(item: Item) -> IdleSeconds:
    given = {field: item.number(name, 1, 1_000_000, 0) for name, field in IDLE.items() if item.has(name)}
    return IdleSeconds(**given)


def _addresses(world: World, item: Item, where: dict[str, Any]) -> tuple[tuple[str, ...], str]:
    """The private addresses, the primary first, and the public one that AWS lends."""
    shown = item.items("PrivateIpAddresses")
    shown = shown or ([Item({**item.members, "Primary": True})] if item.has("PrivateIpAddress") else [])
    shown.sort(key=lambda one: not one.flag("Primary"))
    lent = ""
    for one in shown:
        association, private = one.part("Association"), one.address("PrivateIpAddress")
        public = association.address("PublicIp")
        if not (public and private):
            continue
        if association.text("PublicDnsName"):
            world.named.add(item.text("VpcId"))
        if association.has("AllocationId"):
            world.elastic[association.id("AllocationId", "eipalloc")] = Address(
                id=association.id("AllocationId", "eipalloc"),
                public_ip=public,
                association_id=association.id("AssociationId", "eipassoc", "") or None,
                interface_id=item.id("NetworkInterfaceId", "eni"),
                private_ip=private,
                owner=association.foreign_id("IpOwnerId") or where["owner"],
                region=where["region"],
            )
        elif one.flag("Primary"):
            lent = public
    return tuple(filter(None, (one.address("PrivateIpAddress") for one in shown))), lent


def _attachment(world: World, item: Item, interface: NetworkInterface, row: Row) -> Attachment | None:
    if not item.has("Attachment"):
        return None
    one = item.part("Attachment")
    status: Any = one.word("Status", get_args(AttachmentStatus), "attached")
    express, udp = (
        one.part("EnaSrdSpecification"),
        one.part("EnaSrdSpecification").part("EnaSrdUdpSpecification"),
    )
    held_by = one.id("InstanceId", "i", "") or world.holders.get(interface.id, "")
    if not held_by:
        held_by = _stranger(world, interface, one, row)
    return Attachment(
        id=one.foreign_id("AttachmentId") or made_up("eni-attach", interface.id),
        instance_id=held_by,
        device_index=one.number("DeviceIndex", 0, 255, 0),
        status=status,
        time=one.time("AttachTime"),
        delete_on_termination=one.flag("DeleteOnTermination"),
        network_card=one.number("NetworkCardIndex", 0, 255, 0),
        ena_srd=EnaSrd(express.flag("EnaSrdEnabled"), udp.flag("EnaSrdUdpEnabled"))
        if one.has("EnaSrdSpecification")
        else None,
    )


def _stranger(world: World, interface: NetworkInterface, attachment: Item, row: Row) -> str:
    """What has an interface that is in no instance: a load balancer by its name, else its owner."""
    if found := LOAD_BALANCER.fullmatch(interface.description):
        world.foreign(found["name"], "load-balancer", interface)
        return found["name"]
    owner = attachment.foreign_id("InstanceOwnerId") or "amazon"
    kind = interface.interface_type if interface.interface_type != "interface" else "service"
    id = f"{owner}/{interface.id}"
    world.foreign(id, kind, interface)
    return id


def _of_nat(world: World, nat: NatGateway) -> None:
    """The interface of a NAT gateway that the dump has no list of interfaces for."""
    id = nat.interface_id or made_up("eni", nat.id)
    world.put(
        NetworkInterface(
            id=id,
            vpc_id=nat.vpc_id,
            subnet_id=nat.subnet_id,
            zone=nat.zone,
            mac=_made_up_mac(id),
            addresses=(nat.private_ip,),
            groups=(),
            description=f"Interface for NAT Gateway {nat.id}",
            interface_type="natGateway",
            source_dest_check=False,
            requester_id="amazon-aws",
            attachment=Attachment(made_up("eni-attach", nat.id), nat.id, 1, "attached", nat.create_time),
            owner=nat.owner,
            region=nat.region,
        )
    )
    world.replace(nat.but(interface_id=id))
    if nat.public_ip:
        allocation = nat.allocation_id or made_up("eipalloc", nat.id)
        world.elastic.setdefault(
            allocation,
            Address(
                id=allocation,
                public_ip=nat.public_ip,
                association_id=nat.association_id or made_up("eipassoc", nat.id),
                interface_id=id,
                private_ip=nat.private_ip,
                owner=nat.owner,
                region=nat.region,
            ),
        )
    world.say(
        world.file_of(nat), f"the interface of {nat.id} is not in the dump: made from what the gateway says"
    )


# --- Elastic IPs ----------------------------------------------------------------------------------


def _address(world: World, row: Row) -> Iterator[Noun]:
    item = row.item
    if not item.has("AllocationId"):
        raise Odd("it has no AllocationId, as EC2-Classic's addresses had none")
    interface_id, private = item.id("NetworkInterfaceId", "eni", ""), item.address("PrivateIpAddress")
    interface = world.state.get(NetworkInterface, interface_id)
    if interface_id and interface is None:
        world.say(row.file, f"{interface_id}, which {item.text('AllocationId')} leads to, is not in the dump")
        interface_id = private = ""
    if not (public := item.address("PublicIp")):
        raise Odd("it has no PublicIp")
    private = private or (interface.primary if interface else "")
    if interface and not private:
        raise Odd(f"{interface_id}, which it leads to, has no address")
    yield Address(
        id=item.id("AllocationId", "eipalloc"),
        public_ip=public,
        association_id=item.id("AssociationId", "eipassoc", "") or None if interface else None,
        interface_id=interface_id or None,
        private_ip=private or None,
        **common(row),
    )


def _name(world: World, row: Row) -> Iterator[Noun]:
    """What DescribeAddressesAttribute says, whose list is called as the list of addresses is."""
    if old := world.state.get(Address, row.item.id("AllocationId", "eipalloc")):
        world.replace(old.but(ptr_record=row.item.text("PtrRecord") or None))
    yield from ()


def _say_lost_names(world: World) -> None:
    """What associations tell beside: Elastic IPs that no list has, and VPCs that give public names."""
    taken = {address.public_ip for address in world.all(Address)}
    for id, address in world.elastic.items():
        if world.state.get(Address, id) is None and address.public_ip not in taken:
            world.put(address)
            world.say("", f"{id} is in no list of addresses: taken from what {address.interface_id} says")
    for interface in world.all(NetworkInterface):
        if interface.public_ip in taken:
            world.replace(interface.but(public_ip=None, associate_public_ip=False))
    attributed = {row.item.plain("VpcId") for row in world.rows.get("VpcAttributes", ())}
    for vpc in world.all(Vpc):
        if vpc.id in world.named and vpc.id not in attributed:
            world.replace(vpc.but(dns_hostnames=True))
