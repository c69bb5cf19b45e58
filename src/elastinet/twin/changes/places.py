"""VPCs and subnets: their blocks and attributes, their DHCP option sets, and reservations."""

from typing import Any

from elastinet.model.acl import NetworkAcl
from elastinet.model.dhcp import DhcpOptions
from elastinet.model.reservation import SubnetReservation
from elastinet.model.routes import RouteTable
from elastinet.model.security import SecurityGroup
from elastinet.model.vpc import Subnet, Vpc
from elastinet.rules.routing import main_table
from elastinet.twin.both import Both, Steps, do, make, say
from elastinet.twin.changes.groups import DEFAULT
from elastinet.twin.changes.lookups import of_vpc

OF_VPC = {"EnableDnsSupport": "dns_support", "EnableDnsHostnames": "dns_hostnames"}
OF_SUBNET = {
    "MapPublicIpOnLaunch": "map_public_ip",
    "AssignIpv6AddressOnCreation": "assign_ipv6",
    "EnableDns64": "dns64",
    "EnableResourceNameDnsARecordOnLaunch": "resource_name_a_record",
    "EnableResourceNameDnsAAAARecordOnLaunch": "resource_name_aaaa_record",
}


def vpcs_made(both: Both) -> Steps:
    """New option sets and VPCs, with the ids of what comes with a VPC."""
    for options in both.made(DhcpOptions):
        own = [{"Key": key, "Values": list(values)} for key, values in options.options]
        yield make(options, "DhcpOptions.DhcpOptionsId", "CreateDhcpOptions", DhcpConfigurations=own)
    for vpc in both.made(Vpc):
        given = {"CidrBlock": vpc.cidrs[0], "InstanceTenancy": vpc.tenancy}
        yield make(vpc, "Vpc.VpcId", "CreateVpc", **given)
        yield from _with_vpc(both, vpc)


def _with_vpc(both: Both, vpc: Vpc) -> Steps:
    main = main_table(both.after, vpc.id)
    yield of_vpc(main, vpc, "RouteTables", "RouteTableId", {"association.main": "true"})
    for acl in both.after.where(NetworkAcl, "vpc-id", vpc.id):
        if acl.is_default:
            yield of_vpc(acl, vpc, "NetworkAcls", "NetworkAclId", {"default": "true"})
    for group in both.after.where(SecurityGroup, "name", (vpc.id, DEFAULT)):
        yield of_vpc(group, vpc, "SecurityGroups", "GroupId", {"group-name": DEFAULT})


def vpcs_changed(both: Both) -> Steps:
    """Blocks and attributes of VPCs."""
    for new in both.after.all(Vpc):
        old = both.before.get(Vpc, new.id) or Vpc(
            id=new.id, owner=new.owner, region=new.region, cidrs=new.cidrs[:1]
        )
        for block in new.cidrs:
            if block not in old.cidrs:
                yield do(new, "AssociateVpcCidrBlock", VpcId=new.id, CidrBlock=block)
        for name, field in OF_VPC.items():
            if (value := getattr(new, field)) != getattr(old, field):
                yield do(new, "ModifyVpcAttribute", VpcId=new.id, **{name: {"Value": value}})
        if new.dhcp_options_id != old.dhcp_options_id:
            given = {"VpcId": new.id, "DhcpOptionsId": new.dhcp_options_id}
            yield do(new, "AssociateDhcpOptions", **given)
        if set(new.cidrs6) - set(old.cidrs6):
            yield say(
                f"{new.id} has IPv6 blocks here that AWS would choose otherwise: {', '.join(new.cidrs6)}"
            )


def blocks_gone(both: Both) -> Steps:
    """Blocks that VPCs do not have any more, once no subnet is in them."""
    for old, new in both.kept(Vpc):
        own = dict(
            zip((*old.cidrs, *old.cidrs6), (*old.cidr_associations, *old.cidr6_associations), strict=True)
        )
        for block, association in own.items():
            if block not in (*new.cidrs, *new.cidrs6):
                yield do(new, "DisassociateVpcCidrBlock", AssociationId=association)


def vpcs_ended(both: Both) -> Steps:
    """VPCs that are gone, and option sets."""
    for vpc in both.gone(Vpc):
        yield do(vpc, "DeleteVpc", VpcId=vpc.id)
    for options in both.gone(DhcpOptions):
        yield do(options, "DeleteDhcpOptions", DhcpOptionsId=options.id)


def subnets_ended(both: Both) -> Steps:
    """Reservations and subnets that are gone."""
    for one in both.gone(SubnetReservation):
        if not both.is_gone(Subnet, one.subnet_id):
            yield do(one, "DeleteSubnetCidrReservation", SubnetCidrReservationId=one.id)
    for subnet in both.gone(Subnet):
        yield do(subnet, "DeleteSubnet", SubnetId=subnet.id)


def subnets_made(both: Both) -> Steps:
    """New subnets, and the attributes of all."""
    for subnet in both.made(Subnet):
        given = {"VpcId": subnet.vpc_id, "AvailabilityZone": subnet.zone}
        given |= {"CidrBlock": subnet.cidr} if subnet.cidr else {}
        given |= {"Ipv6CidrBlock": subnet.cidr6} if subnet.cidr6 else {}
        more: dict[str, Any] = {"Ipv6Native": True} if subnet.ipv6_native else {}
        yield make(subnet, "Subnet.SubnetId", "CreateSubnet", **given, **more)
    for new in both.after.all(Subnet):
        yield from _attributes(both, new)
    for one in both.made(SubnetReservation):
        given = {"SubnetId": one.subnet_id, "Cidr": one.cidr, "ReservationType": one.use}
        given |= {"Description": one.description} if one.description else {}
        take = "SubnetCidrReservation.SubnetCidrReservationId"
        yield make(one, take, "CreateSubnetCidrReservation", **given)


def _attributes(both: Both, new: Subnet) -> Steps:
    old = both.before.get(Subnet, new.id)
    bare = new.but(**dict.fromkeys(OF_SUBNET.values(), False), hostname_type="ip-name")
    was = old or (bare.but(hostname_type="resource-name") if new.ipv6_native else bare)
    for name, field in OF_SUBNET.items():
        if (value := getattr(new, field)) != getattr(was, field):
            yield do(new, "ModifySubnetAttribute", SubnetId=new.id, **{name: {"Value": value}})
    if new.hostname_type != was.hostname_type:
        given = {"SubnetId": new.id, "PrivateDnsHostnameTypeOnLaunch": new.hostname_type}
        yield do(new, "ModifySubnetAttribute", **given)
    if old is None or new.cidr6 == old.cidr6:
        return
    if old.cidr6:
        yield do(new, "DisassociateSubnetCidrBlock", AssociationId=old.cidr6_association)
    if new.cidr6:
        yield do(new, "AssociateSubnetCidrBlock", SubnetId=new.id, Ipv6CidrBlock=new.cidr6)


def tables_made(both: Both) -> Steps:
    """New route tables; a main one that comes with its VPC is known by then."""
    for table in both.made(RouteTable):
        if not (table.is_main and both.is_new(Vpc, table.vpc_id)):
            yield make(table, "RouteTable.RouteTableId", "CreateRouteTable", VpcId=table.vpc_id)
