"""The hardware of instance types in the shape of the API."""

from collections.abc import Iterable
from typing import Any

from elastinet.catalog.instance_hardware import Hardware

_RATES: tuple[tuple[str, type[int] | type[float]], ...] = (
    ("BandwidthInMbps", int),
    ("Iops", int),
    ("ThroughputInMBps", float),
)


def hardware_view(of: Hardware) -> dict[str, Any]:
    """The members about what a type is and supports, but for its processor and vCPUs."""
    view = {
        "FreeTierEligible": of.flag("free_tier"),
        "SupportedRootDeviceTypes": of.words("root_devices"),
        "SupportedBootModes": of.words("boot_modes"),
        "HibernationSupported": of.flag("hibernation"),
        "AutoRecoverySupported": of.flag("auto_recovery"),
        "NitroEnclavesSupport": of.row["enclaves"],
        "NitroTpmSupport": of.row["tpm"],
        "PhcSupport": of.row["phc"],
        "RebootMigrationSupport": of.row["reboot_migration"],
        "EbsInfo": _ebs(of),
        "InstanceStorageSupported": bool(of.row["disks"]),
        **of.accelerators,
    }
    if versions := of.words("tpm_versions"):
        view["NitroTpmInfo"] = {"SupportedVersions": versions}
    return view | ({"InstanceStorageInfo": _storage(of)} if of.row["disks"] else {})


def processor_view(of: Hardware) -> dict[str, Any]:
    """The members of ProcessorInfo beside the architectures."""
    view: dict[str, Any] = {"Manufacturer": of.row["maker"]}
    if of.row["ghz"]:
        view["SustainedClockSpeedInGhz"] = float(of.row["ghz"])
    if features := of.words("features"):
        view["SupportedFeatures"] = features
    return view


def vcpu_view(of: Hardware) -> dict[str, Any]:
    """The members of VCpuInfo beside the number of vCPUs."""
    view: dict[str, Any] = {"DefaultCores": of.cores, "DefaultThreadsPerCore": of.threads}
    if of.valid_cores:
        view |= {"ValidCores": of.valid_cores, "ValidThreadsPerCore": of.valid_threads}
    return view


def _ebs(of: Hardware) -> dict[str, Any]:
    view: dict[str, Any] = {
        "EbsOptimizedSupport": of.row["ebs_optimized"],
        "EncryptionSupport": of.row["ebs_encryption"],
        "NvmeSupport": of.row["ebs_nvme"],
        "MaximumEbsAttachments": int(of.row["ebs_attachments"]),
        "AttachmentLimitType": of.row["ebs_limit"],
    }
    if of.row["ebs_baseline"]:
        view["EbsOptimizedInfo"] = _rates([*of.words("ebs_baseline"), *of.words("ebs_maximum")])
    if cards := of.row["ebs_cards"]:
        shown = [{"EbsCardIndex": n} | _rates(c.split("|")) for n, c in enumerate(cards.split("/"))]
        view |= {"MaximumEbsCards": len(shown), "EbsCards": shown}
    return view


def _rates(figures: Iterable[str]) -> dict[str, Any]:
    """Bandwidth, IOPS and throughput, first the baselines, then the maxima."""
    members = [(f"{which}{rate}", kind) for which in ("Baseline", "Maximum") for rate, kind in _RATES]
    return {name: kind(figure) for (name, kind), figure in zip(members, figures, strict=True)}


def _storage(of: Hardware) -> dict[str, Any]:
    count, size, kind = of.words("disks")
    return {
        "TotalSizeInGB": int(of.row["disk_total"]),
        "Disks": [{"SizeInGB": int(size), "Count": int(count), "Type": kind}],
        "NvmeSupport": of.row["disk_nvme"],
        "EncryptionSupport": of.row["disk_encryption"],
    }
