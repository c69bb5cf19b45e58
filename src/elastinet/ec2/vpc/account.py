"""An account's region as AWS hands it over: with a default VPC."""

import ipaddress

from elastinet.catalog.regions import zones
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.vpc import endpoint_services, internet_gateways, subnets, vpcs
from elastinet.model.account import RegionSettings
from elastinet.model.fault import Fault
from elastinet.model.routes import Route
from elastinet.model.vpc import Subnet, Vpc
from elastinet.rules import naming
from elastinet.rules.routing import main_table

DEFAULT_CIDR = "172.31.0.0/16"
DEFAULT_SUBNET_PREFIX = 20


def open_region(tx: Transaction) -> None:
    """Make what an account finds in a region that it has never used."""
    tx.put(RegionSettings(id=f"{tx.owner}/{tx.region}", owner=tx.owner, region=tx.region))
    make_default_vpc(tx)
    endpoint_services.make_prefix_lists(tx)


def default_vpc(tx: Transaction) -> Vpc | None:
    """The account's default VPC in this region, if it still has one."""
    return next((vpc for vpc in tx.mine(Vpc) if vpc.is_default), None)


def make_default_vpc(tx: Transaction) -> Vpc:
    """172.31.0.0/16 with a public /20 subnet per zone (facts sheet, section 6.6)."""
    vpc = vpcs.make_vpc(tx, DEFAULT_CIDR, is_default=True, dns_hostnames=True)
    gateway = internet_gateways.make_internet_gateway(tx, vpc_id=vpc.id)
    main = main_table(tx.state, vpc.id)
    tx.put(main.but(routes=(*main.routes, Route("0.0.0.0/0", "gateway", gateway.id))))
    for number, zone in enumerate(zones(tx.region)):
        _make_default_subnet(tx, vpc, zone.name, number)
    return vpc


def _make_default_subnet(tx: Transaction, vpc: Vpc, zone: str, number: int) -> Subnet:
    block = list(ipaddress.IPv4Network(vpc.cidrs[0]).subnets(new_prefix=DEFAULT_SUBNET_PREFIX))[number]
    return subnets.make_subnet(tx, vpc, str(block), zone, default_for_az=True, map_public_ip=True)


def create_default_vpc(tx: Transaction, request: Request) -> Answer:
    """A default VPC for an account that has deleted its own."""
    if vpc := default_vpc(tx):
        sentence = f"A Default VPC already exists for this account in this region: {vpc.id}"
        raise Fault("DefaultVpcAlreadyExists", sentence)
    return {"Vpc": vpcs.view(tx, make_default_vpc(tx))}


def create_default_subnet(tx: Transaction, request: Request) -> Answer:
    """A default subnet for a zone whose own has been deleted."""
    vpc = default_vpc(tx)
    if vpc is None:
        raise Fault("DefaultVpcDoesNotExist", "No default VPC exists for this account in this region.")
    zone = subnets.asked_zone(tx, request)
    taken = {s.cidr for s in tx.where(Subnet, "vpc-id", vpc.id)}
    for subnet in tx.where(Subnet, "vpc-id", vpc.id):
        if subnet.default_for_az and subnet.zone == zone:
            sentence = f"'{subnet.id}' is already the default subnet in {zone}."
            raise Fault("DefaultSubnetAlreadyExistsInAvailabilityZone", sentence)
    blocks = ipaddress.IPv4Network(vpc.cidrs[0]).subnets(new_prefix=DEFAULT_SUBNET_PREFIX)
    number = next((n for n, block in enumerate(blocks) if not _overlaps(block, taken)), None)
    if number is None:
        raise Fault("InsufficientFreeAddressesInSubnet", f"The VPC {vpc.id} has no room for another subnet.")
    return {"Subnet": subnets.view(tx, _make_default_subnet(tx, vpc, zone, number))}


def _overlaps(block: ipaddress.IPv4Network, taken: set[str]) -> bool:
    return any(block.overlaps(ipaddress.IPv4Network(cidr)) for cidr in taken)


def get_caller_identity(tx: Transaction, request: Request) -> Answer:
    """The caller's identity (STS): an instance's role, or the account itself."""
    session = tx.session
    arn = naming.assumed_role(tx.owner, session.role, session.instance) if session else naming.root(tx.owner)
    return {"UserId": tx.user_id, "Account": tx.owner, "Arn": arn}
