"""Dedicated Hosts, and instances that are moved among hosts, groups and tenancies."""

import pytest

from place import instances, launch, make_place
from refused import refused

KIND = "m5.12xlarge"


@pytest.fixture
def place(ec2):
    return make_place(ec2)


def allocate(ec2, **more):
    given = {"AvailabilityZone": "us-east-1a", "InstanceType": KIND} | more
    return ec2.allocate_hosts(**given)["HostIds"]


def host(ec2, id):
    (found,) = ec2.describe_hosts(HostIds=[id])["Hosts"]
    return found


def on_host(ec2, place, **placement):
    return launch(ec2, place, InstanceType=KIND, Placement={"Tenancy": "host", **placement})[0]


def test_allocate_describe_release(ec2):
    one, two = allocate(
        ec2,
        Quantity=2,
        TagSpecifications=[{"ResourceType": "dedicated-host", "Tags": [{"Key": "a", "Value": "b"}]}],
    )
    found = host(ec2, one)
    assert (found["State"], found["AutoPlacement"], found["AvailabilityZone"]) == (
        "available",
        "on",
        "us-east-1a",
    )
    assert found["HostProperties"]["InstanceType"] == KIND
    assert found["Tags"] == [{"Key": "a", "Value": "b"}]
    (left,) = found["AvailableCapacity"]["AvailableInstanceCapacity"]
    assert left == {"InstanceType": KIND, "AvailableCapacity": 2, "TotalCapacity": 2}
    assert ec2.release_hosts(HostIds=[one, two])["Successful"] == [one, two]
    assert host(ec2, one)["State"] == "released"
    (failed,) = ec2.release_hosts(HostIds=[one])["Unsuccessful"]
    assert failed["Error"]["Code"] == "Client.InvalidHostID.NotFound"


def test_a_token_allocates_once(ec2):
    assert allocate(ec2, ClientToken="t") == allocate(ec2, ClientToken="t")
    assert len(ec2.describe_hosts()["Hosts"]) == 1


def test_instances_on_hosts(ec2, place):
    with refused("InsufficientInstanceCapacity"):
        on_host(ec2, place)
    (id,) = allocate(ec2)
    one, two = on_host(ec2, place), on_host(ec2, place, HostId=id, Affinity="host")
    assert one["Placement"]["HostId"] == two["Placement"]["HostId"] == id
    assert (two["Placement"]["Affinity"], two["Placement"]["Tenancy"]) == ("host", "host")
    assert {i["InstanceId"] for i in host(ec2, id)["Instances"]} == {one["InstanceId"], two["InstanceId"]}
    with refused("InsufficientInstanceCapacity"):
        on_host(ec2, place, HostId=id)
    with refused("InvalidParameterValue", f"is for {KIND}"):
        launch(ec2, place, InstanceType="m5.large", Placement={"Tenancy": "host", "HostId": id})
    (failed,) = ec2.release_hosts(HostIds=[id])["Unsuccessful"]
    assert failed["Error"]["Code"] == "Client.InvalidHost.Occupied"
    ec2.terminate_instances(InstanceIds=[one["InstanceId"], two["InstanceId"]])
    assert ec2.release_hosts(HostIds=[id])["Successful"] == [id]


def test_a_host_without_auto_placement_takes_who_names_it(ec2, place):
    (id,) = allocate(ec2, AutoPlacement="off")
    with refused("InsufficientInstanceCapacity"):
        on_host(ec2, place)
    assert on_host(ec2, place, HostId=id)["Placement"]["HostId"] == id
    assert ec2.modify_hosts(HostIds=[id], AutoPlacement="on")["Successful"] == [id]
    assert on_host(ec2, place)["Placement"]["HostId"] == id


def test_a_family_s_host_takes_all_its_types(ec2, place):
    (id,) = ec2.allocate_hosts(AvailabilityZone="us-east-1a", InstanceFamily="m5")["HostIds"]
    assert host(ec2, id)["HostProperties"]["InstanceFamily"] == "m5"
    assert on_host(ec2, place)["Placement"]["HostId"] == id
    (small,) = launch(ec2, place, InstanceType="m5.large", Placement={"Tenancy": "host"})
    assert small["Placement"]["HostId"] == id


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"InstanceFamily": "m5"}, "InvalidParameterCombination"),
        ({"InstanceType": "t1.micro"}, "InvalidParameterValue"),
        ({"InstanceType": None, "InstanceFamily": "zz9"}, "InvalidParameterValue"),
        ({"AvailabilityZone": "us-east-1z"}, "InvalidParameterValue"),
        ({"Quantity": 0}, "InvalidParameterValue"),
        ({"Quantity": 11}, "HostLimitExceeded"),
        ({"AutoPlacement": "perhaps"}, "InvalidParameterValue"),
    ],
)
def test_hosts_that_cannot_be(ec2, given, code):
    asked = {"AvailabilityZone": "us-east-1a", "InstanceType": KIND} | given
    with refused(code):
        ec2.allocate_hosts(**{name: value for name, value in asked.items() if value is not None})
    assert not ec2.describe_hosts()["Hosts"]


def test_dedicated_instances_share_hosts_with_their_own_account_only(ec2, place):
    (one,) = launch(ec2, place, InstanceType=KIND, Placement={"Tenancy": "dedicated"})
    assert one["Placement"]["Tenancy"] == "dedicated"
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16", InstanceTenancy="dedicated")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.1.0/24")["Subnet"]["SubnetId"]
    (two,) = launch(ec2, place, InstanceType=KIND, SubnetId=subnet)
    assert two["Placement"]["Tenancy"] == "dedicated"


def modify(ec2, instance, **changes):
    return ec2.modify_instance_placement(InstanceId=instance, **changes)


def placement(ec2, id):
    (found,) = instances(ec2, id)
    return found["Placement"]


def test_a_stopped_instance_changes_its_group(ec2, place):
    for name, strategy in (("near", "cluster"), ("apart", "partition")):
        ec2.create_placement_group(GroupName=name, Strategy=strategy)
    (one,) = launch(ec2, place, Placement={"GroupName": "near"})
    id = one["InstanceId"]
    with refused("IncorrectInstanceState", "is not in the 'stopped' state."):
        modify(ec2, id, GroupName="apart")
    ec2.stop_instances(InstanceIds=[id])
    modify(ec2, id, GroupName="apart", PartitionNumber=3)
    assert (placement(ec2, id)["GroupName"], placement(ec2, id)["PartitionNumber"]) == ("apart", 3)
    with refused("InvalidParameterValue"):
        modify(ec2, id, PartitionNumber=9)
    ec2.start_instances(InstanceIds=[id])
    assert placement(ec2, id)["PartitionNumber"] == 3
    ec2.stop_instances(InstanceIds=[id])
    modify(ec2, id, GroupName="")
    assert placement(ec2, id)["GroupName"] == ""
    with refused("InvalidPlacementGroup.Unknown"):
        modify(ec2, id, GroupName="nowhere")
    with refused("MissingParameter"):
        modify(ec2, id)
    with refused("InvalidInstanceID.NotFound"):
        modify(ec2, "i-00000000000000000", GroupName="near")


def test_a_stopped_instance_goes_to_a_host_and_stays_on_hosts(ec2, place):
    (id,) = allocate(ec2)
    (one,) = launch(ec2, place, InstanceType=KIND)
    ec2.stop_instances(InstanceIds=[one["InstanceId"]])
    modify(ec2, one["InstanceId"], HostId=id)
    ec2.start_instances(InstanceIds=[one["InstanceId"]])
    found = placement(ec2, one["InstanceId"])
    assert (found["HostId"], found["Tenancy"], found["Affinity"]) == (id, "host", "host")
    ec2.stop_instances(InstanceIds=[one["InstanceId"]])
    with refused("InvalidRequest", "from host to default"):
        modify(ec2, one["InstanceId"], Tenancy="default")
    with refused("InvalidParameterValue"):
        modify(ec2, one["InstanceId"], Tenancy="mine")


def test_topology(ec2, place):
    shown = [launch(ec2, place, InstanceType=kind)[0] for kind in ("g6e.xlarge", "g6e.xlarge", "m5.large")]
    ids = [one["InstanceId"] for one in shown]
    found = {i["InstanceId"]: i for i in ec2.describe_instance_topology(InstanceIds=ids)["Instances"]}
    one, two, plain = (found[id] for id in ids)
    assert len(one["NetworkNodes"]) == 3
    assert all(node.startswith("nn-") for node in one["NetworkNodes"])
    assert one["NetworkNodes"] == two["NetworkNodes"], "two small ones share a host"
    assert (one["ZoneId"], one["AvailabilityZone"]) == ("use1-az2", "us-east-1a")
    assert plain["NetworkNodes"] == []
    asked = [{"Name": "instance-type", "Values": ["g6e.*"]}]
    assert len(ec2.describe_instance_topology(Filters=asked)["Instances"]) == 2
    page = ec2.describe_instance_topology(MaxResults=1)
    assert len(page["Instances"]) == 1
    assert ec2.describe_instance_topology(MaxResults=5, NextToken=page["NextToken"])["Instances"]
    with refused("InvalidParameterCombination"):
        ec2.describe_instance_topology(MaxResults=1, InstanceIds=ids)
    with refused("InvalidParameterValue"):
        ec2.describe_instance_topology(InstanceIds=["i-00000000000000000"] * 101)
    ec2.stop_instances(InstanceIds=ids[:1])
    (stopped,) = ec2.describe_instance_topology(InstanceIds=ids[:1])["Instances"]
    assert stopped["NetworkNodes"] == []
