"""An instance in the shape of the API."""

from typing import Any

from elastinet.catalog import regions
from elastinet.catalog.images import images
from elastinet.catalog.instance_hardware import hardware
from elastinet.catalog.instance_types import instance_types
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set, tags_if_any
from elastinet.ec2.instances.images import boot_modes, platform
from elastinet.ec2.instances.recorded_options import recorded
from elastinet.ec2.interfaces import network_interfaces
from elastinet.ec2.security.instance_profiles import profile_view
from elastinet.ec2.volumes.volume_views import attached_to, mappings, root_device
from elastinet.model.instance import CODES, Instance, InstanceState
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.placement import PlacementGroup
from elastinet.model.view import StateView
from elastinet.model.vpc import Vpc
from elastinet.rules import naming, weighting
from elastinet.rules.interfaces import interfaces_of


def view(tx: Transaction, instance: Instance) -> StateView:
    """An instance, with its interfaces, in the shape of the API."""
    interfaces = interfaces_of(tx.state, instance.id)
    elastic = [a for i in interfaces for a in tx.state.where(Address, "network-interface-id", i.id)]
    vpc = tx.state.get(Vpc, instance.vpc_id)
    parts = (vpc, *interfaces, *elastic, *(volume for volume, _ in attached_to(tx, instance)))
    return tx.views.of(instance, parts, lambda: tags_if_any(_view(tx, instance, interfaces)))


def _view(tx: Transaction, instance: Instance, interfaces: list[NetworkInterface]) -> dict[str, Any]:
    return (
        _identity(tx, instance)
        | _machine(tx, instance)
        | _options(instance)
        | _performance(tx, instance)
        | _network(tx, instance, [network_interfaces.view(tx, i) for i in interfaces])
    )


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
        "Monitoring": {"State": "enabled" if instance.monitoring else "disabled"},
        "ProductCodes": [],
        "Operator": {"Managed": False},
        "Placement": _placement(tx, instance),
        "Tags": tag_set(instance),
    }
    if instance.key_name:
        shown["KeyName"] = instance.key_name
    if instance.state_reason:
        shown["StateReason"] = dict(zip(("Code", "Message"), instance.state_reason, strict=True))
    if instance.profile_arn:
        shown["IamInstanceProfile"] = profile_view(instance.profile_arn)
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
    made_of = hardware(instance.instance_type)
    cores, threads = instance.cpu_options or (made_of.cores, made_of.threads)
    return {
        "Architecture": image.architecture if image else kind.architectures[-1],
        "BlockDeviceMappings": mappings(tx, instance),
        "RootDeviceName": root_device(tx, instance),
        "RootDeviceType": "ebs",
        "VirtualizationType": "hvm",
        "Hypervisor": "xen",
        "EnaSupport": instance.ena_support,
        **({"SriovNetSupport": instance.sriov_net_support} if instance.sriov_net_support else {}),
        "EbsOptimized": instance.ebs_optimized,
        "CpuOptions": {"CoreCount": cores, "ThreadsPerCore": threads} | recorded(instance, "CpuOptions"),
        **boot_modes(image, instance.instance_type),
        **platform(instance.platform),
        **({"Platform": instance.platform} if instance.platform else {}),
    }


def _options(instance: Instance) -> dict[str, Any]:
    return {
        "HibernationOptions": {"Configured": instance.hibernation},
        "EnclaveOptions": {"Enabled": False},
        "MaintenanceOptions": recorded(instance, "MaintenanceOptions") | {"RebootMigration": "default"},
        "MetadataOptions": metadata_options(instance),
        "PrivateDnsNameOptions": {
            "HostnameType": instance.hostname_type,
            "EnableResourceNameDnsARecord": instance.resource_name_a_record,
            "EnableResourceNameDnsAAAARecord": instance.resource_name_aaaa_record,
        },
        "CapacityReservationSpecification": recorded(instance, "CapacityReservationSpecification"),
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
