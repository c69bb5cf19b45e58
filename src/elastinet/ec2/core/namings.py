"""EC2's words for what is not there: those of each kind of id, and of operations that have others."""

from typing import NamedTuple


class Naming(NamedTuple):
    """EC2's words for one kind of id: the codes for absence and bad form, and the noun.

    An empty code for bad form means that such an id is just not there.
    """

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
        Naming("snap", "InvalidSnapshot.NotFound", "InvalidSnapshotID.Malformed", "snapshot"),
        Naming("vol", "InvalidVolume.NotFound", "InvalidVolumeID.Malformed", "volume"),
        Naming(
            "lt", "InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateId.Malformed", "launch template"
        ),
        Naming("fleet", "InvalidFleetId.NotFound", "InvalidFleetId.Malformed", "fleet ID"),
        Naming("nip", "InvalidNetworkInsightsPathId.NotFound", "", "networkInsightsPath ID"),
        Naming("nia", "InvalidNetworkInsightsAnalysisId.NotFound", "", "networkInsightsAnalysis ID"),
        Naming("nis", "InvalidNetworkInsightsAccessScopeId.NotFound", "", "networkInsightsAccessScope ID"),
        Naming(
            "nisa",
            "InvalidNetworkInsightsAccessScopeAnalysisId.NotFound",
            "",
            "networkInsightsAccessScopeAnalysis ID",
        ),
    )
}

# Operations that have other words than the noun; each seen in a client that goes by them, or its messages.
GATEWAY = Naming("igw", "InvalidGatewayID.NotFound", "", "gateway ID")
"""The `GatewayId` of routes and of route tables' associations, whatever kind of gateway it names."""
NAT_TARGET = Naming("nat", "InvalidNatGatewayID.NotFound", "", "natGateway ID")
"""The NAT gateway of a route."""
EGRESS_GATEWAY = Naming("eigw", "InvalidGatewayID.NotFound", "", "eigw ID")
"""The egress-only internet gateway of a route, and of its own deletion."""
ELASTIC_IP = Naming(
    "eipalloc", "InvalidElasticIpID.NotFound", "InvalidElasticIpID.Malformed", "elastic IP ID"
)
"""The allocation of a new NAT gateway."""
OPTION_SET = Naming(
    "dopt", "InvalidDhcpOptionsID.NotFound", "InvalidDhcpOptionsId.Malformed", "dhcpOptions ID"
)
"""The deletion of a DHCP option set, and its tags; all else says InvalidDhcpOptionID."""
ROUTE_TABLE = Naming("rtb", "InvalidRouteTableId.NotFound", "InvalidRouteTableId.Malformed", "routeTable ID")
"""The route tables of a VPC endpoint."""
