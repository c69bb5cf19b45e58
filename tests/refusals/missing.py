"""What EC2 answers for an id of nothing: every operation, and every id that it takes.

Where the code is not the noun's own it is the operation's, by a client that goes by it: Terraform's provider
(`errCode…` in internal/service/ec2), kops, the CloudFormation handlers.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from scene import NONE, Scene

Ask = Callable[[Scene], Any]
KINDS = {
    "AllocationId": "eipalloc", "AttachmentId": "eni-attach", "DestinationPrefixListId": "pl", "DhcpOptionsId": "dopt",
    "EgressOnlyInternetGatewayId": "eigw", "FleetId": "fleet", "GatewayId": "igw", "GroupId": "sg", "Groups": "sg", "HostId": "h",
    "ImageId": "ami", "InstanceId": "i", "InternetGatewayId": "igw", "KeyPairId": "key", "LaunchTemplateId": "lt",
    "NatGatewayId": "nat", "NetworkInsightsAnalysisId": "nia", "NetworkInsightsPathId": "nip",
    "NetworkInsightsAccessScopeAnalysisId": "nisa", "NetworkInsightsAccessScopeId": "nis",
    "NetworkAclId": "acl", "NetworkInterfaceId": "eni", "PeerVpcId": "vpc", "PrefixListId": "pl",
    "ReferencedGroupId": "sg", "RouteTableId": "rtb", "SecurityGroupId": "sg", "SourceImageId": "ami", "SecurityGroupRuleId": "sgr",
    "SubnetCidrReservationId": "scr", "SubnetId": "subnet", "VolumeId": "vol", "VpcEndpointId": "vpce",
    "VpcId": "vpc", "VpcPeeringConnectionId": "pcx",
}  # fmt: skip
NAMES = {"GroupName": "nobody", "KeyName": "nobody", "PublicIp": "192.0.2.1"}
OWN = {
    "eipalloc": "InvalidAllocationID.NotFound", "eni-attach": "InvalidAttachmentID.NotFound",
    "pl": "InvalidPrefixListID.NotFound", "dopt": "InvalidDhcpOptionID.NotFound", "sg": "InvalidGroup.NotFound",
    "h": "InvalidHostID.NotFound", "ami": "InvalidAMIID.NotFound", "i": "InvalidInstanceID.NotFound",
    "igw": "InvalidInternetGatewayID.NotFound", "key": "InvalidKeyPair.NotFound", "nat": "NatGatewayNotFound",
    "acl": "InvalidNetworkAclID.NotFound", "eni": "InvalidNetworkInterfaceID.NotFound",
    "vpc": "InvalidVpcID.NotFound", "rtb": "InvalidRouteTableID.NotFound", "subnet": "InvalidSubnetID.NotFound",
    "sgr": "InvalidSecurityGroupRuleId.NotFound", "scr": "InvalidSubnetCidrReservationID.NotFound",
    "vol": "InvalidVolume.NotFound", "vpce": "InvalidVpcEndpointId.NotFound",
    "pcx": "InvalidVpcPeeringConnectionID.NotFound", "lt": "InvalidLaunchTemplateId.NotFound",
    "fleet": "InvalidFleetId.NotFound", "nia": "InvalidNetworkInsightsAnalysisId.NotFound",
    "nip": "InvalidNetworkInsightsPathId.NotFound", "nis": "InvalidNetworkInsightsAccessScopeId.NotFound",
    "nisa": "InvalidNetworkInsightsAccessScopeAnalysisId.NotFound",
}  # fmt: skip
"""The code of each noun, where the operation has none of its own."""


SCOPED = {"MatchPaths": [{"Source": {"ResourceStatement": {"ResourceTypes": ["AWS::EC2::InternetGateway"]}}}]}


class Missing(NamedTuple):
    """A call with one id of nothing, by the member that has it, and the code that it must fail with."""

    action: str
    member: str
    code: str
    asked: Ask
    sentence: str = ""

    @property
    def name(self) -> str:
        """How a test calls it."""
        return f"{self.action}-{self.member}"


def plain(member: str) -> str:
    """A member's last step, in the singular."""
    last = member.rpartition(".")[2]
    return last if last in KINDS or not last.endswith("s") else last[:-1]


def nothing(member: str) -> str:
    """An id, or a name, of nothing."""
    name = plain(member)
    return NAMES.get(name) or f"{KINDS[name]}-{NONE}"


def put(into: Any, path: list[str], value: Any) -> Any:
    """A request with a value at a path, through the first items of lists."""
    if isinstance(into, list):
        return [put(into[0], path, value), *into[1:]] if into else [put({}, path, value)]
    first, *rest = path
    if rest:
        return into | {first: put(into.get(first, {}), rest, value)}
    return into | {first: value}


def of(
    action: str,
    members: str,
    base: Ask = lambda s: {},
    code: str | None = None,
    sentence: str = "",
) -> tuple[Missing, ...]:
    """A case for each member, a list of ids among them, put into a request that is right without it."""

    def asked(member: str) -> Ask:
        last = member.rpartition(".")[2]
        is_list = last in ("Groups", "Resources") or (last.endswith("s") and last not in KINDS)
        value: Any = [nothing(member)] if is_list else nothing(member)
        return lambda s: put(base(s), member.split("."), value)

    return tuple(
        Missing(action, m, code or OWN[KINDS[plain(m)]], asked(m), sentence) for m in members.split()
    )


def route(s: Scene) -> dict[str, Any]:
    return {"RouteTableId": s.table, "DestinationCidrBlock": "198.51.100.0/24"}


def old_route(s: Scene) -> dict[str, Any]:
    return {"RouteTableId": s.main, "DestinationCidrBlock": "0.0.0.0/0"}


def rule(kind: str) -> Ask:
    """A rule for another group, or a list, of a group that is there."""
    item = {"IpProtocol": "tcp", "FromPort": 7, "ToPort": 7, kind: [{}]}
    return lambda s: {"GroupId": s.group, "IpPermissions": [item]}


def permissions(s: Scene) -> dict[str, Any]:
    return {"IpPermissions": [s.ssh | {"FromPort": 7, "ToPort": 7}]}


def rewriting(s: Scene) -> dict[str, Any]:
    asked = [{"Name": "group-id", "Values": [s.group]}]
    first = s.ec2.describe_security_group_rules(Filters=asked)["SecurityGroupRules"][0]
    new = {"IpProtocol": "tcp", "FromPort": 7, "ToPort": 7}
    item = {"SecurityGroupRuleId": first["SecurityGroupRuleId"], "SecurityGroupRule": new}
    return {"GroupId": s.group, "SecurityGroupRules": [item]}


GATEWAY, DHCP = "InvalidGatewayID.NotFound", "InvalidDhcpOptionsID.NotFound"
ASSOCIATION = "InvalidAssociationID.NotFound"
UNKNOWN_GROUP = "InvalidPlacementGroup.Unknown"
ROUTE_TABLE = "InvalidRouteTableId.NotFound"


def association(
    action: str, kind: str, code: str = ASSOCIATION, base: Ask = lambda s: {}
) -> tuple[Missing, ...]:
    return (Missing(action, "AssociationId", code, lambda s: base(s) | {"AssociationId": f"{kind}-{NONE}"}),)


def of_route(action: str, base: Ask) -> tuple[Missing, ...]:
    """The tables, destinations and targets of a route."""
    no_gateway = f"The gateway ID 'igw-{NONE}' does not exist"
    no_nat = f"The natGateway ID 'nat-{NONE}' does not exist"
    no_egress = f"The eigw ID 'eigw-{NONE}' does not exist"
    return (
        *of(action, "RouteTableId", lambda s: base(s) | {"GatewayId": s.igw}),
        *of(action, "DestinationPrefixListId", lambda s: {"RouteTableId": s.table, "GatewayId": s.igw}),
        *of(action, "GatewayId", base, GATEWAY, no_gateway),
        *of(action, "NatGatewayId", base, "InvalidNatGatewayID.NotFound", no_nat),
        *of(action, "EgressOnlyInternetGatewayId", base, GATEWAY, no_egress),
        *of(action, "InstanceId NetworkInterfaceId VpcPeeringConnectionId", base),
        *(
            Missing(action, f"GatewayId-{id}", GATEWAY, lambda s, id=id: base(s) | {"GatewayId": id}, f"'{id}'")
            for id in (f"eni-{NONE}", f"nat-{NONE}", f"vgw-{NONE}", "local", "igw", "nonsense")
        ),
        Missing(action, "GatewayId-interface", GATEWAY, lambda s: base(s) | {"GatewayId": s.eni}),
        Missing(action, "NatGatewayId-name", "InvalidNatGatewayID.NotFound", lambda s: base(s) | {"NatGatewayId": "nat-test"},
                "The natGateway ID 'nat-test' does not exist"),
    )  # fmt: skip


GATEWAYS = (
    *of("attach_internet_gateway", "InternetGatewayId", lambda s: {"VpcId": s.bare}),
    *of("attach_internet_gateway", "VpcId", lambda s: {"InternetGatewayId": s.idle_igw}),
    *of("detach_internet_gateway", "InternetGatewayId", lambda s: {"VpcId": s.vpc}),
    *of("detach_internet_gateway", "VpcId", lambda s: {"InternetGatewayId": s.igw}),
    *of("delete_internet_gateway", "InternetGatewayId"),
    *of("describe_internet_gateways", "InternetGatewayIds"),
    *of("create_egress_only_internet_gateway", "VpcId"),
    *of("delete_egress_only_internet_gateway", "EgressOnlyInternetGatewayId", code=GATEWAY,
        sentence=f"The eigw ID 'eigw-{NONE}' does not exist"),
    *of("create_nat_gateway", "SubnetId", lambda s: {"ConnectivityType": "private"}),
    *of("create_nat_gateway", "AllocationId", lambda s: {"SubnetId": s.left}, "InvalidElasticIpID.NotFound",
        f"The elastic IP ID 'eipalloc-{NONE}' does not exist"),
    Missing("create_nat_gateway", "AllocationId-form", "InvalidElasticIpID.Malformed",
            lambda s: {"SubnetId": s.left, "AllocationId": "eipalloc"}),
    *of("delete_nat_gateway", "NatGatewayId", sentence=f"NAT gateway nat-{NONE} was not found"),
    *of("describe_nat_gateways", "NatGatewayIds"),
    *of("accept_vpc_peering_connection", "VpcPeeringConnectionId"),
    *of("reject_vpc_peering_connection", "VpcPeeringConnectionId"),
    *of("delete_vpc_peering_connection", "VpcPeeringConnectionId"),
    *of("describe_vpc_peering_connections", "VpcPeeringConnectionIds"),
    *of("modify_vpc_peering_connection_options", "VpcPeeringConnectionId",
        lambda s: {"RequesterPeeringConnectionOptions": {"AllowDnsResolutionFromRemoteVpc": False}}),
    *of("create_vpc_peering_connection", "VpcId", lambda s: {"PeerVpcId": s.default_vpc}),
    *of("create_vpc_peering_connection", "PeerVpcId", lambda s: {"VpcId": s.vpc}),
    *of("create_vpc_endpoint", "VpcId", lambda s: {"ServiceName": "com.amazonaws.us-east-1.s3"}),
    *of("create_vpc_endpoint", "RouteTableIds", lambda s: {"VpcId": s.vpc, "ServiceName": "com.amazonaws.us-east-1.s3"},
        ROUTE_TABLE),
    *of("create_vpc_endpoint", "SubnetIds SecurityGroupIds", lambda s: {"VpcId": s.vpc, "VpcEndpointType": "Interface",
        "ServiceName": "com.amazonaws.us-east-1.ec2", "PrivateDnsEnabled": False}),
    *of("modify_vpc_endpoint", "VpcEndpointId"),
    *of("describe_vpc_endpoints", "VpcEndpointIds"),
)  # fmt: skip

ROUTES = (
    *of_route("create_route", route),
    *of_route("replace_route", old_route)[2:],
    *of("replace_route", "RouteTableId", lambda s: old_route(s) | {"GatewayId": s.igw}),
    *of("replace_route", "DestinationPrefixListId", lambda s: {"RouteTableId": s.main, "GatewayId": s.igw}),
    *of("delete_route", "RouteTableId", route),
    *of("delete_route", "DestinationPrefixListId", lambda s: {"RouteTableId": s.main}),
    *of("create_route_table", "VpcId"),
    *of("delete_route_table", "RouteTableId"),
    *of("describe_route_tables", "RouteTableIds"),
    *of("associate_route_table", "RouteTableId", lambda s: {"SubnetId": s.left}),
    *of("associate_route_table", "SubnetId", lambda s: {"RouteTableId": s.table}),
    *of("associate_route_table", "GatewayId", lambda s: {"RouteTableId": s.table}, GATEWAY),
    Missing("associate_route_table", "GatewayId-nat", "InvalidParameterValue",
            lambda s: {"RouteTableId": s.table, "GatewayId": s.nat}, "gatewayId"),
    Missing("associate_route_table", "GatewayId-eni", "InvalidParameterValue",
            lambda s: {"RouteTableId": s.table, "GatewayId": f"eni-{NONE}"}, "gatewayId"),
    *association("disassociate_route_table", "rtbassoc"),
    *association("replace_route_table_association", "rtbassoc", base=lambda s: {"RouteTableId": s.table}),
    *of("replace_route_table_association", "RouteTableId", lambda s: {"AssociationId": s.main_association}),
)  # fmt: skip

NETWORKS = (
    Missing("describe_availability_zones", "ZoneIds", "InvalidParameterValue", lambda s: {"ZoneIds": ["use1-az9"]},
            "Invalid availability zone-id: [use1-az9]"),
    *(one for action in ("delete_vpc", "describe_stale_security_groups", "get_security_groups_for_vpc")
      for one in of(action, "VpcId")),
    *of("describe_vpcs", "VpcIds"),
    *of("describe_vpc_attribute", "VpcId", lambda s: {"Attribute": "enableDnsSupport"}),
    *of("modify_vpc_attribute", "VpcId", lambda s: {"EnableDnsSupport": {"Value": True}}),
    *of("modify_vpc_tenancy", "VpcId", lambda s: {"InstanceTenancy": "default"}),
    *of("associate_vpc_cidr_block", "VpcId", lambda s: {"CidrBlock": "10.99.0.0/16"}),
    *association("disassociate_vpc_cidr_block", "vpc-cidr-assoc", "InvalidVpcCidrBlockAssociationID.NotFound"),
    *of("create_subnet", "VpcId", lambda s: {"CidrBlock": "10.0.99.0/24"}),
    *of("delete_subnet", "SubnetId"),
    *of("describe_subnets", "SubnetIds"),
    *of("modify_subnet_attribute", "SubnetId", lambda s: {"MapPublicIpOnLaunch": {"Value": True}}),
    *of("associate_subnet_cidr_block", "SubnetId", lambda s: {"Ipv6CidrBlock": "2001:db8::/64"}),
    *association("disassociate_subnet_cidr_block", "subnet-cidr-assoc", "InvalidSubnetCidrBlockAssociationID.NotFound"),
    *of("create_subnet_cidr_reservation", "SubnetId", lambda s: {"Cidr": "10.0.1.0/28", "ReservationType": "prefix"}),
    *of("delete_subnet_cidr_reservation", "SubnetCidrReservationId"),
    *of("get_subnet_cidr_reservations", "SubnetId"),
    *of("associate_dhcp_options", "DhcpOptionsId", lambda s: {"VpcId": s.vpc}),
    *of("associate_dhcp_options", "VpcId", lambda s: {"DhcpOptionsId": "default"}),
    *of("delete_dhcp_options", "DhcpOptionsId", code=DHCP),
    *of("describe_dhcp_options", "DhcpOptionsIds"),
    *of("create_network_acl", "VpcId"),
    *of("delete_network_acl", "NetworkAclId"),
    *of("describe_network_acls", "NetworkAclIds"),
    *of("create_network_acl_entry", "NetworkAclId", lambda s: s.entry | {"RuleNumber": 7}),
    *of("replace_network_acl_entry", "NetworkAclId", lambda s: s.entry),
    *of("delete_network_acl_entry", "NetworkAclId", lambda s: {"RuleNumber": 100, "Egress": False}),
    *association("replace_network_acl_association", "aclassoc", base=lambda s: {"NetworkAclId": s.acl}),
    *of("replace_network_acl_association", "NetworkAclId", lambda s: {"AssociationId": acl_association(s)}),
    *(one for action in ("delete_managed_prefix_list", "get_managed_prefix_list_associations", "get_managed_prefix_list_entries",
                         "modify_managed_prefix_list") for one in of(action, "PrefixListId")),
    *of("restore_managed_prefix_list_version", "PrefixListId", lambda s: {"PreviousVersion": 1, "CurrentVersion": 1}),
    *of("describe_managed_prefix_lists", "PrefixListIds"),
    *of("describe_prefix_lists", "PrefixListIds"),
)  # fmt: skip


def acl_association(s: Scene) -> str:
    asked = [{"Name": "association.subnet-id", "Values": [s.left]}]
    (acl,) = s.ec2.describe_network_acls(Filters=asked)["NetworkAcls"]
    return str(next(a["NetworkAclAssociationId"] for a in acl["Associations"] if a["SubnetId"] == s.left))


def to_address(s: Scene) -> dict[str, Any]:
    return {"AllocationId": s.idle}


INTERFACES = (
    *of("create_network_interface", "SubnetId"),
    *of("create_network_interface", "Groups", lambda s: {"SubnetId": s.left}),
    *of("delete_network_interface", "NetworkInterfaceId"),
    *of("describe_network_interfaces", "NetworkInterfaceIds"),
    *of("describe_network_interface_attribute", "NetworkInterfaceId", lambda s: {"Attribute": "description"}),
    *of("reset_network_interface_attribute", "NetworkInterfaceId", lambda s: {"SourceDestCheck": "x"}),
    *of("modify_network_interface_attribute", "NetworkInterfaceId", lambda s: {"Description": {"Value": "d"}}),
    *of("modify_network_interface_attribute", "Groups", lambda s: {"NetworkInterfaceId": s.free}),
    *of("modify_network_interface_attribute", "Attachment.AttachmentId",
        lambda s: {"NetworkInterfaceId": s.second, "Attachment": {"DeleteOnTermination": True}}),
    *of("attach_network_interface", "NetworkInterfaceId", lambda s: {"InstanceId": s.one, "DeviceIndex": 1}),
    *of("attach_network_interface", "InstanceId", lambda s: {"NetworkInterfaceId": s.free, "DeviceIndex": 1}),
    *of("detach_network_interface", "AttachmentId"),
    *of("assign_private_ip_addresses", "NetworkInterfaceId", lambda s: {"SecondaryPrivateIpAddressCount": 1}),
    *of("unassign_private_ip_addresses", "NetworkInterfaceId", lambda s: {"PrivateIpAddresses": ["10.0.1.9"]}),
    *of("assign_ipv6_addresses", "NetworkInterfaceId", lambda s: {"Ipv6AddressCount": 1}),
    *of("unassign_ipv6_addresses", "NetworkInterfaceId", lambda s: {"Ipv6Addresses": ["2001:db8::1"]}),
    *of("associate_address", "AllocationId", lambda s: {"NetworkInterfaceId": s.free}),
    *of("associate_address", "InstanceId NetworkInterfaceId", to_address),
    *of("associate_address", "PublicIp", lambda s: {"NetworkInterfaceId": s.free}, "InvalidAddress.NotFound"),
    *association("disassociate_address", "eipassoc"),
    *of("disassociate_address", "PublicIp", code="InvalidAddress.NotFound"),
    *of("release_address", "AllocationId"),
    *of("release_address", "PublicIp", code="InvalidAddress.NotFound"),
    *of("describe_addresses", "AllocationIds"),
    *of("describe_addresses", "PublicIps", code="InvalidAddress.NotFound"),
    *of("describe_addresses_attribute", "AllocationIds"),
    *of("modify_address_attribute", "AllocationId", lambda s: {"DomainName": "a.example."}),
    *of("reset_address_attribute", "AllocationId", lambda s: {"Attribute": "domain-name"}),
    *of("enable_address_transfer", "AllocationId", lambda s: {"TransferAccountId": "123456789012"}),
    *of("disable_address_transfer", "AllocationId"),
    *of("describe_address_transfers", "AllocationIds"),
)  # fmt: skip

LIST_OF_INSTANCES = (
    "describe_instances", "describe_instance_status", "describe_instance_topology", "start_instances", "stop_instances",
    "reboot_instances", "terminate_instances", "monitor_instances", "unmonitor_instances",
    "describe_instance_credit_specifications",
)  # fmt: skip
INSTANCES = (
    *(one for action in LIST_OF_INSTANCES for one in of(action, "InstanceIds")),
    *of("describe_instance_topology", "GroupNames", code=UNKNOWN_GROUP),
    *of("describe_instance_attribute", "InstanceId", lambda s: {"Attribute": "userData"}),
    *of("reset_instance_attribute", "InstanceId", lambda s: {"Attribute": "sourceDestCheck"}),
    *of("modify_instance_attribute", "InstanceId", lambda s: {"DisableApiStop": {"Value": False}}),
    *of("modify_instance_attribute", "Groups", lambda s: {"InstanceId": s.one}),
    *of("modify_instance_metadata_options", "InstanceId", lambda s: {"HttpTokens": "required"}),
    *of("modify_instance_network_performance_options", "InstanceId", lambda s: {"BandwidthWeighting": "default"}),
    *of("modify_private_dns_name_options", "InstanceId", lambda s: {"PrivateDnsHostnameType": "ip-name"}),
    *of("get_console_output", "InstanceId"),
    *of("modify_instance_placement", "InstanceId", lambda s: {"Affinity": "default"}),
    *of("modify_instance_placement", "GroupName", lambda s: {"InstanceId": s.member}, UNKNOWN_GROUP),
    *of("modify_instance_placement", "HostId", lambda s: {"InstanceId": s.hosted, "Tenancy": "host"}),
    Missing("modify_instance_placement", "GroupId", UNKNOWN_GROUP,
            lambda s: {"InstanceId": s.member, "GroupId": f"pg-{NONE}"}),
    *of("run_instances", "ImageId SubnetId SecurityGroupIds", lambda s: s.launching()),
    Missing("run_instances", "SecurityGroups", "InvalidGroup.NotFound",
            lambda s: {k: v for k, v in s.launching(SecurityGroups=["nobody"]).items() if k != "SubnetId"}),
    *of("run_instances", "KeyName", lambda s: s.launching(), "InvalidKeyPair.NotFound"),
    *of("run_instances", "Placement.GroupName", lambda s: s.placing(), UNKNOWN_GROUP),
    *of("run_instances", "Placement.HostId", lambda s: s.placing("m5.large", Tenancy="host")),
    Missing("run_instances", "Placement.GroupId", UNKNOWN_GROUP, lambda s: s.placing(GroupId=f"pg-{NONE}")),
    *of("run_instances", "NetworkInterfaces.NetworkInterfaceId NetworkInterfaces.SubnetId",
        lambda s: s.launching(NetworkInterfaces=[{"DeviceIndex": 0}])),
    *of("run_instances", "NetworkInterfaces.Groups",
        lambda s: s.launching(NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": s.left}])),
    *of("associate_iam_instance_profile", "InstanceId", lambda s: {"IamInstanceProfile": {"Name": "p"}}),
    *association("disassociate_iam_instance_profile", "iip-assoc"),
    *association("replace_iam_instance_profile_association", "iip-assoc", base=lambda s: {"IamInstanceProfile": {"Name": "p"}}),
    Missing("describe_iam_instance_profile_associations", "AssociationIds", ASSOCIATION,
            lambda s: {"AssociationIds": [f"iip-assoc-{NONE}"]}),
    *of("delete_network_insights_path", "NetworkInsightsPathId"),
    *of("describe_network_insights_paths", "NetworkInsightsPathIds"),
    *of("start_network_insights_analysis", "NetworkInsightsPathId"),
    *of("delete_network_insights_analysis", "NetworkInsightsAnalysisId"),
    *of("describe_network_insights_analyses", "NetworkInsightsAnalysisIds NetworkInsightsPathId"),
    *(
        Missing("create_network_insights_access_scope", f"{paths}.{side}.ResourceStatement.Resources", OWN["eni"],
                lambda s, asked={paths: [{side: {"ResourceStatement": {"Resources": [f"eni-{NONE}"]}}}]}: SCOPED | asked)
        for paths in ("MatchPaths", "ExcludePaths") for side in ("Source", "Destination")
    ),
    Missing("create_network_insights_access_scope", "ExcludePaths.ThroughResources.ResourceStatement.Resources",
            OWN["nat"], lambda s: SCOPED | {"ExcludePaths": [
                {"ThroughResources": [{"ResourceStatement": {"Resources": [f"nat-{NONE}"]}}]}]}),
    *of("delete_network_insights_access_scope", "NetworkInsightsAccessScopeId"),
    *of("describe_network_insights_access_scopes", "NetworkInsightsAccessScopeIds"),
    *of("get_network_insights_access_scope_content", "NetworkInsightsAccessScopeId"),
    *of("start_network_insights_access_scope_analysis", "NetworkInsightsAccessScopeId"),
    *of("delete_network_insights_access_scope_analysis", "NetworkInsightsAccessScopeAnalysisId"),
    *of("get_network_insights_access_scope_analysis_findings", "NetworkInsightsAccessScopeAnalysisId"),
    *of("describe_network_insights_access_scope_analyses",
        "NetworkInsightsAccessScopeAnalysisIds NetworkInsightsAccessScopeId"),
    *of("describe_images", "ImageIds"),
    *of("deregister_image", "ImageId"),
    *of("copy_image", "SourceImageId", lambda s: {"Name": "copied", "SourceRegion": "us-east-1"}),
    *of("create_image", "InstanceId", lambda s: {"Name": "made"}),
    *of("describe_image_attribute", "ImageId", lambda s: {"Attribute": "sriovNetSupport"}),
    *of("describe_volumes", "VolumeIds"),
    *of("describe_volume_status", "VolumeIds"),
    *of("describe_volumes_modifications", "VolumeIds"),
    *of("delete_volume", "VolumeId"),
    *of("attach_volume", "VolumeId", lambda s: {"InstanceId": s.one, "Device": "/dev/sdf"}),
    *of("attach_volume", "InstanceId", lambda s: {"VolumeId": s.volume, "Device": "/dev/sdf"}),
    *of("detach_volume", "VolumeId"),
    *of("detach_volume", "InstanceId", lambda s: {"VolumeId": s.volume}),
    *of("modify_volume", "VolumeId", lambda s: {"Size": 9}),
    *of("describe_volume_attribute", "VolumeId", lambda s: {"Attribute": "autoEnableIO"}),
    *of("modify_volume_attribute", "VolumeId", lambda s: {"AutoEnableIO": {"Value": True}}),
    *of("describe_hosts", "HostIds"),
    *of("describe_placement_groups", "GroupNames", code=UNKNOWN_GROUP),
    Missing("describe_placement_groups", "GroupIds", UNKNOWN_GROUP, lambda s: {"GroupIds": [f"pg-{NONE}"]}),
    *of("delete_placement_group", "GroupName", code=UNKNOWN_GROUP),
    *of("describe_key_pairs", "KeyPairIds"),
    *of("describe_key_pairs", "KeyNames", code="InvalidKeyPair.NotFound"),
)  # fmt: skip


def of_groups(action: str, *, ingress: bool) -> tuple[Missing, ...]:
    """A change of the rules of one direction."""
    names = of(action, "GroupName", permissions, "InvalidGroup.NotFound") if ingress else ()
    return (
        *of(action, "GroupId", permissions),
        *names,
        *of(action, "IpPermissions.UserIdGroupPairs.GroupId", rule("UserIdGroupPairs")),
        *of(action, "IpPermissions.UserIdGroupPairs.GroupName", rule("UserIdGroupPairs"), "InvalidGroup.NotFound"),
        *of(action, "IpPermissions.PrefixListIds.PrefixListId", rule("PrefixListIds")),
        *of(action, "IpPermissions.UserIdGroupPairs.VpcPeeringConnectionId", peered),
    )  # fmt: skip


def peered(s: Scene) -> dict[str, Any]:
    pair = {"GroupId": s.far_group, "VpcId": s.bare}
    item = {"IpProtocol": "tcp", "FromPort": 7, "ToPort": 7, "UserIdGroupPairs": [pair]}
    return {"GroupId": s.group, "IpPermissions": [item]}


GROUPS = (
    *(one for action in ("authorize_security_group", "revoke_security_group", "update_security_group_rule_descriptions")
      for way in ("ingress", "egress") for one in of_groups(f"{action}_{way}", ingress=way == "ingress")),
    *(one for way in ("ingress", "egress")
      for one in of(f"revoke_security_group_{way}", "SecurityGroupRuleIds", lambda s: {"GroupId": s.group})),
    *(one for way in ("ingress", "egress")
      for one in of(f"update_security_group_rule_descriptions_{way}", "SecurityGroupRuleDescriptions.SecurityGroupRuleId",
                    lambda s: {"GroupId": s.group, "SecurityGroupRuleDescriptions": [{"Description": "d"}]})),
    *of("update_security_group_rule_descriptions_egress", "GroupName", permissions, "InvalidGroup.NotFound"),
    *of("create_security_group", "VpcId", lambda s: {"GroupName": "n", "Description": "d"}),
    *of("delete_security_group", "GroupId"),
    *of("delete_security_group", "GroupName", code="InvalidGroup.NotFound"),
    *of("describe_security_groups", "GroupIds"),
    *of("describe_security_groups", "GroupNames", code="InvalidGroup.NotFound"),
    Missing("describe_security_group_references", "GroupId", "InvalidGroup.NotFound",
            lambda s: {"GroupId": [f"sg-{NONE}"]}),
    *of("describe_security_group_rules", "SecurityGroupRuleIds"),
    *of("modify_security_group_rules", "GroupId SecurityGroupRules.SecurityGroupRuleId", rewriting),
    *of("modify_security_group_rules",
        "SecurityGroupRules.SecurityGroupRule.ReferencedGroupId SecurityGroupRules.SecurityGroupRule.PrefixListId", rewriting),
)  # fmt: skip

TAG = [{"Key": "k", "Value": "v"}]
TAGGED = OWN | {"dopt": DHCP}
TAGGED = {kind: code for kind, code in TAGGED.items() if kind not in ("ami", "eni-attach", "h")}
TAGS = tuple(
    Missing(action, f"Resources-{kind}", code, lambda s, kind=kind: {"Resources": [f"{kind}-{NONE}"], "Tags": TAG})
    for action in ("create_tags", "delete_tags") for kind, code in TAGGED.items()
)  # fmt: skip

NO_TEMPLATE = f"The specified launch template, with template ID lt-{NONE}, does not exist."


def fleet(s: Scene) -> dict[str, Any]:
    capacity = {"TotalTargetCapacity": 1, "DefaultTargetCapacityType": "on-demand"}
    configs = [{"LaunchTemplateSpecification": {"Version": "1"}}]
    return {"Type": "instant", "TargetCapacitySpecification": capacity, "LaunchTemplateConfigs": configs}


def of_template(
    action: str, base: Ask = lambda s: {}, member: str = "LaunchTemplateId"
) -> tuple[Missing, ...]:
    return of(action, member, base, sentence=NO_TEMPLATE)


TEMPLATES = (
    *of_template("create_launch_template_version", lambda s: {"LaunchTemplateData": {"KeyName": "k"}}),
    *of_template("describe_launch_templates", member="LaunchTemplateIds"),
    *of_template("describe_launch_template_versions"),
    *of_template("modify_launch_template", lambda s: {"DefaultVersion": "1"}),
    *of_template("delete_launch_template"),
    *of_template("delete_launch_template_versions", lambda s: {"Versions": ["1"]}),
    *of_template("run_instances", lambda s: s.launching(), "LaunchTemplate.LaunchTemplateId"),
    *of_template("create_fleet", fleet, "LaunchTemplateConfigs.LaunchTemplateSpecification.LaunchTemplateId"),
    *of("describe_fleets", "FleetIds"),
    *of("get_launch_template_data", "InstanceId"),
)

MISSING = (*GATEWAYS, *ROUTES, *NETWORKS, *INTERFACES, *INSTANCES, *TEMPLATES, *GROUPS, *TAGS)
LEFT_OUT = {
    "delete_key_pair": "what is not there is deleted already",
    "delete_vpc_endpoints": "listed as unsuccessful",
    "delete_fleets": "listed as unsuccessful",
    "release_hosts": "listed as unsuccessful",
    "modify_hosts": "listed as unsuccessful",
    "modify_instance_credit_specification": "listed as unsuccessful",
    "describe_egress_only_internet_gateways": "an empty list",
    "create_key_pair": "a new name",
    "import_key_pair": "a new name",
    "create_placement_group": "a new name",
}
"""Operations that take an id of nothing for an answer; `test_missing_ids` has them one by one."""
