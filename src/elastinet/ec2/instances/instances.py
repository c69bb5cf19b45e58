"""Instances as the API shows them."""

from typing import Any

from elastinet.catalog import regions
from elastinet.catalog.images import images
from elastinet.catalog.instance_types import instance_types
from elastinet.ec2.core import filters
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set
from elastinet.ec2.instances.images import platform
from elastinet.ec2.instances.volumes import mappings
from elastinet.ec2.interfaces import network_interfaces
from elastinet.ec2.security.instance_profiles import shown_profile
from elastinet.model.instance import CODES, Instance, InstanceState
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.placement import PlacementGroup
from elastinet.model.view import StateView
from elastinet.model.volume import Volume
from elastinet.model.vpc import Vpc
from elastinet.rules import naming, weighting
from elastinet.rules.interfaces import interfaces_of


def view(tx: Transaction, instance: Instance) -> StateView:
    """An instance, with its interfaces, in the shape of the API."""
    interfaces = interfaces_of(tx.state, instance.id)
    elastic = [a for i in interfaces for a in tx.state.where(Address, "network-interface-id", i.id)]
    vpc = tx.state.get(Vpc, instance.vpc_id)
    parts = (vpc, *interfaces, *elastic, *volumes_of(tx, instance))
    return tx.views.of(instance, parts, lambda: _view(tx, instance, interfaces))


def _view(tx: Transaction, instance: Instance, interfaces: list[NetworkInterface]) -> dict[str, Any]:
    return (
        _identity(tx, instance)
        | _machine(tx, instance)
        | _options(instance)
        | _performance(tx, instance)
        | _network(tx, instance, [network_interfaces.view(tx, i) for i in interfaces])
    )


def volumes_of(tx: Transaction, instance: Instance) -> list[Volume]:
    """An instance's volumes, the root one first."""
    return list(tx.state.where(Volume, "attachment.instance-id", instance.id))


def shown_state(state: InstanceState) -> dict[str, Any]:
    """A state's code and name."""
    return {"Code": CODES[state], "Name": state}


def _identity(tx: Transaction, instance: Instance) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "InstanceId": instance.id,
        "ImageId": instance.image_id,
        "InstanceType": instance.instance_type,
        "State": shown_state(instance.state),
        "StateTransitionReason": instance.transition_reason,
        "AmiLaunchIndex": instance.launch_index,
        "ClientToken": instance.client_token,
        "LaunchTime": moment(instance.launch_time),
        "Monitoring": {"State": "enabled" if instance.monitoring else "disabled"},
        "Placement": _placement(tx, instance),
        "Tags": tag_set(instance),
    }
    if instance.key_name:
        shown["KeyName"] = instance.key_name
    if instance.state_reason:
        shown["StateReason"] = dict(zip(("Code", "Message"), instance.state_reason, strict=True))
    if instance.profile_arn:
        shown["IamInstanceProfile"] = shown_profile(instance.profile_arn)
    return shown


def _placement(tx: Transaction, instance: Instance) -> dict[str, Any]:
    zone = regions.zone(instance.region, instance.zone)
    group = tx.state.get(PlacementGroup, instance.placement_group or "")
    shown: dict[str, Any] = {
        "AvailabilityZone": instance.zone,
        "AvailabilityZoneId": zone.id if zone else "",
        "GroupName": group.group_name if group else "",
        "Tenancy": instance.tenancy,
    }
    if group is not None:
        shown["GroupId"] = group.id
    if instance.partition:
        shown["PartitionNumber"] = instance.partition
    if instance.dedicated_host:
        shown |= {"HostId": instance.dedicated_host, "Affinity": instance.affinity}
    return shown


def _machine(tx: Transaction, instance: Instance) -> dict[str, Any]:
    image = images(instance.region, tx.settings.images).get(instance.image_id)
    kind = instance_types()[instance.instance_type]
    cores, threads = instance.cpu_options or (kind.vcpus, 1)
    device = image.root_device if image else "/dev/xvda"
    return {
        "Architecture": image.architecture if image else kind.architectures[-1],
        "BlockDeviceMappings": mappings(volumes_of(tx, instance)),
        "RootDeviceName": device,
        "RootDeviceType": "ebs",
        "VirtualizationType": "hvm",
        "Hypervisor": "xen",
        "EnaSupport": instance.ena_support,
        **({"SriovNetSupport": instance.sriov_net_support} if instance.sriov_net_support else {}),
        "EbsOptimized": instance.ebs_optimized,
        "CpuOptions": {"CoreCount": cores, "ThreadsPerCore": threads},
        **platform(instance.platform),
        **({"Platform": instance.platform} if instance.platform else {}),
    }


def _options(instance: Instance) -> dict[str, Any]:
    return {
        "HibernationOptions": {"Configured": instance.hibernation},
        "EnclaveOptions": {"Enabled": False},
        "MaintenanceOptions": {"AutoRecovery": "default"},
        "MetadataOptions": metadata_options(instance),
        "PrivateDnsNameOptions": {
            "HostnameType": instance.hostname_type,
            "EnableResourceNameDnsARecord": instance.resource_name_a_record,
            "EnableResourceNameDnsAAAARecord": instance.resource_name_aaaa_record,
        },
        "CapacityReservationSpecification": {"CapacityReservationPreference": "open"},
    }


def _performance(tx: Transaction, instance: Instance) -> dict[str, Any]:
    """Its bandwidth weighting, in an edition that knows of any."""
    if not weighting.is_known(tx.settings.rules):
        return {}
    return {"NetworkPerformanceOptions": {"BandwidthWeighting": instance.bandwidth_weighting}}


def metadata_options(instance: Instance) -> dict[str, Any]:
    """The options of the metadata service for an instance, in the shape of the API."""
    options = instance.metadata
    return {
        "State": "pending" if instance.state == "pending" else "applied",
        "HttpTokens": options.http_tokens,
        "HttpPutResponseHopLimit": options.hop_limit,
        "HttpEndpoint": options.http_endpoint,
        "HttpProtocolIpv6": options.http_protocol_ipv6,
        "InstanceMetadataTags": options.instance_tags,
    }


def _network(tx: Transaction, instance: Instance, interfaces: list[StateView]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "NetworkInterfaces": [_interface(one) for one in interfaces],
        "PrivateDnsName": "",
        "PublicDnsName": "",
        "SecurityGroups": [],
    }
    if instance.state == "terminated" or not interfaces:
        return shown
    primary = interfaces[0]
    public = primary.get("Association")
    shown |= {
        "VpcId": instance.vpc_id,
        "SubnetId": instance.subnet_id,
        "PrivateIpAddress": primary["PrivateIpAddress"],
        "PrivateDnsName": _private_name(instance, primary),
        "SecurityGroups": primary["Groups"],
        "SourceDestCheck": primary["SourceDestCheck"],
        "PublicDnsName": primary.get("PublicDnsName", ""),
    }
    if "Ipv6Address" in primary:
        shown["Ipv6Address"] = primary["Ipv6Address"]
    return shown | ({"PublicIpAddress": public["PublicIp"]} if public else {})


def _private_name(instance: Instance, primary: StateView) -> str:
    if instance.hostname_type == "resource-name":
        return f"{instance.id}.{naming.private_domain(instance.region)}"
    return str(primary["PrivateDnsName"])


_KEPT = (
    "Attachment", "Description", "Groups", "Ipv6Addresses", "MacAddress", "NetworkInterfaceId", "OwnerId",
    "PrivateDnsName", "PrivateIpAddress", "SourceDestCheck", "Status", "SubnetId", "VpcId",
    "InterfaceType", "Operator", "Ipv4Prefixes", "Ipv6Prefixes",
)  # fmt: skip


def _interface(view: StateView) -> dict[str, Any]:
    """An interface as an instance shows it: with fewer words about what leads to it."""
    shown = {name: view[name] for name in _KEPT if name in view}
    attachment = shown["Attachment"]
    shown["Attachment"] = {name: attachment[name] for name in attachment if not name.startswith("Instance")}
    shown["PrivateIpAddresses"] = [_address(one) for one in view["PrivateIpAddresses"]]
    if "Association" in view:
        shown["Association"] = _association(view["Association"])
    return shown


def _address(one: dict[str, Any]) -> dict[str, Any]:
    return one | ({"Association": _association(one["Association"])} if "Association" in one else {})


def _association(public: dict[str, Any]) -> dict[str, Any]:
    return {"PublicDnsName": public.get("PublicDnsName", "")} | {
        name: public[name] for name in ("PublicIp", "IpOwnerId")
    }


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
INSTANCES = Describable(
    Instance,
    "i",
    "Instances",
    "InstanceIds",
    view,
    FILTERS,
    {
        name: name
        for name in (
            "vpc-id", "subnet-id", "reservation-id", "instance-state-name", "image-id",
            "private-ip-address", "client-token",
        )
    },
    pages_with_ids=False,
)  # fmt: skip


def describe_instances(tx: Transaction, request: Request) -> Answer:
    """Instances by id or filter, in the reservations that they were launched in."""
    request.accept("IncludeManagedResources")  # none is hidden, so asking for all changes nothing
    found = describe(tx, request, INSTANCES, seen=_seen)
    views = found.pop("Instances")
    return {"Reservations": _reservations(tx, views)} | found


def _seen(tx: Transaction, instance: Instance, view: StateView) -> dict[str, Any]:
    """The view that filters look at: more than an instance itself shows."""
    interfaces = [network_interfaces.view(tx, i) for i in interfaces_of(tx.state, instance.id)]
    reservation = {"OwnerId": instance.owner, "ReservationId": instance.reservation_id}
    return {**view, "Interfaces": interfaces, "Reservation": reservation}


def _reservations(tx: Transaction, views: list[StateView]) -> list[dict[str, Any]]:
    found: dict[str, list[StateView]] = {}
    for one in views:
        found.setdefault(tx.need(Instance, one["InstanceId"]).reservation_id, []).append(one)
    return [reservation(tx, id, members) for id, members in found.items()]


def reservation(tx: Transaction, id: str, views: list[StateView]) -> dict[str, Any]:
    """Instances that were launched together."""
    return {"ReservationId": id, "OwnerId": tx.owner, "Groups": [], "Instances": views}


STATUS_FILTERS = paths(
    """
    availability-zone availability-zone-id event.code event.description event.instance-event-id
    event.not-after event.not-before event.not-before-deadline instance-status.status
    operator.managed operator.principal system-status.status attached-ebs-status.status
    application-status.status
    """,
    {"event": "Events"},
    instance_state_code="InstanceState.Code",
    instance_state_name="InstanceState.Name",
    instance_status__reachability="InstanceStatus.Details.Status",
    system_status__reachability="SystemStatus.Details.Status",
)


def status_view(tx: Transaction, instance: Instance) -> StateView:
    """An instance's state and health: it passes its checks while its host and the fabric hold it up."""
    zone = regions.zone(instance.region, instance.zone)
    health = "ok" if instance.state == "running" else "not-applicable"
    if instance.state == "pending":
        health = "initializing"
    shown: dict[str, Any] = {"Status": health}
    if health != "not-applicable":
        passed = "passed" if health == "ok" else "initializing"
        shown["Details"] = [{"Name": "reachability", "Status": passed}]
    if instance.host_failure and instance.alive:
        since = moment(instance.host_failure_since or 0)
        shown = {
            "Status": "impaired",
            "Details": [{"Name": "reachability", "Status": "failed", "ImpairedSince": since}],
        }
    return StateView(
        InstanceId=instance.id,
        AvailabilityZone=instance.zone,
        AvailabilityZoneId=zone.id if zone else "",
        InstanceState=shown_state(instance.state),
        InstanceStatus=shown,
        SystemStatus=shown,
        Operator={"Managed": False},
    )


STATUSES = Describable(
    Instance,
    "i",
    "InstanceStatuses",
    "InstanceIds",
    status_view,
    STATUS_FILTERS,
    {"instance-state-name": "instance-state-name"},
    pages_with_ids=False,
)


def describe_instance_status(tx: Transaction, request: Request) -> Answer:
    """The state and health of running instances, or of all of them."""
    request.accept("IncludeManagedResources")
    only_running = not request.get("IncludeAllInstances")
    kept = [filters.Filter("instance-state-name", ["running"])] if only_running else []
    return describe(tx, request, STATUSES, also=kept)
