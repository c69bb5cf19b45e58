"""Hardware that fails: what EC2 shows of it, and how instances get away."""

import json
import urllib.error
import urllib.request

import pytest

from place import instances, launch, make_place

KIND = "m5.24xlarge"


@pytest.fixture
def ec2(alone):
    return alone


@pytest.fixture
def place(ec2):
    return make_place(ec2)


def ask(hardware, page, method="GET"):
    request = urllib.request.Request(f"{hardware.url}/_elastinet/{page}", method=method)
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.loads(reply.read())


def refused(hardware, page, method="POST"):
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(hardware, page, method)
    with caught.value as error:
        assert error.code == 400
        return json.loads(error.read())["error"]


def statuses(ec2, id):
    (found,) = ec2.describe_instance_status(InstanceIds=[id], IncludeAllInstances=True)["InstanceStatuses"]
    return found["SystemStatus"]["Status"], found["InstanceStatus"]["Status"]


def rack_of(hardware, id):
    for rack in ask(hardware, "plant?zone=use1-az2")["used"]:
        for host in rack["hosts"]:
            if id in [one["id"] for one in host["instances"]]:
                return rack["rack"], host["host"]
    raise LookupError(id)


@pytest.mark.parametrize("kind", ["power", "network"])
def test_a_rack_fails_and_is_repaired(hardware, ec2, place, kind):
    one = launch(ec2, place, InstanceType=KIND)[0]["InstanceId"]
    rack, _ = rack_of(hardware, one)
    assert statuses(ec2, one) == ("ok", "ok")
    told = ask(hardware, f"fail?unit={rack}&kind={kind}", "POST")
    assert told["instances"] == [one]
    assert statuses(ec2, one) == ("impaired", "impaired")
    asked = [{"Name": "system-status.status", "Values": ["impaired"]}]
    (found,) = ec2.describe_instance_status(Filters=asked)["InstanceStatuses"]
    (detail,) = found["SystemStatus"]["Details"]
    assert (detail["Name"], detail["Status"]) == ("reachability", "failed")
    assert detail["ImpairedSince"]
    assert instances(ec2, one)[0]["State"]["Name"] == "running"
    other = launch(ec2, place, InstanceType=KIND)[0]["InstanceId"]
    assert rack_of(hardware, other)[0] != rack, "nothing new goes there"
    ask(hardware, f"repair?unit={rack}", "POST")
    assert statuses(ec2, one) == ("ok", "ok")


def test_a_stop_and_a_start_lead_to_other_hardware(hardware, ec2, place):
    one = launch(ec2, place, InstanceType=KIND)[0]["InstanceId"]
    rack, _ = rack_of(hardware, one)
    ask(hardware, f"fail?unit={rack}", "POST")
    ec2.stop_instances(InstanceIds=[one])
    assert instances(ec2, one)[0]["State"]["Name"] == "stopped"
    ec2.start_instances(InstanceIds=[one])
    assert rack_of(hardware, one)[0] != rack
    assert statuses(ec2, one) == ("ok", "ok")
    ask(hardware, f"repair?unit={rack}", "POST")


def test_failures_inside_failures(hardware, ec2, place):
    one = launch(ec2, place, InstanceType=KIND)[0]["InstanceId"]
    rack, host = rack_of(hardware, one)
    ask(hardware, f"fail?unit={host}", "POST")
    ask(hardware, f"fail?unit={rack}&kind=network", "POST")
    ask(hardware, f"repair?unit={rack}", "POST")
    assert statuses(ec2, one) == ("impaired", "impaired"), "its host has not been repaired"
    ask(hardware, f"repair?unit={host}", "POST")
    assert statuses(ec2, one) == ("ok", "ok")


def test_a_whole_zone(hardware, ec2, place):
    one = launch(ec2, place, InstanceType=KIND)[0]["InstanceId"]
    ask(hardware, "fail?unit=use1-az2", "POST")
    assert statuses(ec2, one) == ("impaired", "impaired")
    with pytest.raises(Exception, match="InsufficientInstanceCapacity"):
        launch(ec2, place, InstanceType=KIND)
    launch(ec2, place, InstanceType="m5.large", SubnetId=place.other)
    ask(hardware, "repair?unit=use1-az2", "POST")
    launch(ec2, place, InstanceType=KIND)


def test_what_is_not_there(hardware, ec2):
    for unit in ("use1-az2-rack-32", "use1-az9-rack-1", "use1-az2-shelf-1", "rack", ""):
        assert "there is no" in refused(hardware, f"fail?unit={unit}")
    assert "has not failed" in refused(hardware, "repair?unit=use1-az2-rack-1")
    assert "power or network" in refused(hardware, "fail?unit=use1-az2-rack-1&kind=water")


def test_would_it_fit(hardware, ec2):
    told = ask(hardware, "place?type=c5n.18xlarge&count=12&strategy=cluster&zone=use1-az2")
    assert told["fits"]
    assert list(told["racks"].values()) == [12]
    assert not ask(hardware, "place?type=c5n.metal&count=400&strategy=cluster&zone=use1-az2")["fits"]
    far = ask(hardware, "place?type=c5n.large&count=8&strategy=spread&zone=use1-az2")
    assert (far["fits"], far["short"]) == (False, "there is room for 7 of 8")
    assert len(ask(hardware, "place?type=c5n.large&count=70&strategy=partition")["racks"]) == 7
    assert "no instance type" in refused(hardware, "place?type=c99.large", "GET")
    assert "no zone" in refused(hardware, "place?type=c5.large&zone=mars", "GET")
    assert "strategy" in refused(hardware, "place?type=c5.large&strategy=near", "GET")
    assert "count" in refused(hardware, "place?type=c5.large&count=0", "GET")


def test_would_it_fit_into_a_group(hardware, ec2, place):
    zone = "us-east-1a"
    for name, strategy, more in (
        ("near", "cluster", {}), ("far", "spread", {}), ("parts", "partition", {"PartitionCount": 2})
    ):  # fmt: skip
        ec2.create_placement_group(GroupName=name, Strategy=strategy, **more)
        launch(ec2, place, 2, InstanceType=KIND, Placement={"GroupName": name})

    def fits(name, count, kind=KIND):
        told = ask(hardware, f"place?type={kind}&count={count}&group={name}&zone={zone}")
        assert told["fits"] == (told["short"] == "")
        return told["fits"], set(told["racks"])

    def told_racks():
        return {rack["rack"] for rack in ask(hardware, f"plant?zone={zone}")["used"]}

    taken = told_racks()
    assert fits("far", 5)[0]
    assert not fits("far", 5)[1] & taken
    assert not fits("far", 6)[0], "seven are the most, and two are there"
    (home,) = fits("near", 10)[1]
    assert home in taken, "where the members are there is room for so many"
    assert fits("near", 11) == (True, fits("near", 11)[1] - {home})
    assert len(fits("parts", 2)[1]) == 2
    assert told_racks() == taken, "nothing was launched"
    page = f"place?type=t3.micro&group=near&zone={zone}"
    assert "Cluster placement groups are not supported by the 't3.micro'" in refused(hardware, page, "GET")
    page = f"place?type={KIND}&group=near&zone=us-east-1b"
    assert "is in use in another availability zone: us-east-1a" in refused(hardware, page, "GET")
    assert "no placement group" in refused(hardware, f"place?type={KIND}&group=gone", "GET")
    make_group = hardware.client().create_placement_group
    made = make_group(GroupName="near", Strategy="cluster")["PlacementGroup"]["GroupId"]
    assert "several accounts" in refused(hardware, f"place?type={KIND}&group=near", "GET")
    assert fits(made, 12)[0]
