"""IPv6 addresses of interfaces: allocated, named, assigned, taken away, and what EC2 refuses."""

import ipaddress

import pytest

from dual_stack import addresses6, make_dual_stack_place
from place import instances, interface, launch
from refused import refused


@pytest.fixture
def place(ec2):
    return make_dual_stack_place(ec2)


def create(ec2, place, **more):
    return ec2.create_network_interface(SubnetId=place.subnet, **more)["NetworkInterface"]


def assign(ec2, eni, **what):
    return ec2.assign_ipv6_addresses(NetworkInterfaceId=eni, **what)


def test_by_count(ec2, place):
    made = create(ec2, place, Ipv6AddressCount=3)
    given = addresses6(made)
    assert len(set(given)) == 3
    assert all(ipaddress.IPv6Address(a) in ipaddress.IPv6Network(place.block) for a in given)
    assert made["Ipv6Address"] == given[0]
    assert not any(one["IsPrimaryIpv6"] for one in made["Ipv6Addresses"])
    assert addresses6(interface(ec2, made["NetworkInterfaceId"])) == given
    asked = [{"Name": "ipv6-addresses.ipv6-address", "Values": [given[1]]}]
    (found,) = ec2.describe_network_interfaces(Filters=asked)["NetworkInterfaces"]
    assert found["NetworkInterfaceId"] == made["NetworkInterfaceId"]


def test_by_name_in_any_spelling(ec2, place):
    long = str(ipaddress.IPv6Address(f"{place.base}abcd").exploded).upper()
    made = create(ec2, place, Ipv6Addresses=[{"Ipv6Address": long}])
    assert addresses6(made) == [f"{place.base}abcd"]


@pytest.mark.parametrize(
    ("host", "code", "sentence"),
    [
        ("", "InvalidParameterValue", "reserved address range"),
        ("3", "InvalidParameterValue", "reserved address range"),
        ("ffff:ffff:ffff:ffff", "InvalidParameterValue", "reserved address range"),
        ("77", "InvalidIPAddress.InUse", "The specified address is already in use."),
        ("zz", "InvalidParameterValue", "not a valid IPv6 address"),
        ("5%eth0", "InvalidParameterValue", "not a valid IPv6 address"),
    ],
)
def test_addresses_that_nobody_can_have(ec2, place, host, code, sentence):
    create(ec2, place, Ipv6Addresses=[{"Ipv6Address": f"{place.base}77"}])
    base = place.base.removesuffix("::") + ":" if host.count(":") else place.base
    with refused(code, sentence):
        create(ec2, place, Ipv6Addresses=[{"Ipv6Address": base + host}])
    assert len(ec2.describe_network_interfaces()["NetworkInterfaces"]) == 1


def test_addresses_of_elsewhere(ec2, place):
    for address in ("2001:db8:ffff::5", "10.0.1.5"):
        with refused("InvalidParameterValue"):
            create(ec2, place, Ipv6Addresses=[{"Ipv6Address": address}])
    with refused("InvalidParameterValue", place.other, "no IPv6 CIDR block"):
        ec2.create_network_interface(SubnetId=place.other, Ipv6AddressCount=1)
    with refused("MissingParameter", "ipv6Address"):
        create(ec2, place, Ipv6Addresses=[{"IsPrimaryIpv6": True}])
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def test_one_way_a_call(ec2, place):
    named = {"Ipv6Addresses": [{"Ipv6Address": f"{place.base}5"}]}
    with refused("InvalidParameterCombination", "IPv6 addresses and IPv6 address count"):
        create(ec2, place, Ipv6AddressCount=1, **named)
    one_of = "You can and can only specify one of"
    for more in ({"Ipv6PrefixCount": 1}, {"Ipv6Prefixes": [{"Ipv6Prefix": f"{place.base}/80"}]}):
        with refused("InvalidParameterValue", one_of):
            create(ec2, place, **named, **more)
    with refused("InvalidParameterValue", one_of):
        create(ec2, place, Ipv6AddressCount=1, Ipv6PrefixCount=1)
    with refused("InvalidParameterValue", "ipv6AddressCount"):
        create(ec2, place, Ipv6AddressCount=-1)
    with refused("InvalidParameterValue", "only once"):
        create(ec2, place, Ipv6Addresses=[{"Ipv6Address": f"{place.base}5"}] * 2)
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def test_assigned_on_creation(ec2, place):
    assert addresses6(create(ec2, place)) == []
    ec2.modify_subnet_attribute(SubnetId=place.subnet, AssignIpv6AddressOnCreation={"Value": True})
    assert len(addresses6(create(ec2, place))) == 1
    assert addresses6(create(ec2, place, Ipv6AddressCount=0)) == []
    assert len(addresses6(create(ec2, place, Ipv6AddressCount=2))) == 2
    (instance,) = launch(ec2, place)
    (own,) = instance["NetworkInterfaces"]
    assert instance["Ipv6Address"] == addresses6(own)[0]
    nat = ec2.create_nat_gateway(SubnetId=place.subnet, ConnectivityType="private")["NatGateway"]
    of_nat = nat["NatGatewayAddresses"][0]["NetworkInterfaceId"]
    assert addresses6(interface(ec2, of_nat)) == []


def test_assign_and_unassign(ec2, place):
    eni = create(ec2, place)["NetworkInterfaceId"]
    first = assign(ec2, eni, Ipv6Addresses=[f"{place.base}10", f"{place.base}11"])
    assert first["AssignedIpv6Addresses"] == [f"{place.base}10", f"{place.base}11"]
    (second,) = assign(ec2, eni, Ipv6AddressCount=1)["AssignedIpv6Addresses"]
    assert addresses6(interface(ec2, eni)) == [f"{place.base}10", f"{place.base}11", second]
    gone = ec2.unassign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6Addresses=[f"{place.base}0011", second])
    assert gone["UnassignedIpv6Addresses"] == [f"{place.base}11", second]
    assert addresses6(interface(ec2, eni)) == [f"{place.base}10"]
    other = create(ec2, place)["NetworkInterfaceId"]
    with refused("InvalidIPAddress.InUse"):
        assign(ec2, other, Ipv6Addresses=[f"{place.base}10"])
    ec2.unassign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6Addresses=[f"{place.base}10"])
    assign(ec2, other, Ipv6Addresses=[f"{place.base}10"])
    assert "Ipv6Address" not in interface(ec2, eni)


def test_what_assigning_refuses(ec2, place):
    eni = create(ec2, place, Ipv6AddressCount=1)["NetworkInterfaceId"]
    for nothing in ({}, {"Ipv6AddressCount": 0}):
        with refused("InvalidParameterValue", "can only specify one of"):
            assign(ec2, eni, **nothing)
    with refused("InvalidParameterValue", "reserved"):
        assign(ec2, eni, Ipv6Addresses=[f"{place.base}20", f"{place.base}1"])
    with refused("InvalidNetworkInterfaceID.NotFound"):
        assign(ec2, "eni-00000000000000000", Ipv6AddressCount=1)
    with refused("MissingParameter", "ipv6Addresses"):
        ec2.unassign_ipv6_addresses(NetworkInterfaceId=eni)
    with refused("InvalidParameterValue", f"not assigned to interface {eni}"):
        ec2.unassign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6Addresses=[f"{place.base}20"])
    assert len(addresses6(interface(ec2, eni))) == 1


def test_a_service_s_interface_is_not_ours(ec2, place):
    nat = ec2.create_nat_gateway(SubnetId=place.subnet, ConnectivityType="private")["NatGateway"]
    id = nat["NatGatewayAddresses"][0]["NetworkInterfaceId"]
    with refused("AuthFailure"):
        assign(ec2, id, Ipv6AddressCount=1)


def test_a_block_in_use_stays(ec2, place):
    eni = create(ec2, place, Ipv6AddressCount=1)["NetworkInterfaceId"]
    with refused("InvalidCidrBlock.InUse", place.association):
        ec2.disassociate_subnet_cidr_block(AssociationId=place.association)
    ec2.delete_network_interface(NetworkInterfaceId=eni)
    ec2.disassociate_subnet_cidr_block(AssociationId=place.association)


# --- instances ------------------------------------------------------------------------------------


def test_at_launch(ec2, place):
    (one,) = launch(ec2, place, Ipv6AddressCount=2)
    (own,) = one["NetworkInterfaces"]
    assert len(addresses6(own)) == 2
    assert one["Ipv6Address"] == addresses6(own)[0]
    (two,) = launch(ec2, place, Ipv6Addresses=[{"Ipv6Address": f"{place.base}99"}])
    assert two["Ipv6Address"] == f"{place.base}99"
    for name in ("ipv6-address", "network-interface.ipv6-addresses.ipv6-address"):
        found = ec2.describe_instances(Filters=[{"Name": name, "Values": [f"{place.base}99"]}])
        assert [i["InstanceId"] for r in found["Reservations"] for i in r["Instances"]] == [two["InstanceId"]]
    three = launch(ec2, place, count=3, Ipv6AddressCount=1)
    assert len({i["Ipv6Address"] for i in three}) == 3


def test_at_launch_by_interface(ec2, place):
    given = {"DeviceIndex": 0, "SubnetId": place.subnet, "Ipv6AddressCount": 2, "PrimaryIpv6": True}
    (one,) = launch(ec2, place, NetworkInterfaces=[given])
    shown = one["NetworkInterfaces"][0]["Ipv6Addresses"]
    assert [a["IsPrimaryIpv6"] for a in shown] == [True, False]
    eni = create(ec2, place, Ipv6AddressCount=1)
    both = [
        {"DeviceIndex": 0, "NetworkInterfaceId": eni["NetworkInterfaceId"]},
        {"DeviceIndex": 1, "SubnetId": place.subnet, "Ipv6Addresses": [{"Ipv6Address": f"{place.base}9"}]},
    ]
    (two,) = launch(ec2, place, NetworkInterfaces=both)
    assert two["Ipv6Address"] == addresses6(eni)[0]
    assert addresses6(two["NetworkInterfaces"][1]) == [f"{place.base}9"]


def test_what_a_launch_refuses(ec2, place):
    address = [{"Ipv6Address": f"{place.base}9"}]
    own = {"DeviceIndex": 0, "SubnetId": place.subnet}
    for fields, part in (
        ({"Ipv6AddressCount": 1}, "an instance-level IPv6 address count"),
        ({"Ipv6Addresses": address}, "an instance-level IPv6 address "),
        ({"EnablePrimaryIpv6": True}, "an instance-level primary IPv6 address"),
    ):
        with refused("InvalidParameterCombination", part):
            launch(ec2, place, NetworkInterfaces=[own], **fields)
    with refused("InvalidParameterCombination", "IPv6 addresses and IPv6 address count"):
        launch(ec2, place, Ipv6AddressCount=1, Ipv6Addresses=address)
    with refused("InvalidParameterCombination", "one instance only"):
        launch(ec2, place, count=2, Ipv6Addresses=address)
    with refused("InvalidParameterValue", "no IPv6 CIDR block"):
        launch(ec2, place, SubnetId=place.other, Ipv6AddressCount=1)
    with refused("InvalidParameterCombination", "primary IPv6 address requires"):
        launch(ec2, place, EnablePrimaryIpv6=True)
    with refused("InvalidInterface.IpAddressLimitExceeded"):
        launch(ec2, place, Ipv6AddressCount=11)  # a c5.large has ten
    eni = create(ec2, place)["NetworkInterfaceId"]
    for name, value in (("Ipv6AddressCount", 1), ("Ipv6Addresses", address), ("Ipv6PrefixCount", 1)):
        with refused("InvalidParameterCombination", name):
            launch(ec2, place, NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": eni, name: value}])
    assert [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]] == []
    assert len(ec2.describe_network_interfaces()["NetworkInterfaces"]) == 1


def test_types_without_ipv6(ec2, place):
    old = {"InstanceType": "m3.medium", "ImageId": place.no_ena}
    with refused("InvalidParameterCombination", "m3.medium does not support IPv6"):
        launch(ec2, place, Ipv6AddressCount=1, **old)
    (instance,) = launch(ec2, place, **old)
    (own,) = instance["NetworkInterfaces"]
    with refused("InvalidParameterCombination", "m3.medium does not support IPv6"):
        assign(ec2, own["NetworkInterfaceId"], Ipv6AddressCount=1)
    eni = create(ec2, place, Ipv6AddressCount=1)["NetworkInterfaceId"]
    with refused("InvalidParameterCombination", "m3.medium does not support IPv6"):
        ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=instance["InstanceId"], DeviceIndex=1)
    assert interface(ec2, eni)["Status"] == "available"
    ec2.modify_subnet_attribute(SubnetId=place.subnet, AssignIpv6AddressOnCreation={"Value": True})
    with refused("InvalidParameterCombination", "m3.medium does not support IPv6"):
        launch(ec2, place, **old)


def test_another_type_must_bear_what_is_there(ec2, place):
    (instance,) = launch(ec2, place, Ipv6AddressCount=5)
    id = instance["InstanceId"]
    ec2.stop_instances(InstanceIds=[id])
    for kind, code in (
        ("m3.medium", "InvalidParameterCombination"),
        ("t3.micro", "PrivateIpAddressLimitExceeded"),
    ):
        with refused(code):
            ec2.modify_instance_attribute(InstanceId=id, InstanceType={"Value": kind})
    assert instances(ec2, id)[0]["InstanceType"] == "c5.large"
    ec2.modify_instance_attribute(InstanceId=id, InstanceType={"Value": "m5.large"})


def test_limit_of_the_type(ec2, place):
    (instance,) = launch(ec2, place, Ipv6AddressCount=9)
    eni = instance["NetworkInterfaces"][0]["NetworkInterfaceId"]
    assign(ec2, eni, Ipv6AddressCount=1)
    with refused("PrivateIpAddressLimitExceeded", eni):
        assign(ec2, eni, Ipv6AddressCount=1)
    assert len(addresses6(interface(ec2, eni))) == 10
    large = create(ec2, place, Ipv6AddressCount=11)["NetworkInterfaceId"]
    with refused("PrivateIpAddressLimitExceeded", large):
        ec2.attach_network_interface(
            NetworkInterfaceId=large, InstanceId=instance["InstanceId"], DeviceIndex=1
        )
    with refused("InvalidInterface.IpAddressLimitExceeded"):
        launch(ec2, place, NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": large}])


def test_addresses_stay_with_the_interface(ec2, place):
    one, two = launch(ec2, place, count=2)
    made = create(ec2, place, Ipv6AddressCount=2)
    eni = made["NetworkInterfaceId"]
    for instance in (one, two):
        id = instance["InstanceId"]
        attachment = ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=id, DeviceIndex=1)
        (shown,) = instances(ec2, id)
        assert addresses6(shown["NetworkInterfaces"][1]) == addresses6(made)
        ec2.detach_network_interface(AttachmentId=attachment["AttachmentId"])
    assert addresses6(interface(ec2, eni)) == addresses6(made)
    (kept,) = launch(ec2, place, Ipv6AddressCount=1)
    ec2.stop_instances(InstanceIds=[kept["InstanceId"]])
    ec2.start_instances(InstanceIds=[kept["InstanceId"]])
    assert instances(ec2, kept["InstanceId"])[0]["Ipv6Address"] == kept["Ipv6Address"]
    ec2.terminate_instances(InstanceIds=[kept["InstanceId"]])
    assert "Ipv6Address" not in instances(ec2, kept["InstanceId"])[0]
    create(ec2, place, Ipv6Addresses=[{"Ipv6Address": kept["Ipv6Address"]}])


# --- the primary address --------------------------------------------------------------------------


def primary(ec2, eni):
    shown = interface(ec2, eni)["Ipv6Addresses"]
    return [a["Ipv6Address"] for a in shown if a["IsPrimaryIpv6"]]


def test_primary_at_creation(ec2, place):
    made = create(ec2, place, Ipv6AddressCount=2, EnablePrimaryIpv6=True)
    assert primary(ec2, made["NetworkInterfaceId"]) == [made["Ipv6Address"]]
    listed = [{"Ipv6Address": f"{place.base}5"}, {"Ipv6Address": f"{place.base}6", "IsPrimaryIpv6": True}]
    marked = create(ec2, place, Ipv6Addresses=listed)
    assert primary(ec2, marked["NetworkInterfaceId"]) == [f"{place.base}6"]
    with refused("InvalidParameterCombination", "requires an IPv6 address"):
        create(ec2, place, EnablePrimaryIpv6=True)


def test_primary_until_it_is_detached(ec2, place):
    def modify(id, enable):
        ec2.modify_network_interface_attribute(NetworkInterfaceId=id, EnablePrimaryIpv6=enable)

    bare = create(ec2, place)["NetworkInterfaceId"]
    with refused("InvalidParameterCombination", "requires an IPv6 address"):
        modify(bare, True)
    modify(bare, False)
    eni = create(ec2, place, Ipv6AddressCount=2)["NetworkInterfaceId"]
    first, second = addresses6(interface(ec2, eni))
    (instance,) = launch(ec2, place)
    attachment = ec2.attach_network_interface(
        NetworkInterfaceId=eni, InstanceId=instance["InstanceId"], DeviceIndex=1
    )
    modify(eni, True)
    assert primary(ec2, eni) == [first]
    with refused("OperationNotPermitted", eni):
        modify(eni, False)
    with refused("InvalidParameterValue", "primary IPv6 address"):
        ec2.unassign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6Addresses=[first])
    ec2.unassign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6Addresses=[second])
    assert primary(ec2, eni) == [first]
    ec2.detach_network_interface(AttachmentId=attachment["AttachmentId"])
    assert primary(ec2, eni) == []
    ec2.unassign_ipv6_addresses(NetworkInterfaceId=eni, Ipv6Addresses=[first])


# --- names ----------------------------------------------------------------------------------------


def test_options_of_names_come_from_the_subnet(ec2, place):
    ec2.modify_subnet_attribute(SubnetId=place.subnet, PrivateDnsHostnameTypeOnLaunch="resource-name")
    ec2.modify_subnet_attribute(
        SubnetId=place.subnet, EnableResourceNameDnsAAAARecordOnLaunch={"Value": True}
    )
    inherited = {
        "HostnameType": "resource-name",
        "EnableResourceNameDnsARecord": False,
        "EnableResourceNameDnsAAAARecord": True,
    }
    (instance,) = launch(ec2, place)
    assert instance["PrivateDnsNameOptions"] == inherited
    asked = {"EnableResourceNameDnsARecord": True, "EnableResourceNameDnsAAAARecord": False}
    (instance,) = launch(ec2, place, PrivateDnsNameOptions=asked)
    assert instance["PrivateDnsNameOptions"] == inherited | asked
    eni = create(ec2, place)["NetworkInterfaceId"]
    (instance,) = launch(ec2, place, NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": eni}])
    assert instance["PrivateDnsNameOptions"]["HostnameType"] == "ip-name"
