"""The filters of DescribeInstances: for each the path of what it looks at, in an instance's view."""

from elastinet.ec2.core.paths import paths

_DOCUMENTED = """
    affinity architecture availability-zone availability-zone-id block-device-mapping.attach-time
    block-device-mapping.delete-on-termination block-device-mapping.status
    block-device-mapping.volume-id boot-mode capacity-reservation-id
    capacity-reservation-specification.capacity-reservation-preference
    capacity-reservation-specification.capacity-reservation-target.capacity-reservation-id
    capacity-reservation-specification.capacity-reservation-target.capacity-reservation-resource-group-arn
    client-token current-instance-boot-mode ebs-optimized ena-support enclave-options.enabled
    hibernation-options.configured host-id hypervisor iam-instance-profile.arn iam-instance-profile.id
    image-id instance-id instance-lifecycle instance-type ipv6-address kernel-id key-name launch-time
    maintenance-options.auto-recovery metadata-options.http-endpoint metadata-options.http-protocol-ipv4
    metadata-options.http-protocol-ipv6 metadata-options.http-put-response-hop-limit
    metadata-options.http-tokens metadata-options.instance-metadata-tags metadata-options.state
    network-performance-options.bandwidth-weighting operator.managed operator.principal outpost-arn
    platform platform-details private-dns-name private-ip-address ramdisk-id root-device-name
    private-dns-name-options.enable-resource-name-dns-a-record private-dns-name-options.hostname-type
    private-dns-name-options.enable-resource-name-dns-aaaa-record root-device-type source-dest-check
    spot-instance-request-id subnet-id tpm-support usage-operation usage-operation-update-time
    virtualization-type vpc-id
"""
_OF_INTERFACES = """
    addresses.association.allocation-id addresses.association.association-id
    addresses.association.carrier-ip addresses.association.customer-owned-ip
    addresses.association.ip-owner-id addresses.association.public-dns-name
    addresses.association.public-ip addresses.primary addresses.private-dns-name
    addresses.private-ip-address association.allocation-id association.association-id
    association.carrier-ip association.customer-owned-ip association.ip-owner-id
    association.public-dns-name association.public-ip attachment.attach-time attachment.attachment-id
    attachment.delete-on-termination attachment.device-index attachment.instance-id
    attachment.instance-owner-id attachment.network-card-index attachment.status availability-zone
    deny-all-igw-traffic description group-id group-name ipv4-prefixes.ipv4-prefix ipv6-address
    ipv6-addresses.ipv6-address ipv6-addresses.is-primary-ipv6 ipv6-native ipv6-prefixes.ipv6-prefix
    mac-address network-interface-id operator.managed operator.principal outpost-arn owner-id
    private-dns-name private-ip-address public-dns-name requester-id requester-managed status
    source-dest-check subnet-id tag-key tag-value vpc-id
"""
_STEPS = {
    "addresses": "PrivateIpAddresses",
    "block-device-mapping": "BlockDeviceMappings.Ebs",
    "group-id": "Groups.GroupId",
    "group-name": "Groups.GroupName",
    "tag-key": "TagSet.Key",
    "tag-value": "TagSet.Value",
    "enable-resource-name-dns-a-record": "EnableResourceNameDnsARecord",
    "enable-resource-name-dns-aaaa-record": "EnableResourceNameDnsAAAARecord",
}
_SPECIAL = {
    "availability-zone": "Placement.AvailabilityZone",
    "availability-zone-id": "Placement.AvailabilityZoneId",
    "affinity": "Placement.Affinity",
    "host-id": "Placement.HostId",
    "tenancy": "Placement.Tenancy",
    "placement-group-name": "Placement.GroupName",
    "placement-partition-number": "Placement.PartitionNumber",
    "block-device-mapping.device-name": "BlockDeviceMappings.DeviceName",
    "dns-name": "PublicDnsName",
    "instance.group-id": "SecurityGroups.GroupId",
    "instance.group-name": "SecurityGroups.GroupName",
    "group-id": "SecurityGroups.GroupId",
    "group-name": "SecurityGroups.GroupName",
    "instance-state-code": "State.Code",
    "instance-state-name": "State.Name",
    "ip-address": "PublicIpAddress",
    "launch-index": "AmiLaunchIndex",
    "monitoring-state": "Monitoring.State",
    "owner-id": "Reservation.OwnerId",
    "product-code": "ProductCodes.ProductCodeId",
    "product-code.type": "ProductCodes.ProductCodeType",
    "reason": "StateTransitionReason",
    "requester-id": "Reservation.RequesterId",
    "reservation-id": "Reservation.ReservationId",
    "state-reason-code": "StateReason.Code",
    "state-reason-message": "StateReason.Message",
}
FILTERS = (
    paths(_DOCUMENTED, _STEPS)
    | {
        f"network-interface.{name}": f"Interfaces.{path}"
        for name, path in paths(_OF_INTERFACES, _STEPS).items()
    }
    | _SPECIAL
)
