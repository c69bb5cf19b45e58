import pytest

from place import launch, make_place
from refused import refused


def types(ec2, **asked):
    pages = ec2.get_paginator("describe_instance_types").paginate(**asked)
    return {t["InstanceType"]: t for page in pages for t in page["InstanceTypes"]}


def filters(**wanted):
    return [{"Name": name.replace("__", ".").replace("_", "-"), "Values": v} for name, v in wanted.items()]


def test_all_types(ec2):
    here, all_types = types(ec2), types(ec2, IncludeUnsupportedInRegion=True)
    assert (len(here), len(all_types)) == (1375, 1395)
    assert all(t["SupportedInRegion"] for t in here.values())
    assert not all_types["p5e.48xlarge"]["SupportedInRegion"]


def test_pages_of_a_hundred_when_none_is_asked_for(ec2):
    answer = ec2.describe_instance_types()
    assert len(answer["InstanceTypes"]) == 100
    assert answer["NextToken"]


def test_page_size(ec2):
    assert len(ec2.describe_instance_types(MaxResults=5)["InstanceTypes"]) == 5
    for size in (4, 101):
        with refused("InvalidParameterValue", f"Value ( {size} ) for parameter maxResults is invalid."):
            ec2.describe_instance_types(MaxResults=size)


def test_one_type(ec2):
    (found,) = ec2.describe_instance_types(InstanceTypes=["c6i.12xlarge"])["InstanceTypes"]
    network = found.pop("NetworkInfo")
    assert found == {
        "InstanceType": "c6i.12xlarge",
        "CurrentGeneration": True,
        "SupportedUsageClasses": ["on-demand", "spot"],
        "SupportedVirtualizationTypes": ["hvm"],
        "BareMetal": False,
        "Hypervisor": "nitro",
        "ProcessorInfo": {
            "SupportedArchitectures": ["x86_64"],
            "Manufacturer": "Intel",
            "SustainedClockSpeedInGhz": 3.5,
        },
        "VCpuInfo": {
            "DefaultVCpus": 48,
            "DefaultCores": 24,
            "DefaultThreadsPerCore": 2,
            "ValidCores": [*range(2, 25, 2)],
            "ValidThreadsPerCore": [1, 2],
        },
        "MemoryInfo": {"SizeInMiB": 98304},
        "PlacementGroupInfo": {"SupportedStrategies": ["cluster", "partition", "spread"]},
        "BurstablePerformanceSupported": False,
        "DedicatedHostsSupported": True,
        "SupportedInRegion": True,
        "FreeTierEligible": False,
        "SupportedRootDeviceTypes": ["ebs"],
        "SupportedBootModes": ["legacy-bios", "uefi"],
        "HibernationSupported": True,
        "AutoRecoverySupported": True,
        "NitroEnclavesSupport": "supported",
        "NitroTpmSupport": "supported",
        "NitroTpmInfo": {"SupportedVersions": ["2.0"]},
        "PhcSupport": "unsupported",
        "RebootMigrationSupport": "supported",
        "InstanceStorageSupported": False,
        "EbsInfo": {
            "EbsOptimizedSupport": "default",
            "EncryptionSupport": "supported",
            "NvmeSupport": "required",
            "MaximumEbsAttachments": 27,
            "AttachmentLimitType": "shared",
            "EbsOptimizedInfo": {
                "BaselineBandwidthInMbps": 15000,
                "BaselineIops": 60000,
                "BaselineThroughputInMBps": 1875.0,
                "MaximumBandwidthInMbps": 15000,
                "MaximumIops": 60000,
                "MaximumThroughputInMBps": 1875.0,
            },
        },
    }
    assert network == {
        "NetworkPerformance": "18.75 Gigabit",
        "MaximumNetworkInterfaces": 8,
        "MaximumNetworkCards": 1,
        "DefaultNetworkCardIndex": 0,
        "NetworkCards": [
            {
                "NetworkCardIndex": 0,
                "NetworkPerformance": "18.75 Gigabit",
                "MaximumNetworkInterfaces": 8,
                "AdditionalFlexibleNetworkInterfaces": 0,
                "BaselineBandwidthInGbps": 18.75,
                "PeakBandwidthInGbps": 18.75,
                "DefaultEnaQueueCountPerInterface": 8,
                "MaximumEnaQueueCount": 64,
                "MaximumEnaQueueCountPerInterface": 32,
                "InterfaceTypes": ["interface"],
            }
        ],
        "Ipv4AddressesPerInterface": 30,
        "Ipv6AddressesPerInterface": 30,
        "Ipv6Supported": True,
        "EnaSupport": "required",
        "EnaSrdSupported": True,
        "EfaSupported": False,
        "EncryptionInTransitSupported": True,
        "FlexibleEnaQueuesSupport": "supported",
        "SecondaryNetworkSupported": False,
        "ConnectionTrackingConfiguration": {
            "DefaultTcpEstablishedTimeout": 432000,
            "DefaultUdpStreamTimeout": 180,
            "DefaultUdpTimeout": 30,
        },
    }


def test_efa_and_many_cards(ec2):
    network = types(ec2, InstanceTypes=["p5.48xlarge"])["p5.48xlarge"]["NetworkInfo"]
    assert network["EfaInfo"] == {"MaximumEfaInterfaces": 32}
    assert [card["NetworkCardIndex"] for card in network["NetworkCards"]] == list(range(32))


def test_unknown_types(ec2):
    sentence = "The following supplied instance types do not exist: [t9.tiny, x.y]"
    with refused("InvalidInstanceType", sentence):
        ec2.describe_instance_types(InstanceTypes=["t3.micro", "t9.tiny", "x.y"])
    with refused("InvalidInstanceType", "[p5e.48xlarge]"):
        ec2.describe_instance_types(InstanceTypes=["p5e.48xlarge"])


def test_filters(ec2):
    found = types(ec2, Filters=filters(instance_type=["t3.*", "t3a.nano"], memory_info__size_in_mib=["512"]))
    assert set(found) == {"t3.nano", "t3a.nano"}
    arm = types(ec2, Filters=filters(processor_info__supported_architecture=["arm64"]))
    assert len(arm) > 300
    assert all("arm64" in t["ProcessorInfo"]["SupportedArchitectures"] for t in arm.values())
    cards = types(ec2, Filters=filters(network_info__maximum_network_cards=["32"]))
    assert set(cards) == {"p5.48xlarge", "p5e.48xlarge", "p5en.48xlarge"} & set(cards)
    assert cards
    old = types(ec2, Filters=filters(supported_virtualization_type=["paravirtual"]))
    assert len(old) == 19


def test_accelerators_disks_and_cards_of_volumes(ec2):
    found = types(ec2, InstanceTypes=["p5.48xlarge", "i4i.metal", "c8gn.48xlarge", "t2.nano"])
    gpus = found["p5.48xlarge"]["GpuInfo"]
    assert (gpus["Gpus"][0]["Name"], gpus["Gpus"][0]["Count"], gpus["TotalGpuMemoryInMiB"]) == (
        "H100",
        8,
        655360,
    )
    assert found["i4i.metal"]["InstanceStorageInfo"] == {
        "TotalSizeInGB": 30000,
        "Disks": [{"SizeInGB": 3750, "Count": 8, "Type": "ssd"}],
        "NvmeSupport": "required",
        "EncryptionSupport": "required",
    }
    assert "ValidCores" not in found["i4i.metal"]["VCpuInfo"]
    volumes = found["c8gn.48xlarge"]["EbsInfo"]
    assert volumes["MaximumEbsCards"] == 2
    assert [card["EbsCardIndex"] for card in volumes["EbsCards"]] == [0, 1]
    assert "EbsOptimizedInfo" not in found["t2.nano"]["EbsInfo"]


def test_the_two_tables_agree(ec2):
    """They were recorded together: all types are in both, and their vCPUs are cores times threads."""
    for kind in types(ec2, IncludeUnsupportedInRegion=True).values():
        cpus = kind["VCpuInfo"]
        assert cpus["DefaultCores"] * cpus["DefaultThreadsPerCore"] == cpus["DefaultVCpus"]
        assert cpus["DefaultCores"] in cpus.get("ValidCores", [cpus["DefaultCores"]])
        assert kind["InstanceStorageSupported"] is ("InstanceStorageInfo" in kind)
        for disks in (kind.get("InstanceStorageInfo"),):
            assert not disks or disks["TotalSizeInGB"] >= sum(
                d["Count"] * d["SizeInGB"] for d in disks["Disks"]
            )


HARDWARE = {
    "auto-recovery-supported": ("true", "c5.large"),
    "ebs-info.attachment-limit-type": ("dedicated", "m7i.large"),
    "ebs-info.ebs-optimized-info.baseline-bandwidth-in-mbps": ("15000", "c6i.12xlarge"),
    "ebs-info.ebs-optimized-info.baseline-iops": ("60000", "c6i.12xlarge"),
    "ebs-info.ebs-optimized-info.baseline-throughput-in-mbps": ("1875.0", "c6i.12xlarge"),
    "ebs-info.ebs-optimized-info.maximum-bandwidth-in-mbps": ("15000", "c6i.12xlarge"),
    "ebs-info.ebs-optimized-info.maximum-iops": ("60000", "c6i.12xlarge"),
    "ebs-info.ebs-optimized-info.maximum-throughput-in-mbps": ("1875.0", "c6i.12xlarge"),
    "ebs-info.ebs-optimized-support": ("default", "c5.large"),
    "ebs-info.encryption-support": ("supported", "c5.large"),
    "ebs-info.maximum-ebs-attachments": ("27", "c6i.12xlarge"),
    "ebs-info.nvme-support": ("required", "c5.large"),
    "free-tier-eligible": ("true", "t3.micro"),
    "hibernation-supported": ("true", "c6i.12xlarge"),
    "instance-storage-info.disk.count": ("8", "i4i.metal"),
    "instance-storage-info.disk.size-in-gb": ("3750", "i4i.metal"),
    "instance-storage-info.disk.type": ("ssd", "i4i.metal"),
    "instance-storage-info.encryption-support": ("required", "i4i.metal"),
    "instance-storage-info.nvme-support": ("required", "i4i.metal"),
    "instance-storage-info.total-size-in-gb": ("30000", "i4i.metal"),
    "instance-storage-supported": ("true", "i4i.metal"),
    "nitro-enclaves-support": ("supported", "c6i.12xlarge"),
    "nitro-tpm-info.supported-versions": ("2.0", "c6i.12xlarge"),
    "nitro-tpm-support": ("supported", "c6i.12xlarge"),
    "processor-info.supported-features": ("amd-sev-snp", "c6a.large"),
    "processor-info.sustained-clock-speed-in-ghz": ("3.5", "c6i.12xlarge"),
    "reboot-migration-support": ("supported", "c6i.12xlarge"),
    "supported-boot-mode": ("uefi", "c6i.12xlarge"),
    "supported-root-device-type": ("instance-store", "m3.large"),
    "vcpu-info.default-cores": ("24", "c6i.12xlarge"),
    "vcpu-info.default-threads-per-core": ("2", "c6i.12xlarge"),
    "vcpu-info.valid-cores": ("14", "c6i.12xlarge"),
    "vcpu-info.valid-threads-per-core": ("2", "c6i.12xlarge"),
}


@pytest.mark.in_turn(3)
@pytest.mark.parametrize("name", HARDWARE)
def test_a_filter_over_hardware(ec2, name):
    """It lets some types through and not others; that volumes can be encrypted is so of all."""
    value, of = HARDWARE[name]
    found = types(ec2, Filters=[{"Name": name, "Values": [value]}])
    assert of in found
    assert (len(found) < 1375) is (name != "ebs-info.encryption-support")
    assert not types(ec2, Filters=[{"Name": name, "Values": ["no such value"]}])


def test_the_free_tier(ec2):
    free = set(types(ec2, Filters=filters(free_tier_eligible=["true"])))
    assert {"t3.micro", "t3.small", "t4g.micro", "c7i-flex.large", "m7i-flex.large"} <= free
    assert len(free) == 8


def test_cores_and_threads_of_an_instance(ec2):
    place = make_place(ec2)
    (usual,) = launch(ec2, place, InstanceType="c6i.12xlarge")
    assert usual["CpuOptions"] == {"CoreCount": 24, "ThreadsPerCore": 2} | usual["CpuOptions"]
    (fewer,) = launch(
        ec2, place, InstanceType="c6i.12xlarge", CpuOptions={"CoreCount": 14, "ThreadsPerCore": 1}
    )
    assert fewer["CpuOptions"] == {"CoreCount": 14, "ThreadsPerCore": 1} | fewer["CpuOptions"]
    for kind, cores, threads in (("c6i.12xlarge", 13, 2), ("c6i.12xlarge", 2, 3), ("a1.2xlarge", 4, 1)):
        with refused("InvalidParameterValue", f"Valid values for {kind} are: "):
            ec2.run_instances(
                ImageId=place.image if kind[0] == "c" else arm(ec2),
                InstanceType=kind,
                MinCount=1,
                MaxCount=1,
                CpuOptions={"CoreCount": cores, "ThreadsPerCore": threads},
            )


def arm(ec2):
    asked = [{"Name": "name", "Values": ["amzn2-ami-hvm-*-arm64-gp2"]}]
    return ec2.describe_images(Filters=asked)["Images"][0]["ImageId"]


def offerings(ec2, **asked):
    pages = ec2.get_paginator("describe_instance_type_offerings").paginate(**asked)
    return [o for page in pages for o in page["InstanceTypeOfferings"]]


def test_offerings_in_the_region(ec2):
    found = offerings(ec2)
    assert len(found) == 1375
    assert {(o["LocationType"], o["Location"]) for o in found} == {("region", "us-east-1")}


def test_offerings_by_zone(ec2):
    asked = filters(instance_type=["a1.large"])
    by_name = offerings(ec2, LocationType="availability-zone", Filters=asked)
    assert [o["Location"] for o in by_name] == ["us-east-1a", "us-east-1b", "us-east-1c"]
    by_id = offerings(ec2, LocationType="availability-zone-id", Filters=asked)
    assert {o["Location"] for o in by_id} == {"use1-az2", "use1-az4", "use1-az6"}
    there = filters(instance_type=["a1.*", "t3.nano"], location=["us-east-1e", "us-east-1f"])
    assert {
        (o["InstanceType"], o["Location"])
        for o in offerings(ec2, LocationType="availability-zone", Filters=there)
    } == {("t3.nano", "us-east-1f")}


def test_nobody_has_an_outpost(ec2):
    assert offerings(ec2, LocationType="outpost") == []


def test_offerings_in_pages(ec2):
    whole = offerings(ec2, LocationType="availability-zone")
    paged = offerings(ec2, LocationType="availability-zone", PaginationConfig={"PageSize": 1000})
    assert len(paged) == len(whole) > 5000
    assert {tuple(sorted(o.items())) for o in paged} == {tuple(sorted(o.items())) for o in whole}
