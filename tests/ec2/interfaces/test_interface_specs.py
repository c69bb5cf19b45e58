"""A bad member of an interface is refused alike by every operation that takes it, and changes nothing."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from dual_stack import addresses6, make_dual_stack_place
from place import launch
from scene import picture

COMBINATION, VALUE, MISSING = "InvalidParameterCombination", "InvalidParameterValue", "MissingParameter"
COUNT = "SecondaryPrivateIpAddressCount"
ONE_PRIMARY = "Only one primary private IP address can be specified."
ONLY_ONCE = "Value ({}) for parameter {} is invalid. An address or a prefix may be given only once."
OUTSIDE = "Address does not fall within the subnet's address range"
TOGETHER = "{} and {} may not be specified on the same request"
ONE_OF_IPV6 = (
    "You can and can only specify one of ipv6-addresses or ipv6-addresses-count  ipv6-prefix and "
    "ipv6-prefix-count."
)
NO_IP = "EFA-only network interfaces do not support IP addresses."
A, B, BLOCK = "10.0.1.50", "10.0.1.51", "10.0.1.64/28"


def must_have(name: str) -> str:
    return f"The request must contain the parameter {name}"


def bad(value: Any, name: str, why: str = "") -> str:
    return f"Value ({value}) for parameter {name} is invalid. {why}".rstrip()


def listed(*addresses: str | tuple[str, bool] | None) -> dict[str, Any]:
    """A list of IPv4 addresses, those in pairs marked, None an item without an address."""
    return {"PrivateIpAddresses": [_item("PrivateIpAddress", "Primary", one) for one in addresses]}


def listed6(*addresses: str | tuple[str, bool] | None) -> dict[str, Any]:
    return {"Ipv6Addresses": [_item("Ipv6Address", "IsPrimaryIpv6", one) for one in addresses]}


def _item(name: str, mark: str, one: str | tuple[str, bool] | None) -> dict[str, Any]:
    if one is None:
        return {mark: False}
    return {name: one[0], mark: one[1]} if isinstance(one, tuple) else {name: one}


def blocks(version: int, *prefixes: str) -> dict[str, Any]:
    return {f"Ipv{version}Prefixes": [{f"Ipv{version}Prefix": one} for one in prefixes]}


BAD_MEMBERS: dict[str, tuple[dict[str, Any], str, str]] = {
    "an item without an address": (listed(None), MISSING, must_have("privateIpAddress")),
    "a primary item without an address": ({"PrivateIpAddresses": [{"Primary": True}]}, MISSING, must_have("privateIpAddress")),
    "an empty address": ({"PrivateIpAddress": ""}, VALUE, OUTSIDE),
    "an empty item": (listed(""), VALUE, OUTSIDE),
    "no address": (listed("nonsense"), VALUE, OUTSIDE),
    "an address twice": (listed(A, A), VALUE, ONLY_ONCE.format(A, "privateIpAddress")),
    "an address twice, once primary": ({"PrivateIpAddress": A} | listed(A), VALUE, ONLY_ONCE.format(A, "privateIpAddress")),
    "two primary ones": (listed((A, True), (B, True)), COMBINATION, ONE_PRIMARY),
    "two primary ones in two places": ({"PrivateIpAddress": A} | listed((B, True)), COMBINATION, ONE_PRIMARY),
    "the primary one in two places": ({"PrivateIpAddress": A} | listed((A, True)), COMBINATION, ONE_PRIMARY),
    "a negative count": ({COUNT: -1}, VALUE, bad(-1, "secondaryPrivateIpAddressCount", "Value must be a positive number.")),
    "a count of none": ({COUNT: 0}, VALUE, bad(0, "secondaryPrivateIpAddressCount", "Value must be a positive number.")),
    "a count that is no number": ({COUNT: "many"}, VALUE, ""),
    "secondary ones and their count": ({COUNT: 1} | listed(A), COMBINATION, TOGETHER.format("PrivateIpAddresses", COUNT)),
    "a count and prefixes": ({COUNT: 1, "Ipv4PrefixCount": 1}, COMBINATION, TOGETHER.format(COUNT, "Ipv4PrefixCount")),
    "a list and prefixes": (listed((A, True)) | blocks(4, BLOCK), COMBINATION, TOGETHER.format("PrivateIpAddresses", "Ipv4Prefixes")),
    "prefixes and their count": ({"Ipv4PrefixCount": 1} | blocks(4, BLOCK), COMBINATION, TOGETHER.format("Ipv4Prefixes", "Ipv4PrefixCount")),
    "a prefix twice": (blocks(4, BLOCK, BLOCK), VALUE, ONLY_ONCE.format(BLOCK, "ipv4Prefix")),
    "an item without a prefix": ({"Ipv4Prefixes": [{"Ipv4Prefix": ""}]}, VALUE, bad("", "ipv4Prefix", "This is not a valid CIDR block.")),
    "a negative prefix count": ({"Ipv4PrefixCount": -1}, VALUE, bad(-1, "ipv4PrefixCount")),
    "an IPv6 item without an address": (listed6(None), MISSING, must_have("ipv6Address")),
    "an empty IPv6 address": (listed6(""), VALUE, bad("", "ipv6Address", "This is not a valid IPv6 address.")),
    "an IPv6 address twice": (listed6("::7", "::7"), VALUE, ONLY_ONCE.format("::7", "ipv6Address")),
    "two primary IPv6 addresses": (listed6(("::7", True), ("::8", True)), COMBINATION, "Only one primary IPv6 address can be specified."),
    "a primary IPv6 item without an address": ({"Ipv6Addresses": [{"IsPrimaryIpv6": True}]}, MISSING, must_have("ipv6Address")),
    "a negative IPv6 count": ({"Ipv6AddressCount": -1}, VALUE, bad(-1, "ipv6AddressCount")),
    "IPv6 addresses and their count": ({"Ipv6AddressCount": 1} | listed6("::7"), COMBINATION, "IPv6 addresses and IPv6 address count may not be specified on the same request"),
    "IPv6 addresses and prefixes": ({"Ipv6PrefixCount": 1} | listed6("::7"), VALUE, ONE_OF_IPV6),
    "a negative IPv6 prefix count": ({"Ipv6PrefixCount": -1}, VALUE, bad(-1, "ipv6PrefixCount")),
    "an empty group": ({"Groups": [""]}, "InvalidGroupId.Malformed", 'Invalid id: "" (expecting "sg-...")'),
    "an unknown type": ({"InterfaceType": "wing"}, VALUE, bad("wing", "interfaceType")),
    "an empty type": ({"InterfaceType": ""}, VALUE, bad("", "interfaceType")),
    "an EFA-only one with an address": ({"InterfaceType": "efa-only", "PrivateIpAddress": A}, COMBINATION, NO_IP),
    "an EFA-only one with IPv6": ({"InterfaceType": "efa-only", "Ipv6AddressCount": 1}, COMBINATION, NO_IP),
    "an empty subnet": ({"SubnetId": ""}, "InvalidSubnetID.Malformed", 'Invalid id: "" (expecting "subnet-...")'),
}  # fmt: skip
OF_INSTANCE = {"PrivateIpAddress", "Ipv6Addresses", "Ipv6AddressCount", "SubnetId"}
ASSIGNED = {
    "assign_private_ip_addresses": {"PrivateIpAddresses", COUNT, "Ipv4Prefixes", "Ipv4PrefixCount"},
    "assign_ipv6_addresses": {"Ipv6Addresses", "Ipv6AddressCount", "Ipv6Prefixes", "Ipv6PrefixCount"},
}


@pytest.fixture(scope="module")
def scene(server):
    ec2 = server.client()
    place = make_dual_stack_place(ec2)
    eni = ec2.create_network_interface(SubnetId=place.subnet)["NetworkInterface"]["NetworkInterfaceId"]
    return ec2, place, eni


def refusal(call: Any, **params: Any) -> tuple[str, str, int]:
    with pytest.raises(ClientError) as caught:
        call(**params)
    answer = caught.value.response
    error = answer["Error"]
    return error["Code"], error["Message"], answer["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize("name", BAD_MEMBERS)
def test_bad_member(scene, name):
    ec2, place, _ = scene
    before = picture(ec2)
    member, code, sentence = BAD_MEMBERS[name]
    asked = {"SubnetId": place.subnet} | member
    kind = {"ImageId": place.image, "InstanceType": "c5.large", "MinCount": 1, "MaxCount": 1}
    found = [
        refusal(ec2.create_network_interface, **asked),
        refusal(ec2.run_instances, **kind, NetworkInterfaces=[{"DeviceIndex": 0} | asked]),
    ]
    if member.keys() <= OF_INSTANCE and "" not in member.values():  # an empty word of an instance's is none
        found.append(refusal(ec2.run_instances, **kind, **asked))
    for seen in found:
        assert seen[::2] == (code, 400), seen
        assert sentence in ("", seen[1]), seen
    assert picture(ec2) == before


@pytest.mark.parametrize("action", ASSIGNED)
def test_bad_member_of_an_assignment(scene, action):
    ec2, _, eni = scene
    before, tried = picture(ec2), 0
    for name, (member, code, sentence) in BAD_MEMBERS.items():
        if not member.keys() <= ASSIGNED[action] or "primary" in name or [] in as_texts(member).values():
            continue  # only a new interface has a mark, or an item without a text
        seen = refusal(getattr(ec2, action), NetworkInterfaceId=eni, **as_texts(member))
        assert seen[::2] == (code, 400), (name, seen)
        assert sentence in ("", seen[1]), (name, seen)
        tried += 1
    assert tried >= 6
    assert picture(ec2) == before


def as_texts(member: dict[str, Any]) -> dict[str, Any]:
    """The same, with texts for structures, as the operations on an interface that is there take them."""
    return {name: _texts(value) if isinstance(value, list) else value for name, value in member.items()}


def _texts(items: list[dict[str, Any]]) -> list[str]:
    return [value for one in items for value in one.values() if isinstance(value, str)]


def test_interfaces_of_one_launch_take_nothing_of_each_other(scene):
    ec2, place, _ = scene
    before = picture(ec2)
    kind = {"ImageId": place.image, "InstanceType": "c5.large", "MinCount": 1, "MaxCount": 1}

    def launching(*specs):
        given = [{"DeviceIndex": n, "SubnetId": place.subnet} | one for n, one in enumerate(specs)]
        return refusal(ec2.run_instances, **kind, NetworkInterfaces=given)

    in_use = "InvalidIPAddress.InUse", "The specified address is already in use.", 400
    assert launching({"PrivateIpAddress": A}, {"PrivateIpAddress": A}) == in_use
    assert launching({"PrivateIpAddress": "10.0.1.70"}, blocks(4, BLOCK))[0] == in_use[0]
    assert launching(blocks(4, BLOCK), {"PrivateIpAddress": "10.0.1.70"})[0] == in_use[0]
    assert launching(blocks(4, BLOCK), blocks(4, BLOCK))[0] == in_use[0]
    assert launching({"Ipv4PrefixCount": 1}, {"PrivateIpAddress": "nonsense"}) == (VALUE, OUTSIDE, 400)
    assert picture(ec2) == before


def test_what_is_picked_leaves_what_is_named(ec2):
    place = make_dual_stack_place(ec2)
    small = ec2.create_subnet(VpcId=place.vpc, CidrBlock="10.0.9.0/28")["Subnet"]["SubnetId"]
    wide = {"SubnetId": small, COUNT: 8}
    given = [{"DeviceIndex": 0} | wide, {"DeviceIndex": 1, "SubnetId": small} | listed("10.0.9.9")]
    (one,) = launch(ec2, place, NetworkInterfaces=given)
    held = [a["PrivateIpAddress"] for i in one["NetworkInterfaces"] for a in i["PrivateIpAddresses"]]
    assert sorted(held, key=lambda a: int(a.rpartition(".")[2])) == [f"10.0.9.{n}" for n in range(4, 15)]


def test_a_zone_must_be_that_of_the_subnet_of_an_interface(scene):
    ec2, place, _ = scene
    kind = {"ImageId": place.image, "InstanceType": "c5.large", "MinCount": 1, "MaxCount": 1}
    code, sentence, _ = refusal(
        ec2.run_instances,
        **kind,
        Placement={"AvailabilityZone": "us-east-1b"},
        NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": place.subnet}],
    )
    assert (code, "us-east-1b" in sentence) == (VALUE, True)


def test_a_primary_in_the_list_beside_a_count(ec2):
    place = make_dual_stack_place(ec2)
    asked = {"SubnetId": place.subnet, COUNT: 2} | listed((A, True)) | listed6("fe80::1")
    asked["Ipv6Addresses"] = [{"Ipv6Address": f"{place.base}7"}, {"Ipv6Address": f"{place.base}8", "IsPrimaryIpv6": True}]  # fmt: skip
    made = ec2.create_network_interface(**asked)["NetworkInterface"]
    ec2.delete_network_interface(NetworkInterfaceId=made["NetworkInterfaceId"])
    (one,) = launch(ec2, place, NetworkInterfaces=[{"DeviceIndex": 0} | asked])
    for shown in (made, one["NetworkInterfaces"][0]):
        first, *others = (a["PrivateIpAddress"] for a in shown["PrivateIpAddresses"])
        assert (first, len(set(others))) == (A, 2)
        assert addresses6(shown) == [f"{place.base}8", f"{place.base}7"]


def test_what_is_taken_away_is_named_once_and_at_all(scene):
    ec2, place, eni = scene
    before = picture(ec2)
    six = f"{place.base}7"
    for call, addresses, prefixes, missing in (
        (ec2.unassign_private_ip_addresses, ("PrivateIpAddresses", A), ("Ipv4Prefixes", BLOCK), "privateIpAddress"),
        (ec2.unassign_ipv6_addresses, ("Ipv6Addresses", six), ("Ipv6Prefixes", f"{place.base}/80"), "ipv6Addresses"),
    ):  # fmt: skip
        for name, text in (addresses, prefixes):
            code, sentence, _ = refusal(call, NetworkInterfaceId=eni, **{name: [text, text]})
            assert code == VALUE
            assert "given only once" in sentence
        assert refusal(call, NetworkInterfaceId=eni) == (MISSING, must_have(missing), 400)
    assert picture(ec2) == before
