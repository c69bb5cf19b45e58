"""Delegated prefixes of both families."""

import ipaddress

import pytest

from dual_stack import addresses6, describe, make_dual_stack_place, prefixes
from place import instances, interface, launch
from refused import refused

WAYS = {
    4: ("assign_private_ip_addresses", "unassign_private_ip_addresses", "AssignedIpv4Prefixes", 28),
    6: ("assign_ipv6_addresses", "unassign_ipv6_addresses", "AssignedIpv6Prefixes", 80),
}
both = pytest.mark.parametrize("version", [4, 6])


@pytest.fixture
def place(ec2):
    return make_dual_stack_place(ec2)


def create(ec2, place, **more):
    return ec2.create_network_interface(SubnetId=place.subnet, **more)["NetworkInterface"]


def named(version, *blocks):
    return {f"Ipv{version}Prefixes": [{f"Ipv{version}Prefix": block} for block in blocks]}


def some(place, version, number=5):
    """A prefix of the place's subnet."""
    if version == 4:
        return f"10.0.1.{number * 16}/28"
    return str(ipaddress.IPv6Network((int(ipaddress.IPv6Address(place.base)) + (number << 48), 80)))


def assigned(ec2, version, eni, **what):
    answer = getattr(ec2, WAYS[version][0])(NetworkInterfaceId=eni, **what)
    return [p if isinstance(p, str) else p["Ipv4Prefix"] for p in answer[WAYS[version][2]]]


def unassign(ec2, version, eni, *blocks):
    getattr(ec2, WAYS[version][1])(NetworkInterfaceId=eni, **{f"Ipv{version}Prefixes": list(blocks)})


@both
def test_at_creation(ec2, place, version):
    one = create(ec2, place, **named(version, some(place, version)))
    assert prefixes(one, version) == [some(place, version)]
    made = create(ec2, place, **{f"Ipv{version}PrefixCount": 2})
    given = prefixes(made, version)
    subnet = ipaddress.ip_network("10.0.1.0/24" if version == 4 else place.block)
    assert len(set(given)) == 2
    assert all(ipaddress.ip_network(p).prefixlen == WAYS[version][3] for p in given)
    assert all(ipaddress.ip_network(p).subnet_of(subnet) for p in given)
    assert prefixes(interface(ec2, made["NetworkInterfaceId"]), version) == given
    assert addresses6(made) == []


@both
def test_assign_and_unassign(ec2, place, version):
    eni = create(ec2, place, PrivateIpAddress="10.0.1.9")["NetworkInterfaceId"]
    block = some(place, version)
    assert assigned(ec2, version, eni, **{f"Ipv{version}Prefixes": [block]}) == [block]
    (other,) = assigned(ec2, version, eni, **{f"Ipv{version}PrefixCount": 1})
    assert prefixes(interface(ec2, eni), version) == [block, other]
    with refused("InvalidIPAddress.InUse", "prefix"):
        create(ec2, place, **named(version, block))
    unassign(ec2, version, eni, block)
    assert prefixes(interface(ec2, eni), version) == [other]
    with refused("InvalidParameterValue", f"not assigned to interface {eni}"):
        unassign(ec2, version, eni, block)
    create(ec2, place, **named(version, block))


@both
def test_prefixes_that_nobody_can_have(ec2, place, version):
    last = 15 if version == 4 else 0xFFFF
    for number in (0, last):
        with refused("InvalidParameterValue", "subnet's address range"):
            create(ec2, place, **named(version, some(place, version, number)))
    wide = some(place, version).replace("/28", "/27").replace("/80", "/79")
    elsewhere = "10.0.9.16/28" if version == 4 else "2001:db8:ffff::/80"
    for block in (wide, elsewhere, "here", "10.0.1.16" if version == 4 else "2001:db8::"):
        with refused("InvalidParameterValue"):
            create(ec2, place, **named(version, block))
    with refused("InvalidParameterValue", "only once"):
        create(ec2, place, **named(version, *[some(place, version)] * 2))
    with refused("InvalidParameterValue", f"ipv{version}PrefixCount"):
        create(ec2, place, **{f"Ipv{version}PrefixCount": -1})
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def test_addresses_and_prefixes_never_collide(ec2, place):
    create(ec2, place, PrivateIpAddress="10.0.1.83")
    with refused("InvalidIPAddress.InUse", "prefix"):
        create(ec2, place, **named(4, "10.0.1.80/28"))
    create(ec2, place, **named(4, "10.0.1.96/28"))
    with refused("InvalidIPAddress.InUse", "address"):
        create(ec2, place, PrivateIpAddress="10.0.1.100")
    block = some(place, 6)
    inside = str(ipaddress.IPv6Network(block)[9])
    create(ec2, place, Ipv6Addresses=[{"Ipv6Address": inside}])
    with refused("InvalidIPAddress.InUse", "prefix"):
        create(ec2, place, **named(6, block))
    create(ec2, place, **named(6, some(place, 6, 6)))
    with refused("InvalidIPAddress.InUse", "address"):
        one = str(ipaddress.IPv6Network(some(place, 6, 6))[9])
        create(ec2, place, Ipv6Addresses=[{"Ipv6Address": one}])


def test_a_subnet_gives_all_it_has_and_no_more(ec2, place):
    small = ec2.create_subnet(VpcId=place.vpc, CidrBlock="10.0.9.0/26")["Subnet"]["SubnetId"]

    def free():
        return describe(ec2, "subnets", small)["AvailableIpAddressCount"]

    assert free() == 59
    made = ec2.create_network_interface(SubnetId=small, PrivateIpAddress="10.0.9.5", Ipv4PrefixCount=2)
    given = prefixes(made["NetworkInterface"], 4)
    assert sorted(given) == ["10.0.9.16/28", "10.0.9.32/28"]  # the others hold what EC2 keeps
    assert free() == 59 - 1 - 32
    sentence = "The specified subnet does not have enough free cidr blocks to satisfy the request."
    with refused("InsufficientCidrBlocks", sentence):
        ec2.create_network_interface(SubnetId=small, Ipv4PrefixCount=1)
    rest = ec2.create_network_interface(SubnetId=small, SecondaryPrivateIpAddressCount=25)
    taken = [a["PrivateIpAddress"] for a in rest["NetworkInterface"]["PrivateIpAddresses"]]
    blocks = [ipaddress.ip_network(p) for p in given]
    assert not any(ipaddress.ip_address(a) in block for a in taken for block in blocks)
    assert free() == 0
    with refused("InsufficientFreeAddressesInSubnet"):
        ec2.create_network_interface(SubnetId=small)


def test_a_primary_address_is_never_in_a_prefix_of_the_same_call(ec2, place):
    small = ec2.create_subnet(VpcId=place.vpc, CidrBlock="10.0.9.0/27")["Subnet"]["SubnetId"]
    for _ in range(8):  # nothing of it holds a prefix: both halves have addresses that EC2 keeps
        with refused("InsufficientCidrBlocks"):
            ec2.create_network_interface(SubnetId=small, Ipv4PrefixCount=1)
    with refused("InvalidIPAddress.InUse"):
        create(ec2, place, PrivateIpAddress="10.0.1.81", **named(4, "10.0.1.80/28"))
    for _ in range(30):
        made = create(ec2, place, Ipv4PrefixCount=1)
        block = ipaddress.ip_network(prefixes(made, 4)[0])
        assert ipaddress.ip_address(made["PrivateIpAddress"]) not in block
        ec2.delete_network_interface(NetworkInterfaceId=made["NetworkInterfaceId"])


def test_one_way_a_call(ec2, place):
    for more in (
        {"PrivateIpAddresses": [{"PrivateIpAddress": "10.0.1.9"}]},
        {"SecondaryPrivateIpAddressCount": 1},
        {"Ipv4PrefixCount": 1},
    ):
        with refused("InvalidParameterCombination", "may not be specified on the same request"):
            create(ec2, place, **named(4, "10.0.1.96/28"), **more)
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []
    eni = create(ec2, place)["NetworkInterfaceId"]
    with refused("InvalidParameterCombination"):
        assigned(ec2, 4, eni, Ipv4PrefixCount=1, SecondaryPrivateIpAddressCount=1)
    with refused("InvalidParameterCombination"):
        assigned(ec2, 4, eni)
    with refused("InvalidParameterValue", "can only specify one of"):
        assigned(ec2, 6, eni, Ipv6PrefixCount=1, Ipv6AddressCount=1)


@both
def test_at_launch(ec2, place, version):
    own = {"DeviceIndex": 0, "SubnetId": place.subnet}
    launched = launch(ec2, place, count=3, NetworkInterfaces=[own | {f"Ipv{version}PrefixCount": 2}])
    given = [p for i in launched for p in prefixes(i["NetworkInterfaces"][0], version)]
    assert len(set(given)) == 6
    primaries = [i["PrivateIpAddress"] for i in launched]
    inside = [a for a in primaries for p in given if ipaddress.ip_address(a) in ipaddress.ip_network(p)]
    assert not inside
    name = f"network-interface.ipv{version}-prefixes.ipv{version}-prefix"
    found = ec2.describe_instances(Filters=[{"Name": name, "Values": [given[0]]}])["Reservations"]
    assert [i["InstanceId"] for r in found for i in r["Instances"]] == [launched[0]["InstanceId"]]
    with refused("InvalidParameterCombination", "one instance only"):
        block = named(version, some(place, version, 9))
        launch(ec2, place, count=2, NetworkInterfaces=[own | block])


@both
def test_nitro_only(ec2, place, version):
    own = {"DeviceIndex": 0, "SubnetId": place.subnet}
    xen = {"InstanceType": "t2.micro", "ImageId": place.no_ena}
    with refused("InvalidParameterCombination", "t2.micro is not built on Nitro"):
        launch(ec2, place, NetworkInterfaces=[own | {f"Ipv{version}PrefixCount": 1}], **xen)
    (instance,) = launch(ec2, place, **xen)
    eni = create(ec2, place, **{f"Ipv{version}PrefixCount": 1})["NetworkInterfaceId"]
    with refused("InvalidParameterCombination", "t2.micro is not built on Nitro"):
        ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=instance["InstanceId"], DeviceIndex=1)
    with refused("InvalidParameterCombination", "t2.micro is not built on Nitro"):
        primary = instance["NetworkInterfaces"][0]["NetworkInterfaceId"]
        assigned(ec2, version, primary, **{f"Ipv{version}PrefixCount": 1})
    assert interface(ec2, eni)["Status"] == "available"


@both
def test_a_prefix_counts_as_one(ec2, place, version):
    (instance,) = launch(ec2, place)  # a c5.large has ten of each family
    eni = instance["NetworkInterfaces"][0]["NetworkInterfaceId"]
    most = 9 if version == 4 else 10
    assigned(ec2, version, eni, **{f"Ipv{version}PrefixCount": most})
    with refused("PrivateIpAddressLimitExceeded", eni):
        assigned(ec2, version, eni, **{f"Ipv{version}PrefixCount": 1})
    assert len(prefixes(instances(ec2, instance["InstanceId"])[0]["NetworkInterfaces"][0], version)) == most
    own = {"DeviceIndex": 0, "SubnetId": place.other, f"Ipv{version}PrefixCount": most + 1}
    if version == 4:
        with refused("InvalidInterface.IpAddressLimitExceeded"):
            launch(ec2, place, NetworkInterfaces=[own])


def test_a_block_in_use_stays(ec2, place):
    create(ec2, place, Ipv6PrefixCount=1)
    with refused("InvalidCidrBlock.InUse", place.association):
        ec2.disassociate_subnet_cidr_block(AssociationId=place.association)
