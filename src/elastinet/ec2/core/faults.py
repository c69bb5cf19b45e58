"""EC2's refusals: its codes and its sentences (facts sheet, sections 13 and 14)."""

from collections.abc import Sequence
from typing import NamedTuple

from elastinet.model.fault import Fault
from elastinet.model.ids import well_formed


class Naming(NamedTuple):
    """EC2's words for one kind of id: the codes for absence and bad form, and the noun."""

    prefix: str
    missing: str
    malformed: str
    noun: str


NAMINGS = {
    naming.prefix: naming
    for naming in (
        Naming("vpc", "InvalidVpcID.NotFound", "InvalidVpcID.Malformed", "vpc ID"),
        Naming("subnet", "InvalidSubnetID.NotFound", "InvalidSubnetID.Malformed", "subnet ID"),
        Naming(
            "igw",
            "InvalidInternetGatewayID.NotFound",
            "InvalidInternetGatewayId.Malformed",
            "internetGateway ID",
        ),
        Naming("rtb", "InvalidRouteTableID.NotFound", "InvalidRouteTableId.Malformed", "routeTable ID"),
        Naming(
            "rtbassoc",
            "InvalidAssociationID.NotFound",
            "InvalidRouteTableAssociationID.Malformed",
            "association ID",
        ),
        Naming("sg", "InvalidGroup.NotFound", "InvalidGroupId.Malformed", "security group"),
        Naming(
            "sgr",
            "InvalidSecurityGroupRuleId.NotFound",
            "InvalidSecurityGroupRuleId.Malformed",
            "security group rule ID",
        ),
        Naming(
            "eni",
            "InvalidNetworkInterfaceID.NotFound",
            "InvalidNetworkInterfaceId.Malformed",
            "networkInterface ID",
        ),
        Naming(
            "eni-attach",
            "InvalidAttachmentID.NotFound",
            "InvalidNetworkInterfaceAttachmentId.Malformed",
            "network interface attachment ID",
        ),
        Naming("eipalloc", "InvalidAllocationID.NotFound", "InvalidAllocationID.Malformed", "allocation ID"),
        Naming(
            "eipassoc", "InvalidAssociationID.NotFound", "InvalidAssociationID.Malformed", "association ID"
        ),
        Naming("i", "InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed", "instance ID"),
        Naming("ami", "InvalidAMIID.NotFound", "InvalidAMIID.Malformed", "image id"),
        Naming("key", "InvalidKeyPair.NotFound", "InvalidKeyPair.Malformed", "key pair"),
        Naming("dopt", "InvalidDhcpOptionID.NotFound", "InvalidDhcpOptionsId.Malformed", "dhcpOptions ID"),
        Naming("acl", "InvalidNetworkAclID.NotFound", "InvalidNetworkAclId.Malformed", "networkAcl ID"),
        Naming(
            "aclassoc",
            "InvalidAssociationID.NotFound",
            "InvalidNetworkAclAssociationId.Malformed",
            "association ID",
        ),
        Naming("nat", "NatGatewayNotFound", "NatGatewayMalformed", "NAT gateway"),
        Naming(
            "pcx",
            "InvalidVpcPeeringConnectionID.NotFound",
            "InvalidVpcPeeringConnectionId.Malformed",
            "vpcPeeringConnection ID",
        ),
        Naming(
            "eigw",
            "InvalidEgressOnlyInternetGatewayId.NotFound",
            "InvalidEgressOnlyInternetGatewayId.Malformed",
            "egressOnlyInternetGateway ID",
        ),
        Naming("pl", "InvalidPrefixListID.NotFound", "InvalidPrefixListId.Malformed", "prefix list ID"),
        Naming(
            "subnet-cidr-assoc",
            "InvalidSubnetCidrBlockAssociationID.NotFound",
            "InvalidSubnetCidrBlockAssociationId.Malformed",
            "subnet CIDR block association ID",
        ),
        Naming("vpce", "InvalidVpcEndpointId.NotFound", "InvalidVpcEndpointId.Malformed", "Vpc Endpoint Id"),
        Naming(
            "scr",
            "InvalidSubnetCidrReservationID.NotFound",
            "InvalidSubnetCidrReservationID.Malformed",
            "subnet CIDR reservation ID",
        ),
        Naming("h", "InvalidHostID.NotFound", "InvalidHostID.Malformed", "host ID"),
        Naming(
            "pg", "InvalidPlacementGroup.Unknown", "InvalidPlacementGroupId.Malformed", "placement group ID"
        ),
        Naming("vol", "InvalidVolume.NotFound", "InvalidVolumeID.Malformed", "volume"),
    )
}


def missing(prefix: str, ids: Sequence[str]) -> Fault:
    """Nothing has this id, or these."""
    naming = NAMINGS[prefix]
    if prefix == "ami":
        return Fault(naming.missing, f"The image id '[{', '.join(ids)}]' does not exist")
    if prefix == "nat":
        return Fault(naming.missing, f"NAT gateway {', '.join(ids)} was not found")
    if len(ids) == 1:
        return Fault(naming.missing, f"The {naming.noun} '{ids[0]}' does not exist")
    return Fault(naming.missing, f"The {naming.noun}s '{', '.join(ids)}' do not exist")


def check_form(prefix: str, id: str) -> None:
    """Refuse an id that no resource of this kind could have."""
    if not well_formed(id, prefix):
        raise Fault(NAMINGS[prefix].malformed, f'Invalid id: "{id}" (expecting "{prefix}-...")')


def missing_parameter(name: str) -> Fault:
    """A parameter that this request needs is not there."""
    return Fault("MissingParameter", f"The request must contain the parameter {name}")


def invalid(value: object, name: str, why: str = "") -> Fault:
    """A parameter's value cannot be."""
    sentence = f"Value ({value}) for parameter {name} is invalid."
    return Fault("InvalidParameterValue", f"{sentence} {why}".rstrip())


def combination(sentence: str) -> Fault:
    """Parameters that exclude each other."""
    return Fault("InvalidParameterCombination", sentence)


def dependency(sentence: str) -> Fault:
    """Something else still needs what is to be deleted."""
    return Fault("DependencyViolation", sentence)


def quota(code: str, noun: str) -> Fault:
    """An account has as many of these as it may."""
    return Fault(code, f"The maximum number of {noun} has been reached.")


def unsupported(sentence: str) -> Fault:
    """Something that EC2 has and elastinet does not."""
    return Fault("UnsupportedOperation", sentence)
