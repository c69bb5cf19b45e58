"""Placement groups: what they are called, who may be in them, and where their members are."""

from collections import Counter

import pytest

from place import launch, make_place
from refused import refused

LARGE = "c5n.18xlarge"


@pytest.fixture
def ec2(alone):
    return alone


@pytest.fixture
def place(ec2):
    return make_place(ec2)


def group(ec2, name, strategy, **more):
    return ec2.create_placement_group(GroupName=name, Strategy=strategy, **more)["PlacementGroup"]


def start(ec2, place, name, count=1, least=None, kind="p4d.24xlarge", subnet=None, **more):
    """Launch into a group; the type shows where it is."""
    given = {"ImageId": place.image, "InstanceType": kind, "MinCount": least or count, "MaxCount": count}
    placement = {"GroupName": name, **more}
    launched = ec2.run_instances(**given, SubnetId=subnet or place.subnet, Placement=placement)["Instances"]
    return [i["InstanceId"] for i in launched]


def racks(ec2, ids):
    """The last network node of each instance: the same one is the same rack."""
    found = {}
    for at in range(0, len(ids), 100):
        for one in ec2.describe_instance_topology(InstanceIds=ids[at : at + 100])["Instances"]:
            found[one["InstanceId"]] = one["NetworkNodes"]
    return [found[id] for id in ids]


def test_create_describe_delete(ec2):
    made = group(ec2, "near", "cluster")
    assert (made["State"], made["Strategy"]) == ("available", "cluster")
    parts = group(ec2, "apart", "partition", PartitionCount=3)
    assert parts["PartitionCount"] == 3
    assert group(ec2, "far", "spread")["SpreadLevel"] == "rack"
    assert group(ec2, "seven", "partition")["PartitionCount"] == 7
    assert ec2.describe_placement_groups(GroupNames=["near"])["PlacementGroups"] == [made]
    assert ec2.describe_placement_groups(GroupIds=[parts["GroupId"]])["PlacementGroups"] == [parts]
    asked = [{"Name": "strategy", "Values": ["spread"]}]
    (far,) = ec2.describe_placement_groups(Filters=asked)["PlacementGroups"]
    assert far["GroupName"] == "far"
    ec2.delete_placement_group(GroupName="near")
    with refused("InvalidPlacementGroup.Unknown", "The Placement Group 'near' is unknown."):
        ec2.describe_placement_groups(GroupNames=["near"])


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"GroupName": "taken", "Strategy": "spread"}, "InvalidPlacementGroup.Duplicate"),
        ({"GroupName": "x" * 256, "Strategy": "spread"}, "InvalidParameterValue"),
        ({"GroupName": "new", "Strategy": "near"}, "InvalidParameterValue"),
        ({"GroupName": "new", "Strategy": "precision-time"}, "UnsupportedOperation"),
        ({"GroupName": "new", "Strategy": "partition", "PartitionCount": 8}, "InvalidParameterValue"),
        ({"GroupName": "new", "Strategy": "cluster", "PartitionCount": 2}, "InvalidParameterCombination"),
        ({"GroupName": "new", "Strategy": "cluster", "SpreadLevel": "rack"}, "InvalidParameterCombination"),
        ({"GroupName": "new", "Strategy": "spread", "SpreadLevel": "host"}, "UnsupportedOperation"),
        ({"GroupName": "new"}, "MissingParameter"),
        ({"Strategy": "spread"}, "MissingParameter"),
    ],
)
def test_groups_that_cannot_be(ec2, given, code):
    group(ec2, "taken", "cluster")
    with refused(code):
        ec2.create_placement_group(**given)
    assert len(ec2.describe_placement_groups()["PlacementGroups"]) == 1


def test_a_quota(serve):
    ec2 = serve(quotas={"placement_groups": 1}).client()
    group(ec2, "one", "cluster")
    with refused("PlacementGroupLimitExceeded"):
        group(ec2, "two", "cluster")
    assert [g["GroupName"] for g in ec2.describe_placement_groups()["PlacementGroups"]] == ["one"]


def test_in_use_until_all_have_ended(ec2, place):
    group(ec2, "near", "cluster")
    ids = start(ec2, place, "near")
    ec2.stop_instances(InstanceIds=ids)
    with refused(
        "InvalidPlacementGroup.InUse", "The placement group 'near' is in use and may not be deleted."
    ):
        ec2.delete_placement_group(GroupName="near")
    ec2.terminate_instances(InstanceIds=ids)
    ec2.delete_placement_group(GroupName="near")


def test_a_cluster_is_on_one_rack_while_there_is_room(ec2, place):
    group(ec2, "near", "cluster")
    first = start(ec2, place, "near", 6)
    more = start(ec2, place, "near", 6)
    assert len({tuple(nodes) for nodes in racks(ec2, first + more)}) == 1
    beyond = start(ec2, place, "near", 1)
    assert racks(ec2, beyond)[0][:-1] == racks(ec2, first)[0][:-1], "then on the same node"
    shown = ec2.describe_instances(InstanceIds=first)["Reservations"][0]["Instances"][0]["Placement"]
    assert shown["GroupName"] == "near"


def test_a_cluster_stays_in_its_zone(ec2, place):
    group(ec2, "near", "cluster")
    start(ec2, place, "near")
    with refused("InvalidPlacementGroup.InUse", "in use in another availability zone: us-east-1a"):
        start(ec2, place, "near", subnet=place.other)
    with refused(
        "InvalidParameterCombination", "Cluster placement groups are not supported by the 't3.micro'"
    ):
        start(ec2, place, "near", kind="t3.micro")


def test_all_or_nothing_at_the_least(serve):
    ec2 = serve(
        plant={"hosts_per_rack": 1, "racks_per_node": 1, "nodes_per_core": 2, "cores_per_spine": 1}
    ).client()
    place = make_place(ec2)
    group(ec2, "near", "cluster")
    with refused("InsufficientInstanceCapacity", "into Placement Group 'near'"):
        start(ec2, place, "near", 3)
    assert not ec2.describe_instances()["Reservations"]
    ids = start(ec2, place, "near", 3, least=1)
    assert len(ids) == 2
    with refused("InsufficientInstanceCapacity"):
        start(ec2, place, "near", 1)
    with refused("InsufficientInstanceCapacity", "p4d.24xlarge capacity", "us-east-1a"):
        launch(ec2, place, InstanceType="p4d.24xlarge")
    ec2.stop_instances(InstanceIds=ids)
    (other,) = launch(ec2, place, InstanceType="p4d.24xlarge")
    with refused("InsufficientInstanceCapacity"):
        ec2.start_instances(InstanceIds=ids)
    assert all(state(ec2, id) == "stopped" for id in ids)
    ec2.terminate_instances(InstanceIds=[other["InstanceId"]])
    ec2.start_instances(InstanceIds=ids)


def test_what_has_no_room_in_a_cluster_has_it_when_all_have_stopped_and_started(serve):
    two_hosts = {"hosts_per_rack": 2, "racks_per_node": 1, "nodes_per_core": 1, "cores_per_spine": 1}
    ec2 = serve(plant=two_hosts).client()
    place = make_place(ec2)
    group(ec2, "near", "cluster")
    ids = start(ec2, place, "near", 4, kind="c5.12xlarge")
    one, *_, other = ids
    ec2.terminate_instances(InstanceIds=ids[1:3])
    with refused("InsufficientInstanceCapacity", "into Placement Group 'near'"):
        start(ec2, place, "near", kind="c5.24xlarge")
    ec2.stop_instances(InstanceIds=[one, other])
    ec2.start_instances(InstanceIds=[one, other])
    (whole,) = start(ec2, place, "near", kind="c5.24xlarge")
    assert {state(ec2, id) for id in (one, other, whole)} == {"running"}


def test_a_spread_group_needs_as_many_racks(serve):
    ec2 = serve(plant={"racks_per_node": 1, "nodes_per_core": 2, "cores_per_spine": 1}).client()
    place = make_place(ec2)
    group(ec2, "far", "spread")
    with refused("InsufficientInstanceCapacity", "'far'"):
        start(ec2, place, "far", 3)
    assert not ec2.describe_instances()["Reservations"]
    assert len({nodes[-1] for nodes in racks(ec2, start(ec2, place, "far", 2))}) == 2


def test_a_cluster_in_peered_vpcs(ec2, place):
    group(ec2, "near", "cluster")
    other = peered_subnet(ec2, place, "us-east-1a")
    ids = start(ec2, place, "near") + start(ec2, place, "near", subnet=other)
    assert len({tuple(nodes) for nodes in racks(ec2, ids)}) == 1


def test_the_members_zone_holds_in_a_peered_vpc_too(ec2, place):
    group(ec2, "near", "cluster")
    start(ec2, place, "near")
    with refused("InvalidPlacementGroup.InUse", "in use in another availability zone: us-east-1a"):
        start(ec2, place, "near", subnet=peered_subnet(ec2, place, "us-east-1b"))


def peered_subnet(ec2, place, zone):
    """A subnet of another VPC, which is peered with the place's."""
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_vpc_peering_connection(VpcId=place.vpc, PeerVpcId=vpc)["VpcPeeringConnection"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=made["VpcPeeringConnectionId"])
    asked = {"VpcId": vpc, "CidrBlock": "10.9.1.0/24", "AvailabilityZone": zone}
    return ec2.create_subnet(**asked)["Subnet"]["SubnetId"]


def state(ec2, id):
    return ec2.describe_instances(InstanceIds=[id])["Reservations"][0]["Instances"][0]["State"]["Name"]


def test_spread_is_a_rack_each_and_seven_a_zone(ec2, place):
    group(ec2, "far", "spread")
    ids = start(ec2, place, "far", 5) + start(ec2, place, "far", 2)
    assert len({nodes[-1] for nodes in racks(ec2, ids)}) == 7
    with refused("InsufficientInstanceCapacity", "'far'"):
        start(ec2, place, "far")
    with refused("InsufficientInstanceCapacity"):
        start(ec2, place, "far", 8, subnet=place.other)
    assert len(start(ec2, place, "far", 7, subnet=place.other, kind="g6e.xlarge")) == 7
    ec2.stop_instances(InstanceIds=ids[:1])
    (eighth,) = start(ec2, place, "far")
    with refused("InsufficientInstanceCapacity"):
        ec2.start_instances(InstanceIds=ids[:1])
    ec2.terminate_instances(InstanceIds=[eighth])
    ec2.start_instances(InstanceIds=ids[:1])
    with refused("InvalidParameterCombination", "tenancy"):
        start(ec2, place, "far", Tenancy="dedicated")


def partitions(ec2, ids):
    found = {
        i["InstanceId"]: i["Placement"]["PartitionNumber"]
        for r in ec2.describe_instances(InstanceIds=ids)["Reservations"]
        for i in r["Instances"]
    }
    return [found[id] for id in ids]


def test_partitions_share_no_rack(ec2, place):
    group(ec2, "apart", "partition", PartitionCount=3)
    ids = start(ec2, place, "apart", 30)
    numbers = partitions(ec2, ids)
    assert set(Counter(numbers).values()) == {10}
    owners = {}
    for number, nodes in zip(numbers, racks(ec2, ids), strict=True):
        assert owners.setdefault(nodes[-1], number) == number
    chosen = start(ec2, place, "apart", 2, PartitionNumber=2)
    assert partitions(ec2, chosen) == [2, 2]
    asked = [{"Name": "placement-partition-number", "Values": ["2"]}]
    found = [i for r in ec2.describe_instances(Filters=asked)["Reservations"] for i in r["Instances"]]
    assert len(found) == 12
    with refused("InvalidParameterValue", "from 1 to 3"):
        start(ec2, place, "apart", PartitionNumber=4)
    group(ec2, "near", "cluster")
    with refused("InvalidParameterCombination", "partition"):
        start(ec2, place, "near", PartitionNumber=1)
    with refused("InvalidParameterCombination", "2 partitions"):
        start(ec2, place, "apart", Tenancy="dedicated")


def test_group_by_id(ec2, place):
    made = group(ec2, "near", "cluster")
    given = {
        "ImageId": place.image,
        "InstanceType": LARGE,
        "MinCount": 1,
        "MaxCount": 1,
        "SubnetId": place.subnet,
    }
    (one,) = ec2.run_instances(**given, Placement={"GroupId": made["GroupId"]})["Instances"]
    assert one["Placement"]["GroupName"] == "near"
    with refused("InvalidParameterCombination"):
        ec2.run_instances(**given, Placement={"GroupId": made["GroupId"], "GroupName": "near"})
    with refused("InvalidPlacementGroup.Unknown"):
        ec2.run_instances(**given, Placement={"GroupId": "pg-00000000000000000"})
    with refused("InvalidPlacementGroupId.Malformed"):
        ec2.run_instances(**given, Placement={"GroupId": "pg"})
    asked = [{"Name": "placement-group-name", "Values": ["near"]}]
    assert len(ec2.describe_instances(Filters=asked)["Reservations"]) == 1
