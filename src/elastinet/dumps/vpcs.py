"""VPCs and what they are divided into: subnets, reservations of their parts, DHCP option sets."""

from collections.abc import Iterator

from elastinet.catalog.regions import REGIONS
from elastinet.dumps.item import Item, Odd
from elastinet.dumps.reading import Row
from elastinet.dumps.world import World, common, made_up
from elastinet.model.account import RegionSettings
from elastinet.model.dhcp import DhcpOptions
from elastinet.model.noun import Noun
from elastinet.model.reservation import SubnetReservation
from elastinet.model.vpc import FormerBlock, Subnet, Vpc


def read(world: World) -> None:
    """Make them."""
    world.read("DhcpOptions", _options)
    world.read("Vpcs", _vpc)
    world.read("VpcAttributes", _attributes)
    world.read("Subnets", _subnet)
    world.read("SubnetIpv4CidrReservations SubnetIpv6CidrReservations", _reservation)
    for noun in (*world.all(Vpc), *world.all(Subnet)):
        scope = "/".join(noun.scope)
        if world.state.get(RegionSettings, scope) is None:
            world.put(RegionSettings(id=scope, owner=noun.owner, region=noun.region))
            if noun.region not in REGIONS:
                world.say(world.file_of(noun), f"the region {noun.region} is not known here")


def _options(world: World, row: Row) -> Iterator[Noun]:
    given = row.item.items("DhcpConfigurations")
    options = tuple((one.text("Key"), tuple(v.text("Value") for v in one.items("Values"))) for one in given)
    yield DhcpOptions(id=row.item.id("DhcpOptionsId", "dopt"), options=options, **common(row))


def _vpc(world: World, row: Row) -> Iterator[Noun]:
    item = row.item
    id, primary = item.id("VpcId", "vpc"), item.block("CidrBlock", 4)
    four = _blocks(item, "CidrBlockAssociationSet", "CidrBlock", 4)
    six = _blocks(item, "Ipv6CidrBlockAssociationSet", "Ipv6CidrBlock", 6)
    live = [(block, own) for block, own, there in four if there]
    if primary and primary not in dict(live):
        live.append((primary, made_up("vpc-cidr-assoc", id, primary)))
    live.sort(key=lambda pair: pair[0] != primary)
    if not live:
        raise Odd("it has no CidrBlock")
    former = [FormerBlock(own, block) for block, own, there in (*four, *six) if not there]
    yield Vpc(
        id=id,
        cidrs=tuple(block for block, _ in live),
        cidr_associations=tuple(own for _, own in live),
        cidrs6=tuple(block for block, _, there in six if there),
        cidr6_associations=tuple(own for _, own, there in six if there),
        former_blocks=tuple(former),
        is_default=item.flag("IsDefault"),
        dns_hostnames=item.flag("EnableDnsHostnames", item.flag("IsDefault")),
        dns_support=item.flag("EnableDnsSupport", True),
        tenancy=item.text("InstanceTenancy", "default"),
        dhcp_options_id=item.foreign_id("DhcpOptionsId") or "default",
        **common(row),
    )


def _blocks(item: Item, members: str, name: str, version: int) -> list[tuple[str, str, bool]]:
    """Blocks with the ids of their associations, and whether they are there still."""
    found = []
    for one in item.items(members):
        block, state = one.block(name, version), one.part(f"{name}State").text("State", "associated")
        if block:
            own = one.foreign_id("AssociationId") or made_up("vpc-cidr-assoc", item.text("VpcId"), block)
            found.append((block, own, state in ("associated", "associating")))
    return found


def _attributes(world: World, row: Row) -> Iterator[Noun]:
    """What DescribeVpcAttribute says, one attribute in each file."""
    vpc = world.state.get(Vpc, row.item.id("VpcId", "vpc"))
    names = {"EnableDnsSupport": "dns_support", "EnableDnsHostnames": "dns_hostnames"}
    if vpc is not None:
        given = {
            field: row.item.part(name).flag("Value") for name, field in names.items() if row.item.has(name)
        }
        world.replace(vpc.but(**given))
    yield from ()


def _subnet(world: World, row: Row) -> Iterator[Noun]:
    item, names = row.item, row.item.part("PrivateDnsNameOptionsOnLaunch")
    id, vpc_id = item.id("SubnetId", "subnet"), item.id("VpcId", "vpc")
    if world.state.get(Vpc, vpc_id) is None:
        raise Odd(f"its VPC {vpc_id} is not in the dump")
    six = _blocks(item, "Ipv6CidrBlockAssociationSet", "Ipv6CidrBlock", 6)
    block, own = next(((block, own) for block, own, there in six if there), ("", ""))
    cidr = item.block("CidrBlock", 4)
    if not cidr and not block:
        raise Odd("it has no CidrBlock")
    yield Subnet(
        id=id,
        vpc_id=vpc_id,
        zone=item.foreign_id("AvailabilityZone") or f"{row.place.region}a",
        cidr=cidr,
        default_for_az=item.flag("DefaultForAz"),
        map_public_ip=item.flag("MapPublicIpOnLaunch"),
        cidr6=block,
        cidr6_association=own,
        former_blocks6=tuple(FormerBlock(own, block) for block, own, there in six if not there),
        assign_ipv6=item.flag("AssignIpv6AddressOnCreation"),
        dns64=item.flag("EnableDns64"),
        hostname_type=names.text("HostnameType", "ip-name"),
        resource_name_a_record=names.flag("EnableResourceNameDnsARecord"),
        resource_name_aaaa_record=names.flag("EnableResourceNameDnsAAAARecord"),
        **common(row),
    )


def _reservation(world: World, row: Row) -> Iterator[Noun]:
    item = row.item
    subnet_id = item.id("SubnetId", "subnet")
    if world.state.get(Subnet, subnet_id) is None:
        raise Odd(f"its subnet {subnet_id} is not in the dump")
    use = item.word("ReservationType", ("prefix", "explicit"))
    if not (cidr := item.block("Cidr", 6 if ":" in item.text("Cidr") else 4)):
        raise Odd("it has no Cidr")
    yield SubnetReservation(
        id=item.id("SubnetCidrReservationId", "scr"),
        subnet_id=subnet_id,
        cidr=cidr,
        use="prefix" if use == "prefix" else "explicit",
        description=item.text("Description"),
        **common(row),
    )
