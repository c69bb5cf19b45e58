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
        "ProcessorInfo": {"SupportedArchitectures": ["x86_64"]},
        "VCpuInfo": {"DefaultVCpus": 48},
        "MemoryInfo": {"SizeInMiB": 98304},
        "PlacementGroupInfo": {"SupportedStrategies": ["cluster", "partition", "spread"]},
        "BurstablePerformanceSupported": False,
        "DedicatedHostsSupported": True,
        "SupportedInRegion": True,
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


def test_a_filter_over_what_is_not_recorded_is_refused(ec2):
    with refused("UnsupportedOperation", "hibernation-supported"):
        ec2.describe_instance_types(Filters=filters(hibernation_supported=["true"]))


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
