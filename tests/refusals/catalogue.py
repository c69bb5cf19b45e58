"""What EC2 refuses: for each error of the facts sheet's catalogue, a call that provokes it.

The sentence is given where the sheet has seen it or a document says it; elsewhere the code is what counts.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from scene import NONE, Scene


class Refusal(NamedTuple):
    """A call of an action that must fail with a code, and with a sentence that has these parts."""

    code: str
    parts: tuple[str, ...]
    action: str
    asked: Callable[[Scene], dict[str, Any]]
    status: int = 400

    @property
    def name(self) -> str:
        """How a test calls it."""
        return f"{self.code}-{self.action}"


def _(
    code: str,
    sentence: str | tuple[str, ...],
    action: str,
    asked: Callable[[Scene], dict[str, Any]],
    status: int = 400,
) -> Refusal:
    parts = (sentence,) if isinstance(sentence, str) else sentence
    return Refusal(code, parts, action, asked, status)


ANYWHERE = {"DestinationCidrBlock": "0.0.0.0/0"}


def interfaces(*given: dict[str, Any]) -> Callable[[Scene], dict[str, Any]]:
    return lambda s: s.launching(
        NetworkInterfaces=[{k: v(s) if callable(v) else v for k, v in one.items()} for one in given]
    )


def allowing(**changes: Any) -> Callable[[Scene], dict[str, Any]]:
    return lambda s: {"GroupId": s.group, "IpPermissions": [s.ssh | changes]}


INTERFACES = (
    _("AttachmentLimitExceeded", "Interface count 3 exceeds the limit for t3.micro", "attach_network_interface",
      lambda s: {"NetworkInterfaceId": s.free, "InstanceId": s.two, "DeviceIndex": 2}),
    _("InvalidParameterValue", "already has an interface attached at device index '0'.", "attach_network_interface",
      lambda s: {"NetworkInterfaceId": s.free, "InstanceId": s.one, "DeviceIndex": 0}),
    _("InvalidParameterValue", "is currently in use.", "attach_network_interface",
      lambda s: {"NetworkInterfaceId": s.second, "InstanceId": s.one, "DeviceIndex": 1}),
    _("InvalidParameterCombination", "You may not attach a network interface to an instance if they are not in the same availability zone", "attach_network_interface",
      lambda s: {"NetworkInterfaceId": s.free_elsewhere, "InstanceId": s.one, "DeviceIndex": 1}),
    _("InvalidParameterValue", "", "attach_network_interface",
      lambda s: {"NetworkInterfaceId": s.free, "InstanceId": s.one, "DeviceIndex": 1, "NetworkCardIndex": 1}),
    _("IncorrectState", "is not 'running' or 'stopped'.", "attach_network_interface",
      lambda s: {"NetworkInterfaceId": s.free, "InstanceId": s.gone, "DeviceIndex": 1}),
    _("InvalidNetworkInterfaceID.NotFound", f"'eni-{NONE}' does not exist", "attach_network_interface",
      lambda s: {"NetworkInterfaceId": f"eni-{NONE}", "InstanceId": s.one, "DeviceIndex": 1}),
    _("InvalidInstanceID.NotFound", f"The instance ID 'i-{NONE}' does not exist", "attach_network_interface",
      lambda s: {"NetworkInterfaceId": s.free, "InstanceId": f"i-{NONE}", "DeviceIndex": 1}),
    _("OperationNotPermitted", "The network interface at device index 0 and networkCard index 0 cannot be detached.", "detach_network_interface",
      lambda s: {"AttachmentId": s.primary}),
    _("OperationNotPermitted", "cannot be detached.", "detach_network_interface",
      lambda s: {"AttachmentId": s.primary, "Force": True}),
    _("AuthFailure", "You do not have permission to access the specified resource.", "detach_network_interface",
      lambda s: {"AttachmentId": s.nat_bond}, 403),
    _("InvalidAttachmentID.NotFound", "does not exist", "detach_network_interface",
      lambda s: {"AttachmentId": f"eni-attach-{NONE}"}),
    _("InvalidNetworkInterfaceAttachmentId.Malformed", "", "detach_network_interface",
      lambda s: {"AttachmentId": "eni-attach"}),
    _("InvalidParameterValue", "is currently in use.", "delete_network_interface",
      lambda s: {"NetworkInterfaceId": s.eni}),
    _("InvalidNetworkInterfaceID.NotFound", f"'eni-{NONE}' does not exist", "delete_network_interface",
      lambda s: {"NetworkInterfaceId": f"eni-{NONE}"}),
    _("InvalidNetworkInterfaceId.Malformed", "", "describe_network_interfaces",
      lambda s: {"NetworkInterfaceIds": ["eni"]}),
    _("InvalidSubnetID.NotFound", f"The subnet ID 'subnet-{NONE}' does not exist", "create_network_interface",
      lambda s: {"SubnetId": f"subnet-{NONE}"}),
    _("InvalidParameterValue", "Address does not fall within the subnet's address range", "create_network_interface",
      lambda s: {"SubnetId": s.left, "PrivateIpAddress": "10.9.9.9"}),
    _("InvalidIPAddress.InUse", "The specified address is already in use.", "create_network_interface",
      lambda s: {"SubnetId": s.left, "PrivateIpAddress": s.taken}),
    _("InsufficientFreeAddressesInSubnet", "The specified subnet does not have enough free addresses to satisfy the request.", "create_network_interface",
      lambda s: {"SubnetId": s.small, "SecondaryPrivateIpAddressCount": 4}),
    _("InvalidParameterCombination", "", "create_network_interface",
      lambda s: {"SubnetId": s.left, "PrivateIpAddresses": [{"PrivateIpAddress": unused(s)}], "SecondaryPrivateIpAddressCount": 1}),
    _("SecurityGroupsPerInterfaceLimitExceeded", "The maximum number of security groups per interface has been reached.", "create_network_interface",
      lambda s: {"SubnetId": s.left, "Groups": s.groups}),
    _("InvalidParameter", "security group and subnet belong to different networks", "create_network_interface",
      lambda s: {"SubnetId": s.left, "Groups": [s.far_group]}),
    _("InvalidGroup.NotFound", f"The security group 'sg-{NONE}' does not exist", "create_network_interface",
      lambda s: {"SubnetId": s.left, "Groups": [f"sg-{NONE}"]}),
    _("MissingParameter", "SubnetId", "create_network_interface", lambda s: {}),
    _("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", "create_network_interface",
      lambda s: {"SubnetId": s.left, "DryRun": True}, 412),
    _("InvalidParameterCombination", "", "modify_network_interface_attribute",
      lambda s: {"NetworkInterfaceId": s.free, "Description": {"Value": "x"}, "SourceDestCheck": {"Value": False}}),
    _("AuthFailure", "You do not have permission to access the specified resource.", "modify_network_interface_attribute",
      lambda s: {"NetworkInterfaceId": s.nat_eni, "Description": {"Value": "x"}}, 403),
    _("InvalidAttachmentID.NotFound", "", "modify_network_interface_attribute",
      lambda s: {"NetworkInterfaceId": s.second, "Attachment": {"AttachmentId": f"eni-attach-{NONE}", "DeleteOnTermination": True}}),
    _("PrivateIpAddressLimitExceeded", "Number of private addresses will exceed limit.", "assign_private_ip_addresses",
      lambda s: {"NetworkInterfaceId": s.second, "SecondaryPrivateIpAddressCount": 2}),
    _("Resource.AlreadyAssigned", "", "assign_private_ip_addresses",
      lambda s: {"NetworkInterfaceId": s.eni, "PrivateIpAddresses": [secondary(s)]}),
    _("InvalidParameterValue", "", "unassign_private_ip_addresses",
      lambda s: {"NetworkInterfaceId": s.second, "PrivateIpAddresses": [s.taken]}),
)  # fmt: skip


def unused(s: Scene) -> str:
    """An address of the left subnet that nothing has."""
    asked = [{"Name": "subnet-id", "Values": [s.left]}]
    there = s.ec2.describe_network_interfaces(Filters=asked)["NetworkInterfaces"]
    taken = {a["PrivateIpAddress"] for i in there for a in i["PrivateIpAddresses"]}
    return next(one for n in range(9, 250) if (one := f"10.0.1.{n}") not in taken)


def secondary(s: Scene) -> str:
    """The secondary address of the free interface."""
    (shown,) = s.ec2.describe_network_interfaces(NetworkInterfaceIds=[s.free])["NetworkInterfaces"]
    return next(a["PrivateIpAddress"] for a in shown["PrivateIpAddresses"] if not a["Primary"])


LAUNCHES = (
    _("InvalidNetworkInterface.InUse", ("Interface: [", "] in use."), "run_instances",
      interfaces({"DeviceIndex": 0, "NetworkInterfaceId": lambda s: s.second})),
    _("InvalidParameterCombination", "Network interfaces and an instance-level subnet ID may not be specified on the same request", "run_instances",
      lambda s: s.launching(SubnetId=s.left, NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": s.left}])),
    _("InvalidParameterCombination", "Network interfaces and an instance-level security groups may not be specified on the same request", "run_instances",
      lambda s: s.launching(SecurityGroupIds=[s.group], NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": s.left}])),
    _("InvalidParameterCombination", "The associatePublicIPAddress parameter cannot be specified when launching with multiple network interfaces.", "run_instances",
      interfaces({"DeviceIndex": 0, "SubnetId": lambda s: s.left, "AssociatePublicIpAddress": True}, {"DeviceIndex": 1, "SubnetId": lambda s: s.left})),
    _("InsufficientFreeAddressesInSubnet", ("There are not enough free addresses in subnet '", "' to satisfy the requested number of instances."), "run_instances",
      lambda s: s.launching(SubnetId=s.small, MinCount=3, MaxCount=3)),
    _("InvalidInterface.IpAddressLimitExceeded", "", "run_instances",
      interfaces({"DeviceIndex": 0, "SubnetId": lambda s: s.left, "SecondaryPrivateIpAddressCount": 2})),
    _("AttachmentLimitExceeded", "Interface count 3 exceeds the limit for t3.micro", "run_instances",
      interfaces(*({"DeviceIndex": n, "SubnetId": lambda s: s.left} for n in range(3)))),
    _("InvalidUserData.Malformed", "User data is limited to 16384 bytes", "run_instances",
      lambda s: s.launching(UserData="x" * 16385)),
    _("IdempotentParameterMismatch", "Arguments on this idempotent request are inconsistent", "run_instances",
      lambda s: s.token | {"MaxCount": 2}),
    _("IdempotentInstanceTerminated", "", "run_instances", lambda s: s.token),
    _("InvalidAMIID.NotFound", "does not exist", "run_instances", lambda s: s.launching(ImageId=f"ami-{NONE}")),
    _("InvalidParameterValue", "t3.gigantic", "run_instances", lambda s: s.launching(InstanceType="t3.gigantic")),
    _("InvalidKeyPair.NotFound", "The key pair 'other' does not exist", "run_instances",
      lambda s: s.launching(KeyName="other")),
    _("InvalidParameterCombination", "", "run_instances",
      lambda s: s.launching(PrivateIpAddress=unused(s), MinCount=2, MaxCount=2)),
    _("InvalidInstanceID", "Please specify an interface ID for the operation instead.", "associate_address",
      lambda s: {"AllocationId": s.idle, "InstanceId": s.two}),
    _("InvalidInstanceID", "There are multiple interfaces attached to instance", "create_route",
      lambda s: {"RouteTableId": s.table, **ANYWHERE, "InstanceId": s.two}),
    _("InvalidInstanceID", "There are multiple interfaces attached to instance", "modify_instance_attribute",
      lambda s: {"InstanceId": s.two, "SourceDestCheck": {"Value": False}}),
    _("OperationNotPermitted", ("may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.",), "terminate_instances",
      lambda s: {"InstanceIds": [s.one]}),
    _("OperationNotPermitted", "may not be terminated.", "terminate_instances",
      lambda s: {"InstanceIds": [s.two, s.one]}),
    _("IncorrectInstanceState", "is not in a state from which it can be started.", "start_instances",
      lambda s: {"InstanceIds": [s.gone]}),
    _("IncorrectInstanceState", "is not in a state from which it can be stopped.", "stop_instances",
      lambda s: {"InstanceIds": [s.gone]}),
    _("IncorrectInstanceState", "is not in the 'stopped' state.", "modify_instance_attribute",
      lambda s: {"InstanceId": s.one, "InstanceType": {"Value": "t3.small"}}),
    _("InvalidInstanceID.Malformed", "", "terminate_instances", lambda s: {"InstanceIds": ["i"]}),
    _("InvalidInstanceID.NotFound", f"i-{NONE}", "stop_instances", lambda s: {"InstanceIds": [s.two, f"i-{NONE}"]}),
)  # fmt: skip

ADDRESSES = (
    _("AddressLimitExceeded", "The maximum number of addresses has been reached.", "allocate_address",
      lambda s: {"Domain": "vpc"}),
    _("Gateway.NotAttached", ("Network vpc-", " is not attached to any internet gateway"), "associate_address",
      lambda s: {"AllocationId": s.idle, "NetworkInterfaceId": s.free_far}),
    _("Resource.AlreadyAssociated", ("resource eipalloc-", " is already associated with associate-id eipassoc-"), "associate_address",
      lambda s: {"AllocationId": s.allocation, "NetworkInterfaceId": s.free, "AllowReassociation": False}),
    _("InvalidAllocationID.NotFound", f"The allocation ID 'eipalloc-{NONE}' does not exist", "associate_address",
      lambda s: {"AllocationId": f"eipalloc-{NONE}", "NetworkInterfaceId": s.free}),
    _("InvalidParameterCombination", "", "associate_address",
      lambda s: {"AllocationId": s.idle, "NetworkInterfaceId": s.free, "InstanceId": s.one}),
    _("InvalidParameterValue", "", "associate_address",
      lambda s: {"AllocationId": s.idle, "NetworkInterfaceId": s.free, "PrivateIpAddress": unused(s)}),
    _("InvalidAssociationID.NotFound", f"'eipassoc-{NONE}'", "disassociate_address",
      lambda s: {"AssociationId": f"eipassoc-{NONE}"}),
    _("InvalidIPAddress.InUse", "", "release_address", lambda s: {"AllocationId": s.allocation}),
    _("InvalidAllocationID.NotFound", "does not exist", "release_address",
      lambda s: {"AllocationId": f"eipalloc-{NONE}"}),
    _("InvalidAddress.NotFound", "Address '192.0.2.1' not found.", "describe_addresses",
      lambda s: {"PublicIps": ["192.0.2.1"]}),
)  # fmt: skip

GROUPS = (
    _("CannotDelete", ("the specified group: \"sg-", "name: \"default\" cannot be deleted by a user"), "delete_security_group",
      lambda s: {"GroupId": s.default_group}),
    _("DependencyViolation", ("resource sg-", " has a dependent object"), "delete_security_group",
      lambda s: {"GroupId": s.group}),
    _("InvalidGroup.NotFound", f"The security group 'sg-{NONE}' does not exist", "delete_security_group",
      lambda s: {"GroupId": f"sg-{NONE}"}),
    _("InvalidGroupId.Malformed", "", "delete_security_group", lambda s: {"GroupId": "sg"}),
    _("InvalidGroup.Duplicate", "The security group 'web' already exists", "create_security_group",
      lambda s: {"GroupName": "web", "Description": "d", "VpcId": s.vpc}),
    _("InvalidGroup.Reserved", "", "create_security_group",
      lambda s: {"GroupName": "default", "Description": "d", "VpcId": s.vpc}),
    _("InvalidParameterValue", "", "create_security_group",
      lambda s: {"GroupName": "sg-mine", "Description": "d", "VpcId": s.vpc}),
    _("InvalidPermission.Duplicate", 'the specified rule "peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW" already exists', "authorize_security_group_ingress",
      allowing()),
    _("InvalidPermission.Duplicate", 'the specified rule "peer: 0.0.0.0/0, ALL, ALLOW" already exists', "authorize_security_group_egress",
      lambda s: {"GroupId": s.group, "IpPermissions": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]}),
    _("InvalidPermission.NotFound", "The specified rule does not exist in this security group.", "revoke_security_group_ingress",
      allowing(FromPort=23, ToPort=23)),
    _("InvalidParameterValue", "", "authorize_security_group_ingress", allowing(FromPort=24, ToPort=23)),
    _("InvalidParameterValue", "", "authorize_security_group_ingress", allowing(FromPort=1, ToPort=70000)),
    _("InvalidParameterValue", "", "authorize_security_group_ingress", allowing(IpRanges=[{"CidrIp": "10.0.0.0/33"}])),
    _("InvalidPermission.Malformed", "tcq", "authorize_security_group_ingress", allowing(IpProtocol="tcq")),
    _("InvalidGroup.NotFound", "does not exist", "authorize_security_group_ingress",
      allowing(IpRanges=[], UserIdGroupPairs=[{"GroupId": f"sg-{NONE}"}])),
    _("InvalidPrefixListID.NotFound", "", "authorize_security_group_ingress",
      allowing(IpRanges=[], PrefixListIds=[{"PrefixListId": f"pl-{NONE}"}])),
    _("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.", "authorize_security_group_ingress",
      lambda s: {"GroupId": s.full_group, "IpPermissions": [s.ssh]}),
    _("InvalidSecurityGroupRuleId.NotFound", "", "modify_security_group_rules",
      lambda s: {"GroupId": s.group, "SecurityGroupRules": [{"SecurityGroupRuleId": f"sgr-{NONE}", "SecurityGroupRule": {"IpProtocol": "-1", "CidrIpv4": "0.0.0.0/0"}}]}),
    _("InvalidVpcID.NotFound", f"The vpc ID 'vpc-{NONE}' does not exist", "create_security_group",
      lambda s: {"GroupName": "new", "Description": "d", "VpcId": f"vpc-{NONE}"}),
)  # fmt: skip

ROUTES = (
    _("RouteAlreadyExists", "The route identified by 0.0.0.0/0 already exists.", "create_route",
      lambda s: {"RouteTableId": s.main, **ANYWHERE, "GatewayId": s.igw}),
    _("InvalidRoute.NotFound", ("no route with destination-cidr-block 0.0.0.0/0 in route table rtb-",), "delete_route",
      lambda s: {"RouteTableId": s.table, **ANYWHERE}),
    _("InvalidParameterValue", "There is no route defined for '0.0.0.0/0' in the route table. Use CreateRoute instead.", "replace_route",
      lambda s: {"RouteTableId": s.table, **ANYWHERE, "GatewayId": s.igw}),
    _("RouteLimitExceeded", "", "create_route",
      lambda s: {"RouteTableId": s.full_table, **ANYWHERE, "GatewayId": s.igw}),
    _("InvalidRouteTableID.NotFound", f"The routeTable ID 'rtb-{NONE}' does not exist", "create_route",
      lambda s: {"RouteTableId": f"rtb-{NONE}", **ANYWHERE, "GatewayId": s.igw}),
    _("InvalidInternetGatewayID.NotFound", f"The internetGateway ID 'igw-{NONE}' does not exist", "create_route",
      lambda s: {"RouteTableId": s.table, **ANYWHERE, "GatewayId": f"igw-{NONE}"}),
    _("InvalidParameterValue", "169.254.169.0/24", "create_route",
      lambda s: {"RouteTableId": s.table, "DestinationCidrBlock": "169.254.169.0/24", "GatewayId": s.igw}),
    _("InvalidParameterValue", "This route can target only an interface or an instance.", "create_route",
      lambda s: {"RouteTableId": s.table, "DestinationCidrBlock": "10.0.1.0/24", "GatewayId": s.igw}),
    _("InvalidParameterValue", "local route", "delete_route",
      lambda s: {"RouteTableId": s.table, "DestinationCidrBlock": "10.0.0.0/16"}),
    _("DependencyViolation", ("The routeTable 'rtb-", "' has dependencies and cannot be deleted."), "delete_route_table",
      lambda s: {"RouteTableId": s.main}),
    _("DependencyViolation", "has dependencies and cannot be deleted.", "delete_route_table",
      lambda s: {"RouteTableId": s.table}),
    _("Resource.AlreadyAssociated", "", "associate_route_table",
      lambda s: {"RouteTableId": s.full_table, "SubnetId": s.right}),
    _("InvalidParameterValue", "", "disassociate_route_table", lambda s: {"AssociationId": s.main_association}),
    _("InvalidAssociationID.NotFound", "", "disassociate_route_table",
      lambda s: {"AssociationId": f"rtbassoc-{NONE}"}),
    _("NatGatewayNotFound", "", "create_route",
      lambda s: {"RouteTableId": s.table, **ANYWHERE, "NatGatewayId": f"nat-{NONE}"}),
    _("InvalidVpcPeeringConnectionID.NotFound", "", "create_route",
      lambda s: {"RouteTableId": s.table, **ANYWHERE, "VpcPeeringConnectionId": f"pcx-{NONE}"}),
)  # fmt: skip

GATEWAYS = (
    _("Resource.AlreadyAssociated", "", "attach_internet_gateway",
      lambda s: {"InternetGatewayId": s.igw, "VpcId": s.bare}),
    _("InvalidParameterValue", "", "attach_internet_gateway",
      lambda s: {"InternetGatewayId": s.idle_igw, "VpcId": s.vpc}),
    _("Gateway.NotAttached", ("resource igw-", "is not attached to network vpc-"), "detach_internet_gateway",
      lambda s: {"InternetGatewayId": s.idle_igw, "VpcId": s.vpc}),
    _("DependencyViolation", "has some mapped public address(es).", "detach_internet_gateway",
      lambda s: {"InternetGatewayId": s.igw, "VpcId": s.vpc}),
    _("DependencyViolation", "", "delete_internet_gateway", lambda s: {"InternetGatewayId": s.igw}),
    _("InternetGatewayLimitExceeded", "", "create_internet_gateway", lambda s: {}),
    _("NatGatewayNotFound", "", "delete_nat_gateway", lambda s: {"NatGatewayId": f"nat-{NONE}"}),
    _("NatGatewayMalformed", "", "describe_nat_gateways", lambda s: {"NatGatewayIds": ["nat"]}),
    _("InvalidEgressOnlyInternetGatewayId.NotFound", "", "delete_egress_only_internet_gateway",
      lambda s: {"EgressOnlyInternetGatewayId": f"eigw-{NONE}"}),
    _("InvalidEgressOnlyInternetGatewayId.Malformed", "", "describe_egress_only_internet_gateways",
      lambda s: {"EgressOnlyInternetGatewayIds": ["eigw"]}),
    _("VpcPeeringConnectionAlreadyExists", "", "create_vpc_peering_connection",
      lambda s: {"VpcId": s.bare, "PeerVpcId": s.vpc}),
    _("InvalidStateTransition", "", "accept_vpc_peering_connection",
      lambda s: {"VpcPeeringConnectionId": s.peering}),
    _("InvalidVpcPeeringConnectionID.NotFound", "", "delete_vpc_peering_connection",
      lambda s: {"VpcPeeringConnectionId": f"pcx-{NONE}"}),
)  # fmt: skip

NETWORKS = (
    _("VpcLimitExceeded", "The maximum number of VPCs has been reached.", "create_vpc",
      lambda s: {"CidrBlock": "10.77.0.0/16"}),
    _("InvalidVpc.Range", "", "create_vpc", lambda s: {"CidrBlock": "10.0.0.0/8"}),
    _("InvalidParameterValue", "", "create_vpc", lambda s: {"CidrBlock": "10.0.0.0"}),
    _("DependencyViolation", ("The vpc 'vpc-", "' has dependencies and cannot be deleted."), "delete_vpc",
      lambda s: {"VpcId": s.vpc}),
    _("InvalidVpcID.NotFound", f"The vpc ID 'vpc-{NONE}' does not exist", "delete_vpc",
      lambda s: {"VpcId": f"vpc-{NONE}"}),
    _("InvalidVpcID.Malformed", "", "describe_vpcs", lambda s: {"VpcIds": ["vpc"]}),
    _("DefaultVpcAlreadyExists", "", "create_default_vpc", lambda s: {}),
    _("DefaultSubnetAlreadyExistsInAvailabilityZone", "", "create_default_subnet",
      lambda s: {"AvailabilityZone": "us-east-1a"}),
    _("InvalidSubnet.Range", "", "create_subnet", lambda s: {"VpcId": s.vpc, "CidrBlock": "10.5.0.0/24"}),
    _("InvalidSubnet.Range", "", "create_subnet", lambda s: {"VpcId": s.vpc, "CidrBlock": "10.0.9.0/29"}),
    _("InvalidSubnet.Conflict", "The CIDR '10.0.1.128/25' conflicts with another subnet", "create_subnet",
      lambda s: {"VpcId": s.vpc, "CidrBlock": "10.0.1.128/25"}),
    _("InvalidParameterValue", "availabilityZone", "create_subnet",
      lambda s: {"VpcId": s.vpc, "CidrBlock": "10.0.9.0/24", "AvailabilityZone": "eu-west-1a"}),
    _("DependencyViolation", ("The subnet 'subnet-", "' has dependencies and cannot be deleted."), "delete_subnet",
      lambda s: {"SubnetId": s.left}),
    _("CidrConflict", "", "associate_vpc_cidr_block", lambda s: {"VpcId": s.vpc, "CidrBlock": "10.0.128.0/17"}),
    _("InvalidVpc.Range", "", "associate_vpc_cidr_block", lambda s: {"VpcId": s.vpc, "CidrBlock": "192.168.0.0/16"}),
    _("InvalidDhcpOptionID.NotFound", "", "associate_dhcp_options",
      lambda s: {"DhcpOptionsId": f"dopt-{NONE}", "VpcId": s.vpc}),
    _("NetworkAclEntryAlreadyExists", "The network acl entry identified by 100 already exists.", "create_network_acl_entry",
      lambda s: s.entry),
    _("InvalidParameterValue", "", "create_network_acl_entry", lambda s: s.entry | {"RuleNumber": 32767}),
    _("NetworkAclEntryLimitExceeded", "", "create_network_acl_entry",
      lambda s: s.entry | {"NetworkAclId": s.full_acl, "RuleNumber": 500}),
    _("InvalidNetworkAclEntry.NotFound", "", "delete_network_acl_entry",
      lambda s: {"NetworkAclId": s.acl, "RuleNumber": 7, "Egress": False}),
    _("InvalidParameterValue", "", "delete_network_acl", lambda s: {"NetworkAclId": s.default_acl}),
    _("InvalidNetworkAclID.NotFound", "", "delete_network_acl", lambda s: {"NetworkAclId": f"acl-{NONE}"}),
    _("PrefixListVersionMismatch", "", "modify_managed_prefix_list",
      lambda s: {"PrefixListId": s.listed, "CurrentVersion": 7, "AddEntries": [{"Cidr": "198.51.100.0/24"}]}),
    _("PrefixListMaxEntriesExceeded", "", "modify_managed_prefix_list",
      lambda s: {"PrefixListId": s.listed, "CurrentVersion": 1, "AddEntries": [{"Cidr": "198.51.100.0/24"}]}),
)  # fmt: skip

OTHERS = (
    _("FilterLimitExceeded", "", "describe_vpcs", lambda s: {"Filters": [{"Name": "vpc-id", "Values": [str(n) for n in range(201)]}]}),
    _("InvalidParameterValue", "The filter 'colour' is invalid", "describe_vpcs", lambda s: {"Filters": [{"Name": "colour", "Values": ["red"]}]}),
    _("InvalidNextToken", "", "describe_vpcs", lambda s: {"NextToken": "somewhere"}),
    _("InvalidParameterValue", "maxResults", "describe_network_interfaces", lambda s: {"MaxResults": 3}),
    _("InvalidParameterValue", "", "create_tags", lambda s: {"Resources": [s.vpc], "Tags": [{"Key": "x" * 128, "Value": "y"}]}),
    _("InvalidTagKey.Malformed", "", "create_tags", lambda s: {"Resources": [s.vpc], "Tags": [{"Key": "aws:mine", "Value": "y"}]}),
    _("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.", "create_tags",
      lambda s: {"Resources": [s.vpc], "Tags": [{"Key": f"k{n}", "Value": "y"} for n in range(51)]}),
    _("InvalidKeyPair.Duplicate", "", "create_key_pair", lambda s: {"KeyName": "mine"}),
    _("UnsupportedOperation", "elastinet", "create_vpn_gateway", lambda s: {"Type": "ipsec.1"}),
    _("InvalidParameterValue", "HttpPutResponseHopLimit", "modify_instance_metadata_options",
      lambda s: {"InstanceId": s.one, "HttpPutResponseHopLimit": 65}),
)  # fmt: skip

DEVICES = (
    _("InvalidParameterCombination", "Enhanced networking with the Elastic Network Adapter (ENA) is required for the 't3.micro' instance type. Ensure that you are using an AMI that is enabled for ENA.", "run_instances",
      lambda s: s.launching(ImageId=s.no_ena)),
    _("InvalidParameterCombination", ("Enhanced networking with the Elastic Network Adapter (ENA) is required for the 't3.micro' instance type. Ensure that your instance 'i-", "' is enabled for ENA."), "start_instances",
      lambda s: {"InstanceIds": [s.stopped]}),
    _("IncorrectInstanceState", "is not in the 'stopped' state.", "modify_instance_attribute",
      lambda s: {"InstanceId": s.one, "EnaSupport": {"Value": True}}),
    _("IncorrectInstanceState", "is not in the 'stopped' state.", "modify_instance_attribute",
      lambda s: {"InstanceId": s.one, "SriovNetSupport": {"Value": "simple"}}),
    _("IncorrectInstanceState", "is not in the 'stopped' state.", "modify_instance_attribute",
      lambda s: {"InstanceId": s.gone, "EnaSupport": {"Value": True}}),
    _("InvalidParameterCombination", "only one can be changed", "modify_instance_attribute",
      lambda s: {"InstanceId": s.stopped, "EnaSupport": {"Value": True}, "SriovNetSupport": {"Value": "simple"}}),
    _("InvalidParameterValue", "sriovNetSupport", "modify_instance_attribute",
      lambda s: {"InstanceId": s.stopped, "SriovNetSupport": {"Value": "double"}}),
    _("InvalidParameterValue", "sriovNetSupport", "modify_instance_attribute",
      lambda s: {"InstanceId": s.stopped, "SriovNetSupport": {"Value": ""}}),
    _("InvalidInstanceAttributeValue", "c5.gigantic", "modify_instance_attribute",
      lambda s: {"InstanceId": s.stopped, "InstanceType": {"Value": "c5.gigantic"}}),
    _("InvalidInstanceID.NotFound", f"'i-{NONE}' does not exist", "modify_instance_attribute",
      lambda s: {"InstanceId": f"i-{NONE}", "EnaSupport": {"Value": True}}),
    _("InvalidAMIID.NotFound", "does not exist", "describe_image_attribute",
      lambda s: {"ImageId": f"ami-{NONE}", "Attribute": "sriovNetSupport"}),
    _("AuthFailure", "Not authorized for image:ami-", "describe_image_attribute",
      lambda s: {"ImageId": s.image, "Attribute": "blockDeviceMapping"}, 403),
)  # fmt: skip

REFUSALS = (*INTERFACES, *LAUNCHES, *DEVICES, *ADDRESSES, *GROUPS, *ROUTES, *GATEWAYS, *NETWORKS, *OTHERS)
