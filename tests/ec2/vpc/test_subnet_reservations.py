from ipaddress import IPv6Address, IPv6Network

import pytest

from dual_stack import addresses6, make_dual_stack_place, prefixes
from refused import refused


@pytest.fixture
def place(ec2):
    return make_dual_stack_place(ec2)


@pytest.fixture
def small(ec2, place):
    """A subnet with eleven addresses to give."""
    made = ec2.create_subnet(VpcId=place.vpc, CidrBlock="10.0.9.0/28")
    return made["Subnet"]["SubnetId"]


def reserve(ec2, subnet, cidr, kind="explicit", **more):
    made = ec2.create_subnet_cidr_reservation(SubnetId=subnet, Cidr=cidr, ReservationType=kind, **more)
    return made["SubnetCidrReservation"]


def interface(ec2, subnet, **asked):
    return ec2.create_network_interface(SubnetId=subnet, **asked)["NetworkInterface"]


def test_the_life_of_a_reservation(ec2, place):
    spec = [{"ResourceType": "subnet-cidr-reservation", "Tags": [{"Key": "a", "Value": "b"}]}]
    made = reserve(ec2, place.subnet, "10.0.1.64/26", Description="mine", TagSpecifications=spec)
    assert (made["Cidr"], made["ReservationType"], made["Description"]) == (
        "10.0.1.64/26",
        "explicit",
        "mine",
    )
    other = reserve(ec2, place.subnet, f"{place.base}/72", "prefix")
    told = ec2.get_subnet_cidr_reservations(SubnetId=place.subnet)
    assert (told["SubnetIpv4CidrReservations"], told["SubnetIpv6CidrReservations"]) == ([made], [other])
    for name, value in (("reservationType", "prefix"), ("tag:a", "c")):
        asked = [{"Name": name, "Values": [value]}]
        told = ec2.get_subnet_cidr_reservations(SubnetId=place.subnet, Filters=asked)
        assert told["SubnetIpv4CidrReservations"] == []
    id = made["SubnetCidrReservationId"]
    gone = ec2.delete_subnet_cidr_reservation(SubnetCidrReservationId=id)["DeletedSubnetCidrReservation"]
    assert gone == made
    with refused("InvalidSubnetCidrReservationID.NotFound", id):
        ec2.delete_subnet_cidr_reservation(SubnetCidrReservationId=id)
    reserve(ec2, place.other, "10.0.2.0/28")
    ec2.delete_subnet(SubnetId=place.other)


def test_no_address_of_it_is_given_unasked(ec2, small):
    reserve(ec2, small, "10.0.9.8/29")
    for _ in range(4):  # .4 to .7
        interface(ec2, small)
    with refused("InsufficientFreeAddressesInSubnet"):
        interface(ec2, small)
    assert interface(ec2, small, PrivateIpAddress="10.0.9.9")["PrivateIpAddress"] == "10.0.9.9"


def test_prefixes_come_from_what_is_reserved_for_them(ec2, place):
    reserve(ec2, place.subnet, "10.0.1.96/27", "prefix")
    made = [prefixes(interface(ec2, place.subnet, Ipv4PrefixCount=1), 4)[0] for _ in range(3)]
    assert made[:2] == ["10.0.1.96/28", "10.0.1.112/28"]
    assert made[2] not in made[:2]


def test_prefixes_do_not_come_from_what_is_reserved_otherwise(ec2, place):
    reserve(ec2, place.subnet, "10.0.1.0/25")
    for n in range(7):
        made = interface(ec2, place.subnet, PrivateIpAddress=f"10.0.1.{10 + n}", Ipv4PrefixCount=1)
        (prefix,) = prefixes(made, 4)
        assert int(prefix.split(".")[3].split("/")[0]) >= 128
    last = {"SubnetId": place.subnet, "PrivateIpAddress": "10.0.1.20"}
    with refused("InsufficientCidrBlocks"):
        ec2.create_network_interface(**last, Ipv4PrefixCount=1)
    ec2.create_network_interface(**last, Ipv4Prefixes=[{"Ipv4Prefix": "10.0.1.64/28"}])


def test_ipv6(ec2, place):
    network = IPv6Network(place.block)
    low, high = network.subnets(new_prefix=65)
    reserve(ec2, place.subnet, str(high))
    wanted = list(low.subnets(new_prefix=80))[7]
    reserve(ec2, place.subnet, str(wanted), "prefix")
    for _ in range(8):
        (address,) = addresses6(interface(ec2, place.subnet, Ipv6AddressCount=1))
        assert IPv6Address(address) in low
    made = [prefixes(interface(ec2, place.subnet, Ipv6PrefixCount=1), 6)[0] for _ in range(4)]
    assert made[0] == str(wanted)
    assert all(IPv6Network(prefix).subnet_of(low) for prefix in made)


def test_a_reservation_that_cannot_be(ec2, place):
    reserve(ec2, place.subnet, "10.0.1.64/26")
    for cidr, kind in (
        ("10.0.2.0/28", "explicit"),
        ("10.0.1.96/28", "explicit"),
        ("10.0.1.0/24", "prefix"),
        ("10.0.1.0/29", "prefix"),
        ("nonsense", "explicit"),
        ("2001:db8::/80", "prefix"),
    ):
        with refused("InvalidParameterValue", "Cidr"):
            reserve(ec2, place.subnet, cidr, kind)
    with refused("InvalidParameterValue", "reservationType"):
        reserve(ec2, place.subnet, "10.0.1.0/28", "none")
    with refused("InvalidSubnetID.NotFound"):
        reserve(ec2, "subnet-00000000000000000", "10.0.1.0/28")
    assert len(ec2.get_subnet_cidr_reservations(SubnetId=place.subnet)["SubnetIpv4CidrReservations"]) == 1
