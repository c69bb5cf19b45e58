"""Elastic Fabric Adapters in both editions: where they may be, how many, and what an EFA-only one lacks."""

import pytest

from place import instances, interface, launch, make_place
from refused import refused

ONE_CARD, TWO_CARDS, NO_EFA = "c5n.18xlarge", "c6in.32xlarge", "c5.large"
NO_ADDRESSES = "EFA-only network interfaces do not support IP addresses."
PRIVATE = ("PrivateIpAddress", "PrivateDnsName", "Ipv6Address", "Association", "PublicDnsName")


@pytest.fixture
def place(ec2):
    return make_place(ec2)


@pytest.fixture
def today(ec2_2026):
    return make_place(ec2_2026)


def card(place, number=0, index=0, kind="efa", **more):
    """An interface of a launch."""
    where = {"NetworkCardIndex": number, "DeviceIndex": index, "SubnetId": place.subnet}
    return where | {"InterfaceType": kind} | more


def free(ec2, place, kind="efa", **more):
    """An interface that is attached to nothing."""
    made = ec2.create_network_interface(SubnetId=place.subnet, InterfaceType=kind, **more)
    return made["NetworkInterface"]["NetworkInterfaceId"]


def stopped(ec2, place, *cards, **more):
    """An instance that has stopped, and the ids of its interfaces."""
    given = {"InstanceType": ONE_CARD, **({"NetworkInterfaces": cards} if cards else {})} | more
    (instance,) = launch(ec2, place, **given)
    ec2.stop_instances(InstanceIds=[instance["InstanceId"]])
    return instance["InstanceId"], [i["NetworkInterfaceId"] for i in instance["NetworkInterfaces"]]


def attach(ec2, id, instance, index=1, number=0):
    where = {"DeviceIndex": index, "NetworkCardIndex": number}
    return ec2.attach_network_interface(NetworkInterfaceId=id, InstanceId=instance, **where)["AttachmentId"]


def types(ec2, instance):
    """The types of an instance's interfaces, as both views tell them."""
    (seen,) = instances(ec2, instance)
    told = [i["InterfaceType"] for i in seen["NetworkInterfaces"]]
    assert told == [
        interface(ec2, i["NetworkInterfaceId"])["InterfaceType"] for i in seen["NetworkInterfaces"]
    ]
    return told


def retype(ec2, instance, name):
    ec2.modify_instance_attribute(InstanceId=instance, InstanceType={"Value": name})


def test_created_and_found(ec2, place):
    """Its other half is an ordinary interface, with addresses and a public one if asked for."""
    id = free(ec2, place, SecondaryPrivateIpAddressCount=2)
    free(ec2, place, "interface")
    asked = [{"Name": "interface-type", "Values": ["efa"]}]
    (found,) = ec2.describe_network_interfaces(Filters=asked)["NetworkInterfaces"]
    assert (found["NetworkInterfaceId"], found["InterfaceType"]) == (id, "efa")
    assert len(found["PrivateIpAddresses"]) == 3
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.associate_address(AllocationId=address, NetworkInterfaceId=id)
    assert "PublicIp" in interface(ec2, id)["Association"]
    ec2.delete_network_interface(NetworkInterfaceId=id)


def test_at_launch(ec2, place):
    (one,) = launch(ec2, place, InstanceType=ONE_CARD, NetworkInterfaces=[card(place)])
    assert types(ec2, one["InstanceId"]) == ["efa"]
    existing = {"DeviceIndex": 1, "NetworkInterfaceId": free(ec2, place)}
    given = [card(place, kind="interface"), existing]
    (other,) = launch(ec2, place, InstanceType=ONE_CARD, NetworkInterfaces=given)
    assert types(ec2, other["InstanceId"]) == ["interface", "efa"]
    bonds = [i["Attachment"]["Status"] for i in other["NetworkInterfaces"]]
    assert bonds == ["attached", "attached"]


def test_attached_and_detached_while_stopped_only(ec2, place):
    (made,) = launch(ec2, place, InstanceType=ONE_CARD)
    instance, id = made["InstanceId"], free(ec2, place)
    with refused("IncorrectState", f"Instance '{instance}' is not 'stopped'."):
        attach(ec2, id, instance)
    attach(ec2, free(ec2, place, "interface"), instance, 2)
    ec2.stop_instances(InstanceIds=[instance])
    attachment = attach(ec2, id, instance)
    ec2.start_instances(InstanceIds=[instance])
    for force in (False, True):
        with refused("IncorrectState", f"Instance '{instance}' is not 'stopped'."):
            ec2.detach_network_interface(AttachmentId=attachment, Force=force)
    assert types(ec2, instance) == ["interface", "efa", "interface"]
    ec2.stop_instances(InstanceIds=[instance])
    ec2.detach_network_interface(AttachmentId=attachment)
    assert interface(ec2, id)["Status"] == "available"
    assert types(ec2, instance) == ["interface", "interface"]


def test_types_without_it(ec2, place):
    sentence = f"EFA interfaces are not supported on {NO_EFA}"
    with refused("UnsupportedOperation", sentence):
        launch(ec2, place, InstanceType=NO_EFA, NetworkInterfaces=[card(place)])
    instance, _ = stopped(ec2, place, InstanceType=NO_EFA)
    id = free(ec2, place)
    with refused("UnsupportedOperation", sentence):
        attach(ec2, id, instance)
    with_efa, _ = stopped(ec2, place, card(place))
    with refused("UnsupportedOperation", sentence):
        retype(ec2, with_efa, NO_EFA)
    retype(ec2, with_efa, "c6in.32xlarge")
    retype(ec2, instance, ONE_CARD)
    attach(ec2, id, instance)


def test_classic_bears_one(ec2, place):
    """Also where there are several cards."""
    with refused("AttachmentLimitExceeded", f"EFA interface count 2 exceeds the limit for {TWO_CARDS}"):
        launch(ec2, place, InstanceType=TWO_CARDS, NetworkInterfaces=[card(place), card(place, 1)])
    instance, _ = stopped(ec2, place, card(place), InstanceType=TWO_CARDS)
    with refused("AttachmentLimitExceeded", f"EFA interface count 2 exceeds the limit for {TWO_CARDS}"):
        attach(ec2, free(ec2, place), instance, 0, 1)
    attach(ec2, free(ec2, place, "interface"), instance, 0, 1)


def test_classic_knows_no_efa_only(ec2, place):
    for ask in (
        lambda: free(ec2, place, "efa-only"),
        lambda: launch(ec2, place, NetworkInterfaces=[card(place), card(place, index=1, kind="efa-only")]),
    ):
        with refused("UnsupportedOperation", "'efa-only' is not in the edition 'classic'"):
            ask()


def test_today_one_for_each_card(ec2_2026, today):
    ec2, place = ec2_2026, today
    instance, _ = stopped(ec2, place, card(place), card(place, 1, 1, "efa-only"), InstanceType=TWO_CARDS)
    assert types(ec2, instance) == ["efa", "efa-only"]
    limit = f"EFA interface count 2 exceeds the limit for network card 0 of {TWO_CARDS}"
    with refused("AttachmentLimitExceeded", limit):
        attach(ec2, free(ec2, place), instance, 1)
    with refused("AttachmentLimitExceeded", limit):
        cards = [card(place), card(place, index=1, kind="efa-only")]
        launch(ec2, place, InstanceType=TWO_CARDS, NetworkInterfaces=cards)
    with refused("AttachmentLimitExceeded", f"network card 1 of {ONE_CARD}"):
        retype(ec2, instance, ONE_CARD)
    retype(ec2, instance, "c6in.metal")
    ec2.start_instances(InstanceIds=[instance])
    assert types(ec2, instance) == ["efa", "efa-only"]


def test_no_more_than_the_type_has(ec2_2026, today):
    """Both cards of an i7ie.48xlarge can have one, but only one of them at a time."""
    cards = [card(today), card(today, 1)]
    with refused("AttachmentLimitExceeded", "EFA interface count 2 exceeds the limit for i7ie.48xlarge"):
        launch(ec2_2026, today, InstanceType="i7ie.48xlarge", NetworkInterfaces=cards)
    launch(ec2_2026, today, InstanceType="i7ie.48xlarge", NetworkInterfaces=cards[:1])


def test_cards_without_it(ec2_2026, today):
    """The first card of a p6-b300.48xlarge is for IP only."""
    kind = {"InstanceType": "p6-b300.48xlarge"}
    with refused("AttachmentLimitExceeded", "network card 0 of p6-b300.48xlarge"):
        launch(ec2_2026, today, NetworkInterfaces=[card(today)], **kind)
    cards = [card(today, kind="interface"), *(card(today, n, kind="efa-only") for n in range(1, 17))]
    (made,) = launch(ec2_2026, today, NetworkInterfaces=cards, **kind)
    assert types(ec2_2026, made["InstanceId"]) == ["interface"] + ["efa-only"] * 16


def test_as_the_guide_lays_out_a_p5(ec2_2026, today):
    """33 interfaces, one of them with an address; each counts as an ENI of its card."""
    cards = [
        card(today, kind="interface"),
        card(today, index=1, kind="efa-only"),
        *(card(today, n, kind="efa-only") for n in range(1, 32)),
    ]
    with refused("AttachmentLimitExceeded", "Interface count 3 exceeds the limit for p5.48xlarge"):
        more = [*cards, card(today, index=2, kind="interface")]
        launch(ec2_2026, today, InstanceType="p5.48xlarge", NetworkInterfaces=more)
    (made,) = launch(ec2_2026, today, InstanceType="p5.48xlarge", NetworkInterfaces=cards)
    told = made["NetworkInterfaces"]
    assert [i["InterfaceType"] for i in told].count("efa-only") == 32
    assert [i["PrivateIpAddress"] for i in told if "PrivateIpAddress" in i] == [made["PrivateIpAddress"]]
    assert {i["Attachment"]["Status"] for i in told} == {"attached"}
    by_card = [{"Name": "network-interface.attachment.network-card-index", "Values": ["31"]}]
    assert ec2_2026.describe_instances(Filters=by_card)["Reservations"]
    ec2_2026.terminate_instances(InstanceIds=[made["InstanceId"]])
    left = [{"Name": "interface-type", "Values": ["efa-only"]}]
    assert ec2_2026.describe_network_interfaces(Filters=left)["NetworkInterfaces"] == []


def test_efa_only_has_no_addresses(ec2_2026, today):
    """Not even in a subnet that gives IPv6 addresses and public ones unasked."""
    ec2, place = ec2_2026, today
    ec2.modify_subnet_attribute(SubnetId=place.subnet, MapPublicIpOnLaunch={"Value": True})
    before = ec2.describe_subnets(SubnetIds=[place.subnet])["Subnets"][0]["AvailableIpAddressCount"]
    id = free(ec2, place, "efa-only", Description="fabric", Groups=[place.group])
    subnet = ec2.describe_subnets(SubnetIds=[place.subnet])["Subnets"][0]
    assert subnet["AvailableIpAddressCount"] == before
    seen = interface(ec2, id)
    assert (seen["PrivateIpAddresses"], seen["Ipv6Addresses"]) == ([], [])
    assert [name for name in PRIVATE if name in seen] == []
    assert (seen["Description"], seen["Groups"][0]["GroupId"]) == ("fabric", place.group)
    for asked in (
        {"PrivateIpAddress": "10.0.1.9"},
        {"SecondaryPrivateIpAddressCount": 1},
        {"Ipv4PrefixCount": 1},
        {"Ipv6AddressCount": 1},
        {"EnablePrimaryIpv6": True},
    ):
        with refused("InvalidParameterCombination", NO_ADDRESSES):
            free(ec2, place, "efa-only", **asked)
    for asked in ({"AssociatePublicIpAddress": True}, {"PrivateIpAddress": "10.0.1.9"}):
        with refused("InvalidParameterCombination"):
            cards = [card(place), card(place, 1, kind="efa-only", **asked)]
            launch(ec2, place, InstanceType=TWO_CARDS, NetworkInterfaces=cards)


def test_nothing_leads_to_efa_only(ec2_2026, today):
    ec2, place = ec2_2026, today
    id = free(ec2, place, "efa-only")
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    table = ec2.create_route_table(VpcId=place.vpc)["RouteTable"]["RouteTableId"]
    route = {"RouteTableId": table, "DestinationCidrBlock": "192.0.2.0/24"}
    for ask in (
        lambda **eni: ec2.assign_private_ip_addresses(SecondaryPrivateIpAddressCount=1, **eni),
        lambda **eni: ec2.assign_private_ip_addresses(Ipv4PrefixCount=1, **eni),
        lambda **eni: ec2.assign_ipv6_addresses(Ipv6AddressCount=1, **eni),
        lambda **eni: ec2.associate_address(AllocationId=address, **eni),
        lambda **eni: ec2.create_route(**route, **eni),
        lambda **eni: ec2.modify_network_interface_attribute(AssociatePublicIpAddress=True, **eni),
        lambda **eni: ec2.modify_network_interface_attribute(EnablePrimaryIpv6=True, **eni),
    ):
        with refused("InvalidParameterCombination", NO_ADDRESSES):
            ask(NetworkInterfaceId=id)
    ec2.modify_network_interface_attribute(NetworkInterfaceId=id, Groups=[place.group])


def test_efa_only_is_never_the_primary(ec2_2026, today):
    id = free(ec2_2026, today, "efa-only")
    for first in (card(today, kind="efa-only"), {"DeviceIndex": 0, "NetworkInterfaceId": id}):
        with refused("InvalidParameterCombination", "cannot be the primary network interface"):
            launch(ec2_2026, today, InstanceType=ONE_CARD, NetworkInterfaces=[first])


def test_efa_only_comes_and_goes_while_stopped(ec2_2026, today):
    instance, _ = stopped(ec2_2026, today)
    id = free(ec2_2026, today, "efa-only")
    attachment = attach(ec2_2026, id, instance, 1)
    ec2_2026.start_instances(InstanceIds=[instance])
    assert interface(ec2_2026, id)["Attachment"]["Status"] == "attached"
    with refused("IncorrectState", "is not 'stopped'"):
        ec2_2026.detach_network_interface(AttachmentId=attachment)
    ec2_2026.stop_instances(InstanceIds=[instance])
    ec2_2026.detach_network_interface(AttachmentId=attachment)
    assert interface(ec2_2026, id)["Status"] == "available"


def test_counts_as_an_interface(ec2_2026, today):
    """14 ordinary ones and an EFA are all that a c5n.18xlarge bears."""
    instance, _ = stopped(
        ec2_2026, today, card(today, kind="interface"), card(today, index=1, kind="efa-only")
    )
    for index in range(2, 15):
        attach(ec2_2026, free(ec2_2026, today, "interface"), instance, index)
    with refused("AttachmentLimitExceeded", f"Interface count 16 exceeds the limit for {ONE_CARD}"):
        attach(ec2_2026, free(ec2_2026, today, "interface"), instance, 15)


def test_some_types_have_it_on_shared_hardware_only(ec2, place):
    (image,) = ec2.describe_images(
        Filters=[
            {"Name": "architecture", "Values": ["arm64"]},
            {"Name": "name", "Values": ["al2023-ami-2023*"]},
        ]
    )["Images"]
    kind = {"ImageId": image["ImageId"], "NetworkInterfaces": [card(place)]}
    apart = {"Placement": {"Tenancy": "dedicated"}}
    with refused("InvalidParameterCombination", "m7g.16xlarge with the tenancy 'dedicated'"):
        launch(ec2, place, InstanceType="m7g.16xlarge", **kind, **apart)
    (shared,) = launch(ec2, place, InstanceType="m7g.16xlarge", **kind)
    (own,) = launch(ec2, place, InstanceType="m7g.16xlarge", ImageId=image["ImageId"], **apart)
    ec2.stop_instances(InstanceIds=[shared["InstanceId"], own["InstanceId"]])
    with refused("InvalidParameterCombination", "m7g.16xlarge with the tenancy 'dedicated'"):
        ec2.modify_instance_placement(InstanceId=shared["InstanceId"], Tenancy="dedicated")
    with refused("InvalidParameterCombination", "m7g.16xlarge with the tenancy 'dedicated'"):
        attach(ec2, free(ec2, place), own["InstanceId"])
    (made,) = launch(ec2, place, InstanceType="c7gn.16xlarge", **kind, **apart)
    ec2.stop_instances(InstanceIds=[made["InstanceId"]])
    with refused("InvalidParameterCombination", "m7g.16xlarge with the tenancy 'dedicated'"):
        retype(ec2, made["InstanceId"], "m7g.16xlarge")


def test_ena_express_is_of_its_ena_half(ec2_2026, today):
    ec2, on = ec2_2026, {"EnaSrdEnabled": True}
    given = [card(today, EnaSrdSpecification=on), card(today, 1, kind="efa-only")]
    (made,) = launch(ec2, today, InstanceType=TWO_CARDS, NetworkInterfaces=given)
    first, second = made["NetworkInterfaces"]
    assert first["Attachment"]["EnaSrdSpecification"]["EnaSrdEnabled"]
    sentence = "EFA-only network interfaces do not support ENA Express."
    with refused("InvalidParameterCombination", sentence):
        id = second["NetworkInterfaceId"]
        ec2.modify_network_interface_attribute(NetworkInterfaceId=id, EnaSrdSpecification=on)
    with refused("InvalidParameterCombination", sentence):
        given[1]["EnaSrdSpecification"] = on
        launch(ec2, today, InstanceType=TWO_CARDS, NetworkInterfaces=given)


def test_an_existing_interface_keeps_its_type(ec2, place):
    id = free(ec2, place, "interface")
    first = {"DeviceIndex": 0, "NetworkInterfaceId": id, "InterfaceType": "efa"}
    with refused("InvalidParameterValue", f"{id} is of the type 'interface'"):
        launch(ec2, place, InstanceType=ONE_CARD, NetworkInterfaces=[first])


def test_what_today_made_stays_in_classic(serve, tmp_path):
    """It is shown, starts and goes; it is not given to another instance."""
    state = tmp_path / "state"
    state.mkdir()
    server = serve(state=str(state), rules="2026")
    ec2 = server.client()
    place = make_place(ec2)
    cards = card(place), card(place, 1, 1, "efa-only")
    instance, (_, only) = stopped(ec2, place, *cards, InstanceType=TWO_CARDS)
    spare = free(ec2, place, "efa-only")
    server.process.terminate()
    server.process.wait(10)
    server.config["rules"] = "classic"
    server.start()
    with refused("UnsupportedOperation", "'efa-only' is not in the edition 'classic'"):
        attach(ec2, spare, instance, 2)
    attach(ec2, free(ec2, place, "interface"), instance, 2)
    ec2.start_instances(InstanceIds=[instance])
    assert types(ec2, instance) == ["efa", "interface", "efa-only"]
    ec2.stop_instances(InstanceIds=[instance])
    ec2.detach_network_interface(AttachmentId=interface(ec2, only)["Attachment"]["AttachmentId"])
    for id in (only, spare):
        ec2.delete_network_interface(NetworkInterfaceId=id)


def test_types_say_what_they_bear(ec2):
    asked = [{"Name": "network-info.efa-supported", "Values": ["true"]}]
    pages = ec2.get_paginator("describe_instance_types").paginate(Filters=asked)
    found = [t for page in pages for t in page["InstanceTypes"]]
    assert all(t["NetworkInfo"]["EfaInfo"]["MaximumEfaInterfaces"] >= 1 for t in found)
    most = [{"Name": "network-info.efa-info.maximum-efa-interfaces", "Values": ["32"]}]
    (huge, *_) = ec2.describe_instance_types(Filters=most)["InstanceTypes"]
    assert huge["InstanceType"] in {t["InstanceType"] for t in found}
    (small,) = ec2.describe_instance_types(InstanceTypes=[NO_EFA])["InstanceTypes"]
    assert "EfaInfo" not in small["NetworkInfo"]
