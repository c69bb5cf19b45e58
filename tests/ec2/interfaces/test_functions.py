"""Virtual functions of network cards: who has which, what happens when there are none left, who sees it."""

import json
import urllib.error
import urllib.parse
import urllib.request

import pytest

from place import instances, launch, make_place
from refused import refused
from served import Served

FEW = {"hosts_per_rack": 2, "racks_per_node": 1, "nodes_per_core": 1, "cores_per_spine": 1}


def ask(server, page, **given):
    with urllib.request.urlopen(f"{server.url}/_elastinet/{page}?{urllib.parse.urlencode(given)}") as reply:
        return json.loads(reply.read())


def devices(server, id):
    """The driver, the card and the function of each interface of an instance."""
    told = ask(server, "nic", instance=id)["interfaces"]
    return [(one["driver"], one["card"], one["function"]) for one in told]


def host_of(server, id):
    return ask(server, "nic", instance=id)["host"]


def specs(place, count, **more):
    """So many interfaces for a launch, the primary first."""
    return [{"DeviceIndex": index, "SubnetId": place.subnet, **more} for index in range(count)]


def interface(ec2, place):
    made = ec2.create_network_interface(SubnetId=place.subnet)["NetworkInterface"]
    return made["NetworkInterfaceId"]


def attach(ec2, eni, id, index=1, **more):
    return ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=id, DeviceIndex=index, **more)[
        "AttachmentId"
    ]


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    served = Served(tmp_path_factory.mktemp("few"), plant=FEW | {"functions_per_card": 3})
    yield served
    served.stop()


@pytest.fixture
def small(few):
    """A server, as new, with two hosts a zone, whose cards have three functions each."""
    server = few
    server.reset()
    server.ec2 = server.client()
    server.place = make_place(server.ec2)
    return server


@pytest.mark.parametrize(
    ("kind", "count", "expected", "bus"),
    [
        ("c5.large", 2, [("ena", 0, "VF 0"), ("ena", 0, "VF 1")], ["0000:00:05.0", "0000:00:06.0"]),
        ("r4.large", 1, [("ena", 0, "VF 0")], ["0000:00:03.0"]),
        ("c4.large", 2, [("ixgbevf", 0, "VF 0"), ("ixgbevf", 0, "VF 1")], ["0000:00:03.0", "0000:00:04.0"]),
        ("t2.micro", 2, [("vif", 0, None), ("vif", 0, None)], ["vif-0", "vif-1"]),
        ("c5.metal", 2, [("ena", 0, "PF"), ("ena", 0, "PF")], ["0000:00:05.0", "0000:00:06.0"]),
    ],
)
def test_what_a_type_has(small, kind, count, expected, bus):
    given = specs(small.place, count)
    (one,) = launch(small.ec2, small.place, InstanceType=kind, NetworkInterfaces=given)
    assert devices(small, one["InstanceId"]) == expected
    told = ask(small, "nic", instance=one["InstanceId"])
    assert [i["bus_info"] for i in told["interfaces"]] == bus
    assert [i["device"] for i in told["interfaces"]] == ["eth0", "eth1"][:count]
    assert [i["mac"] for i in told["interfaces"]] == [i["MacAddress"] for i in one["NetworkInterfaces"]]


def test_an_attribute_that_is_off_leaves_the_mediated_one(small):
    ec2, place = small.ec2, small.place
    (one,) = launch(ec2, place, InstanceType="r4.large", ImageId=place.no_ena)
    (two,) = launch(ec2, place, InstanceType="c4.large", ImageId=place.no_ena)
    changes = ({"EnaSupport": {"Value": True}}, {"SriovNetSupport": {"Value": "simple"}})
    for instance, change, driver in zip((one, two), changes, ("ena", "ixgbevf"), strict=True):
        id = instance["InstanceId"]
        assert devices(small, id) == [("vif", 0, None)]
        ec2.stop_instances(InstanceIds=[id])
        ec2.modify_instance_attribute(InstanceId=id, **change)
        ec2.start_instances(InstanceIds=[id])
        assert devices(small, id) == [(driver, 0, "VF 0")]


def test_from_start_to_stop(small):
    ec2, id = small.ec2, launch(small.ec2, small.place)[0]["InstanceId"]
    eni = interface(ec2, small.place)
    ec2.stop_instances(InstanceIds=[id])
    attach(ec2, eni, id)
    assert host_of(small, id) is None
    assert devices(small, id) == [("ena", None, None)] * 2
    assert ask(small, "plant")["used"] == []
    ec2.start_instances(InstanceIds=[id])
    assert devices(small, id) == [("ena", 0, "VF 0"), ("ena", 0, "VF 1")]


def test_the_lowest_free_one_is_handed_out(small):
    ec2, place = small.ec2, small.place
    given = specs(place, 3)
    (one,) = launch(ec2, place, NetworkInterfaces=given)
    id, second = one["InstanceId"], one["NetworkInterfaces"][1]
    ec2.detach_network_interface(AttachmentId=second["Attachment"]["AttachmentId"])
    assert devices(small, id) == [("ena", 0, "VF 0"), ("ena", 0, "VF 2")]
    attach(ec2, interface(ec2, place), id, 5)
    assert devices(small, id)[-1] == ("ena", 0, "VF 1")


def test_no_function_no_attach(small):
    ec2, place = small.ec2, small.place
    ids = [i["InstanceId"] for i in launch(ec2, place, 3)]
    assert len({host_of(small, id) for id in ids}) == 1
    eni = interface(ec2, place)
    before = ec2.describe_network_interfaces()["NetworkInterfaces"]
    with refused("InsufficientInstanceCapacity", ids[0], "network card 0 has no virtual function left"):
        attach(ec2, eni, ids[0])
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == before
    ec2.terminate_instances(InstanceIds=[ids[1]])
    attach(ec2, eni, ids[0])
    assert devices(small, ids[0]) == [("ena", 0, "VF 0"), ("ena", 0, "VF 1")]


def test_the_refusal_is_a_fault_of_the_server(small):
    ec2, place = small.ec2, small.place
    (one,) = launch(ec2, place, NetworkInterfaces=specs(place, 3), InstanceType="c5.xlarge")
    with pytest.raises(Exception, match="InsufficientInstanceCapacity") as caught:
        attach(ec2, interface(ec2, place), one["InstanceId"], 3)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


def test_a_launch_goes_where_there_are_enough(small):
    ec2, place = small.ec2, small.place
    one, two, three = (
        launch(ec2, place, NetworkInterfaces=specs(place, n))[0]["InstanceId"] for n in (2, 2, 1)
    )
    assert host_of(small, one) != host_of(small, two)
    launch(ec2, place)
    with refused("InsufficientInstanceCapacity", "c5.large capacity", "us-east-1a"):
        launch(ec2, place)
    assert len(ec2.describe_instances()["Reservations"]) == 4
    ec2.stop_instances(InstanceIds=[three])
    launch(ec2, place)
    with refused("InsufficientInstanceCapacity"):
        ec2.start_instances(InstanceIds=[three])
    assert instances(ec2, three)[0]["State"]["Name"] == "stopped"


def test_more_than_any_card_has(small):
    ec2, place = small.ec2, small.place
    with refused("InsufficientInstanceCapacity"):
        launch(ec2, place, InstanceType="c5.xlarge", NetworkInterfaces=specs(place, 4))
    assert ec2.describe_instances()["Reservations"] == []
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def test_what_is_mediated_takes_none(small):
    launched = launch(small.ec2, small.place, 8, InstanceType="t2.micro")
    assert len({host_of(small, one["InstanceId"]) for one in launched}) == 1
    (rack,) = ask(small, "plant")["used"]
    (card,) = rack["hosts"][0]["cards"]
    assert card == {"card": 0, "functions": 3, "in_use": 0}


@pytest.mark.parametrize(("cards", "expected"), [(None, [0, 1]), (2, [0, 1]), (1, [0, 0])])
def test_the_network_card_that_is_asked_for(serve, cards, expected):
    server = serve(plant=FEW | ({"cards_per_host": cards} if cards else {}))
    ec2 = server.client()
    place = make_place(ec2)
    given = specs(place, 1) + specs(place, 1, NetworkCardIndex=1)
    (one,) = launch(ec2, place, InstanceType="c6in.32xlarge", NetworkInterfaces=given)
    told = ask(server, "nic", instance=one["InstanceId"])["interfaces"]
    assert [i["card"] for i in told] == expected
    assert [i["network_card"] for i in told] == [0, 1]
    assert [i["function"] for i in told] == (["VF 0", "VF 1"] if cards == 1 else ["VF 0", "VF 0"])
    (rack,) = ask(server, "plant")["used"]
    assert sum(card["in_use"] for card in rack["hosts"][0]["cards"]) == 2


def test_a_restart_finds_them_as_they_were(serve, tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    server = serve(state=str(state), plant=FEW | {"functions_per_card": 2})
    ec2 = server.client()
    place = make_place(ec2)
    one, two = (i["InstanceId"] for i in launch(ec2, place, 2))
    ec2.terminate_instances(InstanceIds=[one])
    server.process.terminate()
    server.process.wait(10)
    server.start()
    assert devices(server, two) == [("ena", 0, "VF 1")]
    (three,) = launch(ec2, place)
    assert host_of(server, three["InstanceId"]) == host_of(server, two)
    assert devices(server, three["InstanceId"]) == [("ena", 0, "VF 0")]
    with refused("InsufficientInstanceCapacity"):
        attach(ec2, interface(ec2, place), two)


def test_would_it_fit(small):
    told = ask(small, "place", type="c5.large", count=7)
    assert (told["fits"], told["short"]) == (False, "there is room for 6 of 7")
    assert ask(small, "place", type="t2.micro", count=7)["fits"]


def test_by_name(small):
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "my web"}]}]
    (one,) = launch(small.ec2, small.place, TagSpecifications=tags)
    assert ask(small, "nic", instance="my web")["instance"] == one["InstanceId"]
    launch(small.ec2, small.place, TagSpecifications=tags)
    for name, sentence in (("my web", "2 instances are called"), ("nobody", "there is no instance nobody")):
        with pytest.raises(urllib.error.HTTPError) as caught:
            ask(small, "nic", instance=name)
        with caught.value as error:
            assert sentence in json.loads(error.read())["error"]
