"""Instant fleets over launch templates, on demand: what is launched, what is told, what ends with them."""

from typing import Any

import pytest

from place import instances, make_place
from refused import refused

ABSENT = "fleet-00000000-0000-0000-0000-000000000000"
ON_DEMAND = {"DefaultTargetCapacityType": "on-demand"}


@pytest.fixture
def place(ec2):
    made = make_place(ec2)
    interface = {"DeviceIndex": 0, "Groups": [made.group], "AssociatePublicIpAddress": True}
    data = {"ImageId": made.image, "InstanceType": "t3.small", "NetworkInterfaces": [interface]}
    ec2.create_launch_template(LaunchTemplateName="node", LaunchTemplateData=data)
    return made


def config(
    *overrides: dict[str, Any], name: str = "node", version: str = "$Latest", **more: Any
) -> dict[str, Any]:
    named = {"LaunchTemplateName": name, "Version": version} | more
    return {"LaunchTemplateSpecification": named} | ({"Overrides": list(overrides)} if overrides else {})


def fleet(ec2: Any, *overrides: dict[str, Any], units: int = 1, **more: Any) -> dict[str, Any]:
    asked = {
        "Type": "instant",
        "LaunchTemplateConfigs": [config(*overrides)],
        "TargetCapacitySpecification": ON_DEMAND | {"TotalTargetCapacity": units},
    }
    answer = dict(ec2.create_fleet(**asked | more))
    del answer["ResponseMetadata"]
    return answer


def launched(answer: dict[str, Any]) -> list[tuple[str, int]]:
    """The types that were launched, with how many of each."""
    return [(one["InstanceType"], len(one["InstanceIds"])) for one in answer["Instances"]]


def codes(answer: dict[str, Any]) -> list[str]:
    return [one["ErrorCode"] for one in answer["Errors"]]


def spec(kind: str, **tags: str) -> dict[str, Any]:
    return {"ResourceType": kind, "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}


def shown(ec2: Any, id: str) -> dict[str, Any]:
    (found,) = ec2.describe_fleets(FleetIds=[id])["Fleets"]
    return dict(found)


def everything(ec2: Any) -> list[dict[str, Any]]:
    return [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]


def test_as_karpenter_asks(ec2, place):
    """Its template has interfaces without a subnet, its overrides say type, subnet and zone."""
    overrides = [
        {
            "InstanceType": kind,
            "SubnetId": subnet,
            "AvailabilityZone": f"us-east-1{zone}",
            "ImageId": place.image,
        }
        for kind in ("m5.large", "c5.large")
        for subnet, zone in ((place.subnet, "a"), (place.other, "b"))
    ]
    options = {"AllocationStrategy": "lowest-price"}
    tags = [
        spec("instance", node="n1"),
        spec("volume", node="n1"),
        spec("network-interface", node="n1"),
        spec("fleet", node="n1"),
    ]
    answer = fleet(ec2, *overrides, OnDemandOptions=options, TagSpecifications=tags)
    (template,) = ec2.describe_launch_templates()["LaunchTemplates"]
    (one,) = answer["Instances"]
    assert answer["Errors"] == []
    assert one == {
        "LaunchTemplateAndOverrides": {
            "LaunchTemplateSpecification": {"LaunchTemplateId": template["LaunchTemplateId"], "Version": "1"},
            "Overrides": overrides[2],
        },
        "Lifecycle": "on-demand",
        "InstanceIds": one["InstanceIds"],
        "InstanceType": "c5.large",
        "AvailabilityZone": "us-east-1a",
        "AvailabilityZoneId": "use1-az2",
        "SubnetId": place.subnet,
    }
    (instance,) = instances(ec2, *one["InstanceIds"])
    assert (instance["SubnetId"], instance["SecurityGroups"][0]["GroupId"]) == (place.subnet, place.group)
    assert instance["PublicIpAddress"]
    assert {tag["Key"]: tag["Value"] for tag in instance["Tags"]} == {
        "node": "n1",
        "aws:ec2launchtemplate:id": template["LaunchTemplateId"],
        "aws:ec2launchtemplate:version": "1",
        "aws:ec2:fleet-id": answer["FleetId"],
    }
    for listing in ("describe_volumes", "describe_network_interfaces"):
        text = str(getattr(ec2, listing)())
        assert "n1" in text


def test_an_override_reaches_every_new_interface(ec2, place):
    interfaces = [{"DeviceIndex": n, "Groups": [place.group]} for n in range(2)]
    data = {"ImageId": place.image, "InstanceType": "m5.large", "NetworkInterfaces": interfaces}
    ec2.create_launch_template_version(LaunchTemplateName="node", LaunchTemplateData=data)
    (id,) = fleet(ec2, {"SubnetId": place.other})["Instances"][0]["InstanceIds"]
    (instance,) = instances(ec2, id)
    assert [one["SubnetId"] for one in instance["NetworkInterfaces"]] == [place.other, place.other]


def test_other_overrides(ec2, place):
    ec2.create_key_pair(KeyName="k")
    override = {
        "SubnetId": place.subnet,
        "KeyName": "k",
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 33}}],
        "IamInstanceProfile": {"Name": "p"},
        "MetadataOptions": {"HttpTokens": "required"},
        "Placement": {"Tenancy": "dedicated"},
        "InstanceType": "m5.large",
    }
    configs = [config(override, LaunchTemplateSpecificationUserData="IyEvYmluL3NoCg==")]
    answer = fleet(ec2, LaunchTemplateConfigs=configs)
    (instance,) = instances(ec2, *answer["Instances"][0]["InstanceIds"])
    assert (instance["KeyName"], instance["Placement"]["Tenancy"]) == ("k", "dedicated")
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert instance["IamInstanceProfile"]["Arn"].endswith("/p")
    assert ec2.describe_volumes()["Volumes"][0]["Size"] == 33
    data = ec2.describe_instance_attribute(InstanceId=instance["InstanceId"], Attribute="userData")
    assert data["UserData"]["Value"] == "IyEvYmluL3NoCg=="
    overrides = answer["Instances"][0]["LaunchTemplateAndOverrides"]["Overrides"]
    assert overrides["BlockDeviceMappings"] == override["BlockDeviceMappings"]
    assert overrides.keys().isdisjoint({"KeyName", "IamInstanceProfile", "MetadataOptions"})


def test_order_and_weight(ec2, place):
    sizes = [
        {"InstanceType": "m5.xlarge", "SubnetId": place.subnet, "Priority": 1.0, "WeightedCapacity": 4.0},
        {"InstanceType": "c5.large", "SubnetId": place.subnet, "Priority": 2.0, "WeightedCapacity": 1.0},
        {"InstanceType": "m5.large", "SubnetId": place.subnet},
    ]
    by_priority = {"OnDemandOptions": {"AllocationStrategy": "prioritized"}}
    assert launched(fleet(ec2, *sizes, units=5, **by_priority)) == [("m5.xlarge", 2)]
    assert launched(fleet(ec2, *sizes[1:], units=2)) == [("c5.large", 2)]  # as many vCPUs, less memory
    assert launched(fleet(ec2, *sizes, units=4)) == [("m5.xlarge", 1)]  # the fewest vCPUs for a unit


def test_what_cannot_be_launched_is_told(ec2, place):
    wrong = [
        {"InstanceType": "t9.huge", "SubnetId": place.subnet, "Priority": 0.0},
        {"InstanceType": "m5.large", "SubnetId": place.subnet, "KeyName": "nobody", "Priority": 1.0},
    ]
    by_priority = {"OnDemandOptions": {"AllocationStrategy": "prioritized"}}
    answer = fleet(ec2, *wrong, **by_priority)
    assert (answer["Instances"], codes(answer)) == (
        [],
        ["InvalidFleetConfiguration", "InvalidKeyPair.NotFound"],
    )
    first = answer["Errors"][0]
    sentence = "Your requested instance type (t9.huge) is not supported in your requested Availability Zone (us-east-1a)."
    assert (first["ErrorMessage"], first["Lifecycle"]) == (sentence, "on-demand")
    assert first["LaunchTemplateAndOverrides"]["Overrides"] == wrong[0]
    assert everything(ec2) == []
    right = {"InstanceType": "c5.large", "SubnetId": place.other, "Priority": 2.0}
    answer = fleet(ec2, *wrong, right, units=2, **by_priority)
    assert (launched(answer), len(codes(answer))) == ([("c5.large", 2)], 2)
    assert shown(ec2, answer["FleetId"])["Errors"] == answer["Errors"]


def test_a_template_that_launches_cannot_take(ec2, place):
    data = {
        "ImageId": place.image,
        "InstanceType": "t3.small",
        "InstanceMarketOptions": {"MarketType": "spot"},
    }
    ec2.create_launch_template_version(LaunchTemplateName="node", LaunchTemplateData=data)
    answer = fleet(ec2, {"SubnetId": place.subnet})
    assert (answer["Instances"], codes(answer)) == ([], ["UnsupportedOperation"])
    assert "InstanceMarketOptions" in answer["Errors"][0]["ErrorMessage"]
    assert everything(ec2) == []


def test_capacity_runs_out(serve):
    """What there is of the first pool is launched, the rest from the next; a launch that fails leaves nothing."""
    ec2 = serve(quotas={"vcpus_standard": 10}).client()
    place = make_place(ec2)
    ec2.create_launch_template(LaunchTemplateName="node", LaunchTemplateData={"ImageId": place.image})
    kinds = [
        {"InstanceType": kind, "SubnetId": place.subnet, "Priority": n}
        for n, kind in enumerate(("m5.xlarge", "m5.large"), 1)
    ]
    by_priority = {"OnDemandOptions": {"AllocationStrategy": "prioritized"}}
    answer = fleet(ec2, *kinds, units=5, **by_priority)
    assert launched(answer) == [("m5.xlarge", 2), ("m5.large", 1)]
    assert shown(ec2, answer["FleetId"])["FulfilledCapacity"] == 3
    answer = fleet(ec2, *kinds, **by_priority)
    assert codes(answer) == ["VcpuLimitExceeded", "VcpuLimitExceeded"]
    assert len(everything(ec2)) == 3


def test_the_least_or_nothing(serve):
    ec2 = serve(quotas={"vcpus_standard": 8}).client()
    place = make_place(ec2)
    ec2.create_launch_template(LaunchTemplateName="node", LaunchTemplateData={"ImageId": place.image})
    kinds = [
        {"InstanceType": kind, "SubnetId": place.subnet, "Priority": n}
        for n, kind in enumerate(("m5.xlarge", "m5.large"), 1)
    ]
    options = {"AllocationStrategy": "prioritized", "MinTargetCapacity": 4, "SingleInstanceType": True}
    answer = fleet(ec2, *kinds, units=4, OnDemandOptions=options)
    assert (launched(answer), codes(answer)) == ([("m5.large", 4)], ["UnfulfillableCapacity"])
    assert len(everything(ec2)) == 4
    answer = fleet(ec2, *kinds, units=4, OnDemandOptions=options)
    assert answer["Instances"] == []
    assert len(everything(ec2)) == 4  # and nothing is left of those that were undone
    assert len(ec2.describe_network_interfaces()["NetworkInterfaces"]) == 4
    assert len(ec2.describe_volumes()["Volumes"]) == 4
    without = {"MinTargetCapacity": 4}
    with refused("InvalidParameterCombination", "SingleInstanceType or SingleAvailabilityZone"):
        fleet(ec2, *kinds, OnDemandOptions=without)


def test_one_zone(ec2, place):
    """A zone whose pools do not give the least is given up whole."""
    pools = [
        {"InstanceType": "t9.huge", "SubnetId": place.subnet, "Priority": 1.0},
        {"InstanceType": "m5.large", "SubnetId": place.other, "Priority": 2.0},
        {"InstanceType": "m5.large", "SubnetId": place.subnet, "Priority": 3.0},
    ]
    options = {"AllocationStrategy": "prioritized", "SingleAvailabilityZone": True}
    answer = fleet(ec2, *pools, units=2, OnDemandOptions=options)
    assert [one["AvailabilityZone"] for one in answer["Instances"]] == ["us-east-1a"]


def capacity(**more: Any) -> dict[str, Any]:
    return {"TargetCapacitySpecification": {"TotalTargetCapacity": 2} | more}


REFUSED: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"Type": "maintain"}, "UnsupportedOperation", "maintain"),
    ({"Type": "request"}, "UnsupportedOperation", "request"),
    (capacity(DefaultTargetCapacityType="spot"), "UnsupportedOperation", "on-demand"),
    (capacity(SpotTargetCapacity=1), "UnsupportedOperation", "on-demand"),
    (capacity(DefaultTargetCapacityType="reserved-capacity"), "UnsupportedOperation", "on-demand"),
    (capacity(OnDemandTargetCapacity=3), "InvalidTargetCapacitySpecification", "total"),
    (capacity(TotalTargetCapacity=0), "InvalidParameterValue", "TotalTargetCapacity"),
    (capacity(TargetCapacityUnitType="vcpu"), "UnsupportedOperation", "TargetCapacityUnitType"),
    ({"OnDemandOptions": {"MaxTotalPrice": "1"}}, "UnsupportedOperation", "MaxTotalPrice"),
    ({"OnDemandOptions": {"CapacityReservationOptions": {"UsageStrategy": "use-capacity-reservations-first"}}},
     "UnsupportedOperation", "CapacityReservationOptions"),
    ({"LaunchTemplateConfigs": []}, "MissingParameter", "LaunchTemplateConfigs"),
    ({"LaunchTemplateConfigs": [{"Overrides": [{"InstanceType": "m5.large"}]}]}, "MissingParameter", "LaunchTemplateSpecification"),
    ({"LaunchTemplateConfigs": [{"LaunchTemplateSpecification": {"LaunchTemplateName": "node"}}]}, "MissingParameter", "Version"),
    ({"LaunchTemplateConfigs": [config(name="missing")]}, "InvalidLaunchTemplateName.NotFoundException", "name missing"),
    ({"LaunchTemplateConfigs": [config(version="9")]}, "InvalidLaunchTemplateId.VersionNotFound", "version 9"),
    ({"LaunchTemplateConfigs": [config({"MaxPrice": "1"})]}, "UnsupportedOperation", "MaxPrice"),
    ({"LaunchTemplateConfigs": [config({"InstanceRequirements": {"VCpuCount": {"Min": 1}, "MemoryMiB": {"Min": 1}}})]},
     "UnsupportedOperation", "InstanceRequirements"),
    ({"LaunchTemplateConfigs": [config({"WeightedCapacity": 0.0})]}, "InvalidParameterValue", "WeightedCapacity"),
    ({"LaunchTemplateConfigs": [config(*[{"InstanceType": "m5.large", "AvailabilityZone": "us-east-1a"}] * 2)]},
     "InvalidFleetConfig", "The fleet configuration contains duplicate instance pools."),
    ({"TagSpecifications": [spec("vpc", a="b")]}, "InvalidParameterValue", "vpc"),
    ({"ValidUntil": "2027-01-01T00:00:00Z"}, "UnsupportedOperation", "ValidUntil"),
)  # fmt: skip


@pytest.mark.parametrize(("more", "code", "sentence"), REFUSED)
def test_refusals(ec2, place, more, code, sentence):
    with refused(code, sentence):
        fleet(ec2, {"SubnetId": place.subnet}, **more)
    assert everything(ec2) == []


def test_ways_to_say_on_demand(ec2, place):
    for said in (
        {},
        {"OnDemandTargetCapacity": 2, "DefaultTargetCapacityType": "spot"},
        {"SpotTargetCapacity": 0},
    ):
        assert launched(fleet(ec2, {"SubnetId": place.subnet}, **capacity(**said))) == [("t3.small", 2)]
    off = {"ReplaceUnhealthyInstances": False, "TerminateInstancesWithExpiration": False}
    spot = {"SpotOptions": {"AllocationStrategy": "lowest-price"}}
    answer = fleet(ec2, {"SubnetId": place.subnet}, **off, **spot)
    assert shown(ec2, answer["FleetId"])["SpotOptions"] == spot["SpotOptions"]


def test_a_token_launches_once(ec2, place):
    one, other = (fleet(ec2, {"SubnetId": place.subnet}, ClientToken="t") for _ in range(2))
    assert one == other
    assert len(everything(ec2)) == 1
    with refused("IdempotentParameterMismatch"):
        fleet(ec2, {"SubnetId": place.other}, ClientToken="t")


def test_describe(ec2, place):
    answer = fleet(ec2, {"SubnetId": place.subnet}, TagSpecifications=[spec("fleet", a="b")], ClientToken="t")
    found = shown(ec2, answer["FleetId"])
    assert (found["Type"], found["FleetState"], found["ActivityStatus"]) == ("instant", "active", "fulfilled")
    assert (found["Tags"], found["ClientToken"]) == (spec("fleet", a="b")["Tags"], "t")
    assert found["TargetCapacitySpecification"]["OnDemandTargetCapacity"] == 1
    assert "OnDemandOptions" not in found  # what was not asked for is not shown: Terraform would replace it
    (one,) = found["Instances"]
    assert one["InstanceIds"] == answer["Instances"][0]["InstanceIds"]
    (configured,) = found["LaunchTemplateConfigs"]
    assert configured["LaunchTemplateSpecification"]["Version"] == "$Latest"
    assert configured["Overrides"] == [{"SubnetId": place.subnet}]
    assert ec2.describe_fleets()["Fleets"] == []  # an instant fleet is shown by its id only
    for name, value, number in (
        ("fleet-state", "active", 1),
        ("type", "maintain", 0),
        ("activity-status", "fulfilled", 1),
    ):
        asked = [{"Name": name, "Values": [value]}]
        assert len(ec2.describe_fleets(FleetIds=[answer["FleetId"]], Filters=asked)["Fleets"]) == number
    with refused("InvalidFleetId.NotFound", ABSENT):
        ec2.describe_fleets(FleetIds=[ABSENT])
    with refused("InvalidFleetId.Malformed"):
        ec2.describe_fleets(FleetIds=["fleet-x"])


def test_tags_of_a_fleet(ec2, place):
    id = fleet(ec2, {"SubnetId": place.subnet})["FleetId"]
    ec2.create_tags(Resources=[id], Tags=[{"Key": "a", "Value": "b"}])
    asked = [{"Name": "resource-type", "Values": ["fleet"]}]
    assert [one["ResourceId"] for one in ec2.describe_tags(Filters=asked)["Tags"]] == [id]


def test_delete(ec2, place):
    made = fleet(ec2, {"SubnetId": place.subnet}, units=2)
    id = made["FleetId"]
    answer = ec2.delete_fleets(FleetIds=[id, ABSENT, "fleet-x"], TerminateInstances=False)
    assert answer["SuccessfulFleetDeletions"] == []
    told = {one["FleetId"]: one["Error"]["Code"] for one in answer["UnsuccessfulFleetDeletions"]}
    assert told == {
        id: "NoTerminateInstancesNotSupported",
        ABSENT: "fleetIdDoesNotExist",
        "fleet-x": "fleetIdMalformed",
    }
    (done,) = ec2.delete_fleets(FleetIds=[id], TerminateInstances=True)["SuccessfulFleetDeletions"]
    assert (done["PreviousFleetState"], done["CurrentFleetState"]) == ("active", "deleted_terminating")
    ids = made["Instances"][0]["InstanceIds"]
    waiter = ec2.get_waiter("instance_terminated")
    waiter.wait(InstanceIds=ids, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})
    assert shown(ec2, id)["FleetState"] == "deleted"
    (failed,) = ec2.delete_fleets(FleetIds=[id], TerminateInstances=True)["UnsuccessfulFleetDeletions"]
    assert failed["Error"]["Code"] == "fleetNotInDeletableState"


def test_a_fleet_with_a_protected_instance_stays(ec2, place):
    data = {"ImageId": place.image, "InstanceType": "t3.small", "DisableApiTermination": True}
    ec2.create_launch_template_version(LaunchTemplateName="node", LaunchTemplateData=data)
    made = fleet(ec2, {"SubnetId": place.subnet})
    (failed,) = ec2.delete_fleets(FleetIds=[made["FleetId"]], TerminateInstances=True)[
        "UnsuccessfulFleetDeletions"
    ]
    assert failed["Error"]["Code"] == "OperationNotPermitted"
    assert shown(ec2, made["FleetId"])["FleetState"] == "active"


def test_too_many_at_once(ec2, place):
    ids = [fleet(ec2, {"SubnetId": place.subnet, "InstanceType": "t9.huge"})["FleetId"] for _ in range(26)]
    answer = ec2.delete_fleets(FleetIds=ids, TerminateInstances=True)
    assert answer["SuccessfulFleetDeletions"] == []
    told = {one["Error"]["Code"] for one in answer["UnsuccessfulFleetDeletions"]}
    assert told == {"ExceededInstantFleetNumForDeletion"}
