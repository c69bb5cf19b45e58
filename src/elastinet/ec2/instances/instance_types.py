"""Instance types, and where they are offered."""

from functools import cache
from typing import Any

import msgspec

from elastinet.catalog.instance_hardware import hardware
from elastinet.catalog.instance_types import InstanceType, instance_types, offered
from elastinet.catalog.regions import zones
from elastinet.ec2.core import filters
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import page
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.instances.hardware_views import hardware_view, processor_view, vcpu_view
from elastinet.ec2.interfaces import connection_tracking
from elastinet.model.fault import Fault
from elastinet.model.view import StateView
from elastinet.rules.tracking import of_type

_DEFAULT_PAGE = 100
"""EC2 gives the types a hundred at a time, also to who asks for no pages."""

_FILTERS = paths(
    """
    auto-recovery-supported bare-metal burstable-performance-supported current-generation
    dedicated-hosts-supported ebs-info.attachment-limit-type ebs-info.maximum-ebs-attachments
    ebs-info.ebs-optimized-info.baseline-bandwidth-in-mbps ebs-info.ebs-optimized-info.baseline-iops
    ebs-info.ebs-optimized-info.maximum-bandwidth-in-mbps ebs-info.ebs-optimized-info.maximum-iops
    ebs-info.ebs-optimized-support ebs-info.encryption-support ebs-info.nvme-support free-tier-eligible
    hibernation-supported hypervisor instance-storage-info.disk.count instance-storage-info.disk.type
    instance-storage-info.encryption-support instance-storage-info.nvme-support instance-storage-supported
    instance-type network-info.bandwidth-weightings network-info.efa-info.maximum-efa-interfaces
    network-info.efa-supported network-info.ena-support network-info.flexible-ena-queues-support
    network-info.encryption-in-transit-supported network-info.ipv4-addresses-per-interface
    network-info.ipv6-addresses-per-interface network-info.ipv6-supported
    network-info.maximum-network-cards network-info.maximum-network-interfaces
    network-info.network-performance nitro-enclaves-support nitro-tpm-info.supported-versions
    nitro-tpm-support processor-info.supported-features processor-info.sustained-clock-speed-in-ghz
    reboot-migration-support vcpu-info.default-cores vcpu-info.default-threads-per-core
    vcpu-info.valid-cores vcpu-info.valid-threads-per-core
    """,
    {"disk": "Disks", "vcpu-info": "VCpuInfo"},
    ebs_info__ebs_optimized_info__baseline_throughput_in_mbps="EbsInfo.EbsOptimizedInfo.BaselineThroughputInMBps",
    ebs_info__ebs_optimized_info__maximum_throughput_in_mbps="EbsInfo.EbsOptimizedInfo.MaximumThroughputInMBps",
    instance_storage_info__disk__size_in_gb="InstanceStorageInfo.Disks.SizeInGB",
    instance_storage_info__total_size_in_gb="InstanceStorageInfo.TotalSizeInGB",
    memory_info__size_in_mib="MemoryInfo.SizeInMiB",
    processor_info__supported_architecture="ProcessorInfo.SupportedArchitectures",
    supported_boot_mode="SupportedBootModes",
    supported_root_device_type="SupportedRootDeviceTypes",
    supported_usage_class="SupportedUsageClasses",
    supported_virtualization_type="SupportedVirtualizationTypes",
    vcpu_info__default_vcpus="VCpuInfo.DefaultVCpus",
)

_PARAVIRTUAL = frozenset(("c1", "c3", "m1", "m2", "m3", "t1"))
"""The families that also run paravirtual images ("Linux AMI virtualization types" in EC2's guide)."""


def describe_instance_types(tx: Transaction, request: Request) -> Answer:
    """Instance types by name or filter; those of the region, or all."""
    here = offered(tx.region)
    shown = instance_types().keys() if request.get("IncludeUnsupportedInRegion") else here.keys()
    wanted = request.ids("InstanceTypes")
    if lost := [name for name in wanted if name not in shown]:
        sentence = f"The following supplied instance types do not exist: [{', '.join(lost)}]"
        raise Fault("InvalidInstanceType", sentence)
    asked = filters.read(request, _FILTERS, tagged=False)
    views = ((name, view(name, name in here)) for name in dict.fromkeys(wanted or shown))
    found = [(name, seen) for name, seen in views if filters.passes(seen, asked, _FILTERS)]
    return page(found, request.get("MaxResults") or _DEFAULT_PAGE, request.get("NextToken"), "InstanceTypes")


@cache
def view(name: str, in_region: bool) -> StateView:
    """An instance type in the shape of the API."""
    kind, made_of = instance_types()[name], hardware(name)
    return StateView(
        InstanceType=name,
        CurrentGeneration=kind.flag("current_generation"),
        SupportedUsageClasses=[*kind.words("usage_classes")],
        SupportedVirtualizationTypes=_virtualization(name),
        BareMetal=kind.flag("bare_metal"),
        **({"Hypervisor": kind.row["hypervisor"]} if kind.row["hypervisor"] else {}),
        ProcessorInfo={"SupportedArchitectures": [*kind.architectures]} | processor_view(made_of),
        VCpuInfo={"DefaultVCpus": kind.vcpus} | vcpu_view(made_of),
        MemoryInfo={"SizeInMiB": kind.memory_mib},
        NetworkInfo=_network(kind),
        PlacementGroupInfo={"SupportedStrategies": [*kind.words("placement_strategies")]},
        BurstablePerformanceSupported=kind.flag("burstable"),
        DedicatedHostsSupported=kind.flag("dedicated_hosts"),
        SupportedInRegion=in_region,
        **hardware_view(made_of),
    )


def _virtualization(name: str) -> list[str]:
    family, _, _ = name.partition(".")
    return ["hvm", "paravirtual"] if family in _PARAVIRTUAL else ["hvm"]


def _network(kind: InstanceType) -> dict[str, Any]:
    info: dict[str, Any] = {
        "NetworkPerformance": kind.row["network_performance"],
        "MaximumNetworkInterfaces": kind.max_interfaces,
        "MaximumNetworkCards": int(kind.row["max_network_cards"]),
        "DefaultNetworkCardIndex": int(kind.row["default_network_card"]),
        "NetworkCards": _cards(kind.row["per_card_json"]),
        "Ipv4AddressesPerInterface": kind.ipv4_per_interface,
        "Ipv6AddressesPerInterface": kind.ipv6_per_interface,
        "Ipv6Supported": kind.flag("ipv6_supported"),
    }
    return info | _adapter(kind)


def _adapter(kind: InstanceType) -> dict[str, Any]:
    info: dict[str, Any] = {
        "EnaSupport": kind.row["ena_support"],
        "EnaSrdSupported": kind.flag("ena_srd"),
        "EfaSupported": kind.flag("efa_supported"),
        "EncryptionInTransitSupported": kind.flag("encryption_in_transit"),
        "FlexibleEnaQueuesSupport": kind.row["flexible_ena_queues"],
        "SecondaryNetworkSupported": kind.flag("secondary_network"),
        "ConnectionTrackingConfiguration": _tracking(kind),
    }
    if kind.row["max_efa"]:
        info["EfaInfo"] = {"MaximumEfaInterfaces": int(kind.row["max_efa"])}
    if weightings := kind.words("bandwidth_weightings"):
        info["BandwidthWeightings"] = [*weightings]
    return info


def _tracking(kind: InstanceType) -> dict[str, Any]:
    return {f"Default{name}": seconds for name, seconds in connection_tracking.view(of_type(kind)).items()}


_CARD = {
    "i": "NetworkCardIndex",
    "perf": "NetworkPerformance",
    "max_enis": "MaximumNetworkInterfaces",
    "sec": "AdditionalFlexibleNetworkInterfaces",
    "base": "BaselineBandwidthInGbps",
    "peak": "PeakBandwidthInGbps",
    "q_def": "DefaultEnaQueueCountPerInterface",
    "q_max": "MaximumEnaQueueCount",
    "q_max_if": "MaximumEnaQueueCountPerInterface",
    "types": "InterfaceTypes",
}


def _cards(text: str) -> list[dict[str, Any]]:
    cards: list[dict[str, Any]] = msgspec.json.decode(text)
    return [{_CARD[column]: value for column, value in card.items()} for card in cards]


_OFFERING_FILTERS = paths("instance-type location")


def describe_instance_type_offerings(tx: Transaction, request: Request) -> Answer:
    """The types that the region, or each of its zones, offers."""
    asked = filters.read(request, _OFFERING_FILTERS, tagged=False)
    kind = request.get("LocationType", "region")
    views = ((f"{o['InstanceType']} {o['Location']}", o) for o in _offerings(tx.region, kind))
    found = [(id, seen) for id, seen in views if filters.passes(seen, asked, _OFFERING_FILTERS)]
    return page(found, request.get("MaxResults"), request.get("NextToken"), "InstanceTypeOfferings")


@cache
def _offerings(region: str, kind: str) -> tuple[StateView, ...]:
    return tuple(
        StateView(InstanceType=name, LocationType=kind, Location=place)
        for name, names in offered(region).items()
        for place in _places(region, kind, names)
    )


def _places(region: str, kind: str, names: tuple[str, ...]) -> tuple[str, ...]:
    if kind == "region":
        return (region,)
    if kind == "availability-zone":
        return names
    if kind == "availability-zone-id":
        return tuple(zone.id for zone in zones(region) if zone.name in names)
    return ()  # an account has the Outposts that it ordered, and here nobody can order one
