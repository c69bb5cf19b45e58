"""The table of contents: every action that elastinet supports, and the facts that the fabric reports."""

from collections.abc import Callable
from typing import assert_never

from elastinet.ec2.account import account_attributes, regions, tags
from elastinet.ec2.core import absent
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.fact import (
    AnyFact,
    InstanceGone,
    InstanceLost,
    InstanceRunning,
    InterfaceAttached,
    InterfaceDetached,
    Sweep,
    UnitFailed,
    UnitRepaired,
)
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.instances import (
    console,
    credit_specifications,
    dedicated_hosts,
    facts,
    failures,
    image_attributes,
    images,
    instance_attributes,
    instance_placement,
    instance_status,
    instance_types,
    instances,
    launch,
    lifecycle,
    metadata_options,
    network_performance,
    placement_groups,
    topology,
    volumes,
)
from elastinet.ec2.interfaces import (
    address_names,
    address_transfers,
    addresses,
    attachments,
    interface_attributes,
    ipv6_addresses,
    nat_gateways,
    network_interfaces,
    private_addresses,
)
from elastinet.ec2.security import (
    group_reach,
    instance_profiles,
    key_pairs,
    security_group_rules,
    security_groups,
)
from elastinet.ec2.vpc import (
    account,
    dhcp_options,
    egress_gateways,
    endpoint_services,
    hostnames,
    internet_gateways,
    network_acl_entries,
    network_acls,
    peerings,
    prefix_lists,
    route_tables,
    routes,
    subnet_blocks,
    subnet_reservations,
    subnets,
    vpc_blocks,
    vpc_endpoints,
    vpcs,
)
from elastinet.model.outline import Outline

Operation = Callable[[Transaction, Request], Answer | None]

OPERATIONS: dict[str, Operation] = {
    "AcceptAddressTransfer": address_transfers.accept_address_transfer,
    "AcceptVpcPeeringConnection": peerings.accept_vpc_peering_connection,
    "AllocateAddress": addresses.allocate_address,
    "AllocateHosts": dedicated_hosts.allocate_hosts,
    "AssignIpv6Addresses": ipv6_addresses.assign_ipv6_addresses,
    "AssignPrivateIpAddresses": private_addresses.assign_private_ip_addresses,
    "AssociateAddress": addresses.associate_address,
    "AssociateDhcpOptions": dhcp_options.associate_dhcp_options,
    "AssociateIamInstanceProfile": instance_profiles.associate_iam_instance_profile,
    "AssociateRouteTable": route_tables.associate_route_table,
    "AssociateSubnetCidrBlock": subnet_blocks.associate_subnet_cidr_block,
    "AssociateVpcCidrBlock": vpc_blocks.associate_vpc_cidr_block,
    "AttachInternetGateway": internet_gateways.attach_internet_gateway,
    "AttachNetworkInterface": attachments.attach_network_interface,
    "AuthorizeSecurityGroupEgress": security_group_rules.authorize_egress,
    "AuthorizeSecurityGroupIngress": security_group_rules.authorize_ingress,
    "CreateDefaultSubnet": account.create_default_subnet,
    "CreateDefaultVpc": account.create_default_vpc,
    "CreateDhcpOptions": dhcp_options.create_dhcp_options,
    "CreateEgressOnlyInternetGateway": egress_gateways.create_egress_only_internet_gateway,
    "CreateInternetGateway": internet_gateways.create_internet_gateway,
    "CreateKeyPair": key_pairs.create_key_pair,
    "CreateManagedPrefixList": prefix_lists.create_managed_prefix_list,
    "CreateNatGateway": nat_gateways.create_nat_gateway,
    "CreateNetworkAcl": network_acls.create_network_acl,
    "CreateNetworkAclEntry": network_acl_entries.create_network_acl_entry,
    "CreateNetworkInterface": network_interfaces.create_network_interface,
    "CreatePlacementGroup": placement_groups.create_placement_group,
    "CreateRoute": routes.create_route,
    "CreateRouteTable": route_tables.create_route_table,
    "CreateSecurityGroup": security_groups.create_security_group,
    "CreateSubnet": subnets.create_subnet,
    "CreateSubnetCidrReservation": subnet_reservations.create_subnet_cidr_reservation,
    "CreateTags": tags.create_tags,
    "CreateVpc": vpcs.create_vpc,
    "CreateVpcEndpoint": vpc_endpoints.create_vpc_endpoint,
    "CreateVpcPeeringConnection": peerings.create_vpc_peering_connection,
    "DeleteDhcpOptions": dhcp_options.delete_dhcp_options,
    "DeleteEgressOnlyInternetGateway": egress_gateways.delete_egress_only_internet_gateway,
    "DeleteInternetGateway": internet_gateways.delete_internet_gateway,
    "DeleteKeyPair": key_pairs.delete_key_pair,
    "DeleteManagedPrefixList": prefix_lists.delete_managed_prefix_list,
    "DeleteNatGateway": nat_gateways.delete_nat_gateway,
    "DeleteNetworkAcl": network_acls.delete_network_acl,
    "DeleteNetworkAclEntry": network_acl_entries.delete_network_acl_entry,
    "DeleteNetworkInterface": network_interfaces.delete_network_interface,
    "DeletePlacementGroup": placement_groups.delete_placement_group,
    "DeleteRoute": routes.delete_route,
    "DeleteRouteTable": route_tables.delete_route_table,
    "DeleteSecurityGroup": security_groups.delete_security_group,
    "DeleteSubnet": subnets.delete_subnet,
    "DeleteSubnetCidrReservation": subnet_reservations.delete_subnet_cidr_reservation,
    "DeleteTags": tags.delete_tags,
    "DeleteVolume": volumes.delete_volume,
    "DeleteVpc": vpcs.delete_vpc,
    "DeleteVpcEndpoints": vpc_endpoints.delete_vpc_endpoints,
    "DeleteVpcPeeringConnection": peerings.delete_vpc_peering_connection,
    "DescribeAccountAttributes": account_attributes.describe_account_attributes,
    "DescribeAddressTransfers": address_transfers.describe_address_transfers,
    "DescribeAddresses": addresses.describe_addresses,
    "DescribeAddressesAttribute": address_names.describe_addresses_attribute,
    "DescribeAvailabilityZones": regions.describe_availability_zones,
    "DescribeDhcpOptions": dhcp_options.describe_dhcp_options,
    "DescribeEgressOnlyInternetGateways": egress_gateways.describe_egress_only_internet_gateways,
    "DescribeHosts": dedicated_hosts.describe_hosts,
    "DescribeIamInstanceProfileAssociations": instance_profiles.describe_iam_instance_profile_associations,
    "DescribeImageAttribute": image_attributes.describe_image_attribute,
    "DescribeImages": images.describe_images,
    "DescribeInstanceAttribute": instance_attributes.describe_instance_attribute,
    "DescribeInstanceCreditSpecifications": credit_specifications.describe_instance_credit_specifications,
    "DescribeInstanceStatus": instance_status.describe_instance_status,
    "DescribeInstanceTopology": topology.describe_instance_topology,
    "DescribeInstanceTypeOfferings": instance_types.describe_instance_type_offerings,
    "DescribeInstanceTypes": instance_types.describe_instance_types,
    "DescribeInstances": instances.describe_instances,
    "DescribeInternetGateways": internet_gateways.describe_internet_gateways,
    "DescribeKeyPairs": key_pairs.describe_key_pairs,
    "DescribeManagedPrefixLists": prefix_lists.describe_managed_prefix_lists,
    "DescribeNatGateways": nat_gateways.describe_nat_gateways,
    "DescribeNetworkAcls": network_acls.describe_network_acls,
    "DescribeNetworkInterfaceAttribute": interface_attributes.describe_network_interface_attribute,
    "DescribeNetworkInterfaces": network_interfaces.describe_network_interfaces,
    "DescribePlacementGroups": placement_groups.describe_placement_groups,
    "DescribePrefixLists": endpoint_services.describe_prefix_lists,
    "DescribeRegions": regions.describe_regions,
    "DescribeRouteTables": route_tables.describe_route_tables,
    "DescribeSecurityGroupReferences": group_reach.describe_security_group_references,
    "DescribeSecurityGroupRules": security_group_rules.describe_security_group_rules,
    "DescribeSecurityGroups": security_groups.describe_security_groups,
    "DescribeStaleSecurityGroups": group_reach.describe_stale_security_groups,
    "DescribeSubnets": subnets.describe_subnets,
    "DescribeTags": tags.describe_tags,
    "DescribeVolumes": volumes.describe_volumes,
    "DescribeVpcAttribute": vpcs.describe_vpc_attribute,
    "DescribeVpcEndpointServices": endpoint_services.describe_vpc_endpoint_services,
    "DescribeVpcEndpoints": vpc_endpoints.describe_vpc_endpoints,
    "DescribeVpcPeeringConnections": peerings.describe_vpc_peering_connections,
    "DescribeVpcs": vpcs.describe_vpcs,
    "DetachInternetGateway": internet_gateways.detach_internet_gateway,
    "DetachNetworkInterface": attachments.detach_network_interface,
    "DisableAddressTransfer": address_transfers.disable_address_transfer,
    "DisassociateAddress": addresses.disassociate_address,
    "DisassociateIamInstanceProfile": instance_profiles.disassociate_iam_instance_profile,
    "DisassociateRouteTable": route_tables.disassociate_route_table,
    "DisassociateSubnetCidrBlock": subnet_blocks.disassociate_subnet_cidr_block,
    "DisassociateVpcCidrBlock": vpc_blocks.disassociate_vpc_cidr_block,
    "EnableAddressTransfer": address_transfers.enable_address_transfer,
    "GetCallerIdentity": account.get_caller_identity,
    "GetConsoleOutput": console.get_console_output,
    "GetInstanceMetadataDefaults": metadata_options.get_instance_metadata_defaults,
    "GetManagedPrefixListAssociations": prefix_lists.get_managed_prefix_list_associations,
    "GetManagedPrefixListEntries": prefix_lists.get_managed_prefix_list_entries,
    "GetSecurityGroupsForVpc": group_reach.get_security_groups_for_vpc,
    "GetSubnetCidrReservations": subnet_reservations.get_subnet_cidr_reservations,
    "ImportKeyPair": key_pairs.import_key_pair,
    "ModifyAddressAttribute": address_names.modify_address_attribute,
    "ModifyHosts": dedicated_hosts.modify_hosts,
    "ModifyInstanceAttribute": instance_attributes.modify_instance_attribute,
    "ModifyInstanceCreditSpecification": credit_specifications.modify_instance_credit_specification,
    "ModifyInstanceMetadataDefaults": metadata_options.modify_instance_metadata_defaults,
    "ModifyInstanceMetadataOptions": metadata_options.modify_instance_metadata_options,
    "ModifyInstanceNetworkPerformanceOptions": network_performance.modify_network_performance_options,
    "ModifyInstancePlacement": instance_placement.modify_instance_placement,
    "ModifyManagedPrefixList": prefix_lists.modify_managed_prefix_list,
    "ModifyNetworkInterfaceAttribute": interface_attributes.modify_network_interface_attribute,
    "ModifyPrivateDnsNameOptions": hostnames.modify_private_dns_name_options,
    "ModifySecurityGroupRules": security_group_rules.modify_security_group_rules,
    "ModifySubnetAttribute": subnets.modify_subnet_attribute,
    "ModifyVpcAttribute": vpcs.modify_vpc_attribute,
    "ModifyVpcEndpoint": vpc_endpoints.modify_vpc_endpoint,
    "ModifyVpcPeeringConnectionOptions": peerings.modify_vpc_peering_connection_options,
    "ModifyVpcTenancy": vpcs.modify_vpc_tenancy,
    "MonitorInstances": instance_attributes.monitoring(enabled=True),
    "RebootInstances": lifecycle.reboot_instances,
    "RejectVpcPeeringConnection": peerings.reject_vpc_peering_connection,
    "ReleaseAddress": addresses.release_address,
    "ReleaseHosts": dedicated_hosts.release_hosts,
    "ReplaceIamInstanceProfileAssociation": instance_profiles.replace_iam_instance_profile_association,
    "ReplaceNetworkAclAssociation": network_acls.replace_network_acl_association,
    "ReplaceNetworkAclEntry": network_acl_entries.replace_network_acl_entry,
    "ReplaceRoute": routes.replace_route,
    "ReplaceRouteTableAssociation": route_tables.replace_route_table_association,
    "ResetAddressAttribute": address_names.reset_address_attribute,
    "ResetInstanceAttribute": instance_attributes.reset_instance_attribute,
    "ResetNetworkInterfaceAttribute": interface_attributes.reset_network_interface_attribute,
    "RestoreManagedPrefixListVersion": prefix_lists.restore_managed_prefix_list_version,
    "RevokeSecurityGroupEgress": security_group_rules.revoke_egress,
    "RevokeSecurityGroupIngress": security_group_rules.revoke_ingress,
    "RunInstances": launch.run_instances,
    "StartInstances": lifecycle.start_instances,
    "StopInstances": lifecycle.stop_instances,
    "TerminateInstances": lifecycle.terminate_instances,
    "UnassignIpv6Addresses": ipv6_addresses.unassign_ipv6_addresses,
    "UnassignPrivateIpAddresses": private_addresses.unassign_private_ip_addresses,
    "UnmonitorInstances": instance_attributes.monitoring(enabled=False),
    "UpdateSecurityGroupRuleDescriptionsEgress": security_group_rules.update_descriptions(egress=True),
    "UpdateSecurityGroupRuleDescriptionsIngress": security_group_rules.update_descriptions(egress=False),
}


def operation(action: str, outline: Callable[[str], Outline | None]) -> Operation | None:
    """The function of an action: of the table, or the reading of what is absent; None if it is refused."""
    built = OPERATIONS.get(action)
    return built or absent.operation(action, outline)


def take(tx: Transaction, fact: AnyFact) -> None:
    """Take a fact into the state."""
    match fact:
        case InstanceRunning(id, boot):
            facts.instance_running(tx, id, boot)
        case InstanceGone(id, asked):
            facts.instance_gone(tx, id, asked)
        case InstanceLost(id):
            facts.instance_lost(tx, id)
        case InterfaceAttached(id, attachment):
            facts.interface_attached(tx, id, attachment)
        case InterfaceDetached(id, attachment):
            facts.interface_detached(tx, id, attachment)
        case UnitFailed(unit, kind):
            failures.fail(tx, unit, kind)
        case UnitRepaired(unit):
            failures.repair(tx, unit)
        case Sweep():
            facts.sweep(tx)
        case _:
            assert_never(fact)
