"""A dual-stack VPC: a subnet that the internet reaches by IPv6, one that only goes out, and no NAT."""

from ipaddress import IPv6Network, ip_address

from elastinet.cli.lab.building import Network
from elastinet.cli.lab.region import INTERNET, Region

OUTSIDE = "3fff::1"
"""An address of the internet's."""


def run(region: Region) -> None:
    """Build it, and check it."""
    vpc = region.network("10.0.1.0/24", "10.0.2.0/24")
    block = _dual(region, vpc)
    region.allow(vpc.group, 80, "::/0")
    region.route(vpc.table, "::/0", GatewayId=vpc.gateway)
    egress = region.ec2.create_egress_only_internet_gateway(VpcId=vpc.id)["EgressOnlyInternetGateway"]
    id = egress["EgressOnlyInternetGatewayId"]
    region.route(region.table(vpc.id, vpc.subnets[1]), "::/0", EgressOnlyInternetGatewayId=id)
    open_, closed = (
        region.launch(subnet, vpc.group, name=name)
        for subnet, name in zip(vpc.subnets, ("open", "closed"), strict=True)
    )

    region.check("both have addresses of the VPC's block", ip_address(open_.ipv6) in block, open_.ipv6)
    region.reaches("they talk by IPv6", open_.id, closed.id, ipv6=True)
    region.reaches("and by IPv4", open_.id, closed.id)
    region.reaches("the internet reaches one by its own address", INTERNET, open_.id, 80, ipv6=True)
    region.check("the other goes out", region.pings(closed.id, OUTSIDE))
    region.blocked("but nobody comes in to it", INTERNET, closed.id, 80, ipv6=True)
    region.reaches("though its group would let them", open_.id, closed.id, 80, ipv6=True)
    given = region.ec2.assign_ipv6_addresses(NetworkInterfaceId=closed.eni, Ipv6PrefixCount=1)
    prefix = given["AssignedIpv6Prefixes"][0]
    inner = str(IPv6Network(prefix)[5])
    region.run(closed.id, f"ip addr add {inner}/128 dev lo")
    region.check("an address of a delegated prefix leads to it, too", region.pings(open_.id, inner), prefix)


def _dual(region: Region, vpc: Network) -> IPv6Network:
    """Give a VPC and its subnets blocks of IPv6; the VPC's."""
    made = region.ec2.associate_vpc_cidr_block(VpcId=vpc.id, AmazonProvidedIpv6CidrBlock=True)
    block = IPv6Network(made["Ipv6CidrBlockAssociation"]["Ipv6CidrBlock"])
    for subnet, part in zip(vpc.subnets, block.subnets(new_prefix=64), strict=False):
        region.ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock=str(part))
        region.ec2.modify_subnet_attribute(SubnetId=subnet, AssignIpv6AddressOnCreation={"Value": True})
    return block
