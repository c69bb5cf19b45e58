"""An instance in the shape of the API."""

from typing import Any

from elastinet.catalog import regions
from elastinet.catalog.images import Image
from elastinet.catalog.instance_hardware import hardware
from elastinet.catalog.instance_types import instance_types
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import UNMANAGED, shared, tag_set, tags_if_any
from elastinet.ec2.instances.images import boot_modes, platform
from elastinet.ec2.instances.recorded_options import recorded
from elastinet.ec2.interfaces import network_interfaces
from elastinet.ec2.security.instance_profiles import profile_view
from elastinet.ec2.volumes.volume_views import attached_to, mappings, root_device_of
from elastinet.model.instance import CODES, Instance, InstanceState, MetadataOptions
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.placement import PlacementGroup
from elastinet.model.view import StateView
from elastinet.model.volume import Volume, VolumeAttachment
from elastinet.model.vpc import Vpc
from elastinet.rules import naming, weighting
from elastinet.rules.images import find_image
from elastinet.rules.interfaces import interfaces_of

NO_ENCLAVE = StateView(Enabled=False)


def view(tx: Transaction, instance: Instance) -> StateView:
    """An instance, with its interfaces, in the shape of the API."""
    version = tx.state.version
    return tx.views.current(instance, version) or tx.views.seen(instance, version, _looked_at(tx, instance))


def _looked_at(tx: Transaction, instance: Instance) -> StateView:
    """The view of an instance, made anew if one of its parts has changed."""
    interfaces = interfaces_of(tx.state, instance.id)
    elastic = [a for i in interfaces for a in tx.state.where(Address, "network-interface-id", i.id)]
    attached = attached_to(tx, instance)
    parts = (tx.state.get(Vpc, instance.vpc_id), *interfaces, *elastic, *(volume for volume, _ in attached))
    return tx.views.of(instance, parts, lambda: tags_if_any(_view(tx, instance, interfaces, attached)))


def _view(
    tx: Transaction,
    instance: Instance,
    interfaces: list[NetworkInterface],
    attached: list[tuple[Volume, VolumeAttachment]],
) -> dict[str, Any]:
    return {
        **_identity(tx, instance),
        **_machine(tx, instance),
        "BlockDeviceMappings": mappings(attached),
        **_options(instance),
        **_performance(tx, instance),
        **_network(tx, instance, [network_interfaces.view(tx, i) for i in interfaces]),
    }


@shared
def state_view(state: InstanceState) -> dict[str, Any]:
    """A state's code and name."""
    return {"Code": CODES[state], "Name": state}


def _identity(tx: Transaction, instance: Instance) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "InstanceId": instance.id,
        "ImageId": instance.image_id,
        "InstanceType": instance.instance_type,
        "State": state_view(instance.state),
        "StateTransitionReason": instance.transition_reason,
        "AmiLaunchIndex": instance.launch_index,
        "ClientToken": instance.client_token,
        "LaunchTime": moment(instance.launch_time),
        "UsageOperationUpdateTime": moment(instance.create_time or instance.launch_time),
        "Monitoring": _monitoring(instance.monitoring),
        "ProductCodes": [],
        "Operator": UNMANAGED,
        "Placement": _placement(tx, instance),
        "Tags": tag_set(instance),
    }
    if instance.key_name:
        shown["KeyName"] = instance.key_name
    if instance.state_reason:
        shown["StateReason"] = _reason(*instance.state_reason)
    if instance.profile_arn:
        shown["IamInstanceProfile"] = profile_view(instance.profile_arn)
    return shown


@shared
def _monitoring(enabled: bool) -> dict[str, Any]:
    return {"State": "enabled" if enabled else "disabled"}


@shared
def _reason(code: str, message: str) -> dict[str, Any]:
    return {"Code": code, "Message": message}


def _placement(tx: Transaction, instance: Instance) -> dict[str, Any]:
    group = tx.state.get(PlacementGroup, instance.placement_group or "")
    name = (group.id, group.group_name) if group else None
    host = (instance.dedicated_host, instance.affinity) if instance.dedicated_host else None
    return _place(instance.region, instance.zone, instance.tenancy, name, instance.partition, host)


@shared
def _place(
    region: str,
    zone: str,
    tenancy: str,
    group: tuple[str, str] | None,
    partition: int | None,
    host: tuple[str, str] | None,
) -> dict[str, Any]:
    known = regions.zone(region, zone)
    shown: dict[str, Any] = {
        "AvailabilityZone": zone,
        "AvailabilityZoneId": known.id if known else "",
        "GroupName": group[1] if group else "",
        "Tenancy": tenancy,
    }
    if group is not None:
        shown["GroupId"] = group[0]
    if partition:
        shown["PartitionNumber"] = partition
    if host is not None:
        shown |= {"HostId": host[0], "Affinity": host[1]}
    return shown


def _machine(tx: Transaction, instance: Instance) -> dict[str, Any]:
    image = find_image(tx.state, instance.scope, tx.settings.images, instance.image_id)
    return {
        **_built(instance.instance_type, image, instance.platform),
        "EnaSupport": instance.ena_support,
        **({"SriovNetSupport": instance.sriov_net_support} if instance.sriov_net_support else {}),
        "EbsOptimized": instance.ebs_optimized,
        "CpuOptions": _cpu_options(instance),
    }


@shared
def _built(instance_type: str, image: Image | None, system: str | None) -> dict[str, Any]:
    """The members that follow from a type, an image and the operating system."""
    return {
        "Architecture": image.architecture if image else instance_types()[instance_type].architectures[-1],
        "RootDeviceName": root_device_of(image),
        "RootDeviceType": "ebs",
        "VirtualizationType": "hvm",
        "Hypervisor": "xen",
        **boot_modes(image, instance_type),
        **platform(system),
        **({"Platform": system} if system else {}),
    }


def _cpu_options(instance: Instance) -> dict[str, Any]:
    made_of = hardware(instance.instance_type)
    cores, threads = instance.cpu_options or (made_of.cores, made_of.threads)
    return _with_cores(cores, threads, tuple(recorded(instance, "CpuOptions").items()))


@shared
def _with_cores(cores: int, threads: int, others: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    return {"CoreCount": cores, "ThreadsPerCore": threads} | dict(others)


def _options(instance: Instance) -> dict[str, Any]:
    return {
        "HibernationOptions": _hibernation(instance.hibernation),
        "EnclaveOptions": NO_ENCLAVE,
        "MaintenanceOptions": _maintenance(tuple(recorded(instance, "MaintenanceOptions").items())),
        "MetadataOptions": metadata_options(instance),
        "PrivateDnsNameOptions": _names(
            instance.hostname_type, instance.resource_name_a_record, instance.resource_name_aaaa_record
        ),
        "CapacityReservationSpecification": recorded(instance, "CapacityReservationSpecification"),
    }


@shared
def _hibernation(configured: bool) -> dict[str, Any]:
    return {"Configured": configured}


@shared
def _maintenance(own: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    return dict(own) | {"RebootMigration": "default"}


@shared
def _names(kind: str, a_record: bool, aaaa_record: bool) -> dict[str, Any]:
    return {
        "HostnameType": kind,
        "EnableResourceNameDnsARecord": a_record,
        "EnableResourceNameDnsAAAARecord": aaaa_record,
    }


def _performance(tx: Transaction, instance: Instance) -> dict[str, Any]:
    """Its bandwidth weighting, in an edition that knows of any."""
    if not weighting.is_known(tx.settings.rules):
        return {}
    return {"NetworkPerformanceOptions": {"BandwidthWeighting": instance.bandwidth_weighting}}


def metadata_options(instance: Instance) -> dict[str, Any]:
    """The options of the metadata service for an instance, in the shape of the API."""
    return _metadata_options(instance.metadata, instance.state == "pending")


@shared
def _metadata_options(options: MetadataOptions, pending: bool) -> dict[str, Any]:
    return {
        "State": "pending" if pending else "applied",
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
        "PrivateDnsName": _private_name(instance, primary),
        "SecurityGroups": primary["Groups"],
        "SourceDestCheck": primary["SourceDestCheck"],
        "PublicDnsName": primary.get("PublicDnsName", ""),
    }
    shown |= {name: primary[name] for name in ("PrivateIpAddress", "Ipv6Address") if name in primary}
    return shown | ({"PublicIpAddress": public["PublicIp"]} if public else {})


def _private_name(instance: Instance, primary: StateView) -> str:
    if instance.hostname_type == "resource-name" or "PrivateDnsName" not in primary:
        return f"{instance.id}.{naming.private_domain(instance.region)}"
    return str(primary["PrivateDnsName"])


_KEPT = (
    "Attachment", "Description", "Groups", "Ipv6Addresses", "MacAddress", "NetworkInterfaceId", "OwnerId",
    "PrivateDnsName", "PrivateIpAddress", "SourceDestCheck", "Status", "SubnetId", "VpcId",
    "InterfaceType", "Operator", "Ipv4Prefixes", "Ipv6Prefixes", "ConnectionTrackingConfiguration",
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
