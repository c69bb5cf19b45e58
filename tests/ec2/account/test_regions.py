from refused import refused


def zones(answer):
    return answer["AvailabilityZones"]


def test_regions(ec2):
    regions = {r["RegionName"]: r for r in ec2.describe_regions(AllRegions=True)["Regions"]}
    assert len(regions) == 34
    assert regions["us-east-1"]["OptInStatus"] == "opt-in-not-required"
    assert regions["af-south-1"]["OptInStatus"] == "not-opted-in"
    assert regions["eu-west-1"]["Endpoint"] == "ec2.eu-west-1.amazonaws.com"


def test_regions_by_name_and_filter(ec2):
    named = ec2.describe_regions(RegionNames=["eu-west-1", "us-east-1"])["Regions"]
    assert {r["RegionName"] for r in named} == {"eu-west-1", "us-east-1"}
    filters = [
        {"Name": "region-name", "Values": ["eu-*"]},
        {"Name": "opt-in-status", "Values": ["not-opted-in"]},
    ]
    found = ec2.describe_regions(Filters=filters, AllRegions=True)["Regions"]
    assert {r["RegionName"] for r in found} == {"eu-central-2", "eu-south-1", "eu-south-2"}
    with refused("InvalidParameterValue", "'eu-moon-1'"):
        ec2.describe_regions(RegionNames=["eu-moon-1"])


def test_six_zones(ec2):
    found = zones(ec2.describe_availability_zones())
    assert [z["ZoneName"] for z in found] == [f"us-east-1{letter}" for letter in "abcdef"]
    assert {z["ZoneId"] for z in found} == {f"use1-az{n}" for n in range(1, 7)}
    assert found[0] == {
        "ZoneName": "us-east-1a",
        "ZoneId": "use1-az2",
        "ZoneType": "availability-zone",
        "RegionName": "us-east-1",
        "State": "available",
        "OptInStatus": "opt-in-not-required",
        "Messages": [],
        "GroupName": "us-east-1-zg-1",
        "GroupLongName": "US East (N. Virginia) 1",
        "NetworkBorderGroup": "us-east-1",
    }


def test_zones_by_name_id_and_filter(ec2):
    assert len(zones(ec2.describe_availability_zones(AllAvailabilityZones=True))) == 6
    by_name = zones(ec2.describe_availability_zones(ZoneNames=["us-east-1c"]))
    by_id = zones(ec2.describe_availability_zones(ZoneIds=["use1-az6"]))
    by_filter = zones(ec2.describe_availability_zones(Filters=[{"Name": "zone-name", "Values": ["*1c"]}]))
    assert by_name == by_id == by_filter
    assert len(by_name) == 1
    local = [{"Name": "zone-type", "Values": ["local-zone"]}]
    assert zones(ec2.describe_availability_zones(Filters=local)) == []


def test_unknown_zones(ec2):
    with refused("InvalidParameterValue", "Invalid availability zone: [us-east-1x]"):
        ec2.describe_availability_zones(ZoneNames=["us-east-1a", "us-east-1x"])
    with refused("InvalidParameterValue", "[use2-az1]"):
        ec2.describe_availability_zones(ZoneIds=["use2-az1"])
