"""Names of kernel objects, made of resource ids, and fixed numbers and addresses."""

import ipaddress
from functools import lru_cache
from pathlib import Path

INTERNET = "internet"
INTERNET_ADDRESS = "203.0.113.1"
API_ADDRESS, API_ADDRESS6 = "203.0.113.3", "3fff::3"
"""Where AWS's endpoints are on the internet's side."""
API_AUTHORITY = "elastinet's authority for AWS's endpoints"
"""The name of the authority whose certificate they answer with."""
OUTSIDE_ADDRESS, OUTSIDE_ADDRESS6 = "203.0.113.4", "3fff::4"
"""The next hop of what leaves for the machine's network."""
IGW_ADDRESS = "100.64.0.1"
METADATA_ADDRESS = "169.254.169.254"
RESOLVER_ADDRESS = "169.254.169.253"
NTP_ADDRESS = "169.254.169.123"
METADATA_ADDRESS6 = "fd00:ec2::254"
RESOLVER_ADDRESS6 = "fd00:ec2::253"
NTP_ADDRESS6 = "fd00:ec2::123"
NAT64_LINK = "nat64"
"""Where packets of a NAT gateway leave one family and come back in the other."""
TRANSLATED_PREFIX = "fd00:2ff::/96"
"""What stands for IPv4 inside a NAT gateway; like 64:ff9b::/96, it adds nothing to a checksum."""
TRANSLATED_ADDRESS, TRANSLATOR_ADDRESS = "192.0.0.1", "192.0.0.2"
"""Of addresses that IPv6 hosts have in IPv4 (RFC 7335): that of all which a NAT gateway translates, and of
its translator."""
TRANSLATED_ADDRESS6 = "fd00:2ff:0:1::1"
QUESTIONS_PORT = 5365
"""Where the engine answers a VPC's resolver for names that this does not know; no instance sees it."""
QUESTIONS64_PORT = 5366
"""The same for the resolver of subnets with DNS64."""
DNS64_PORT = 5364
"""Where the resolver of subnets with DNS64 listens; no instance sees it."""
INTERNET_ADDRESS6 = "3fff::1"
ROUTER_MAC = "0e:00:00:00:00:01"
INTERNET_MAC = "0e:00:00:00:00:02"
HOST_ADDRESS = "203.0.113.2"
HOST_MAC = "0e:00:00:00:00:04"
API_MAC = "0e:00:00:00:00:09"
OUTSIDE_MAC = "0e:00:00:00:00:0a"
GUARD_MAC = "0e:00:00:00:00:07"
INNER_GUARD_MAC = "0e:00:00:00:00:08"
EXPOSED_LINK = "elastinet0"
EGRESS_ONLY_MAC = "0e:00:00:00:00:05"
"""Nobody's: it names the next hop of what leaves by an egress-only internet gateway."""
PEER_ADDRESS = "100.64.0.2"
PEER_MAC = "0e:00:00:00:00:03"
NOBODY_MAC = "0e:00:00:00:00:ff"
HOP_ADDRESS = "100.64.0.3"
HOP_MAC = "0e:00:00:00:00:06"
"""The far end of the pair by which packets leave a router for a neighbour whose address they do not have."""

IGW_LINK = "igw0"
IGW_INDEX = 10
FIRST_INDEX = 100
HOP_LINK, HOP_INDEX = "hop0", 11
HOP_PEER, HOP_PEER_INDEX = "hop1", 12

LOCAL_TABLE, HOP_TABLE = 50, 51
HOP_PREFERENCE, OWN_SUBNET_PREFERENCE, INSIDE_PREFERENCE, LOCAL_PREFERENCE = 40, 50, 60, 100
INSIDE_TABLES = 1 << 16
FIRST_TABLE = 1000
TABLE_BITS = 16
TABLE_MASK, WHOLE_MASK = (1 << TABLE_BITS) - 1, (1 << 32) - 1
LAST_SUBNET = (1 << 15) - 1
NEIGHBOUR_MARK, HOP_MARK = 1 << 31, 3 << 30
"""Of a packet to a neighbour's own address; of one to any, with the index of the neighbour's link."""
LAST_CLASS = 0xFFFE
"""Classes of a queue have 16 bits; the last is the kernel's own."""
MAIN_TABLE = 254
FIRST_OWN_TABLE, CARD_TABLES, FIRST_METRIC = 10_000, 100, 512

TABLE_NAME = "elastinet"
FIRST_DEVICE = "eth0"
IP_FREEBIND = 15
"""A socket option of Linux: to have an address before the machine has it."""


def digits(id: str) -> str:
    """Give the distinguishing part of a resource id, fit for a link's name.

    It is the end, by which ids differ that somebody has counted.
    """
    return id.rpartition("-")[2][-14:]


def host_link(interface: str) -> str:
    """The VPC's end of an interface."""
    return "e" + digits(interface)


def internet_link(network: str) -> str:
    """The internet's end of a VPC's gateway."""
    return "v" + digits(network)


def peering_link(id: str) -> str:
    """Either end of a peering connection, each in its own VPC's router."""
    return "p" + digits(id)


def queue(instance: str) -> str:
    """The device in a VPC's router that an instance's packets wait in."""
    return "q" + digits(instance)


@lru_cache(maxsize=1 << 14)
def word(id: str) -> str:
    """An id as nftables takes it in a name."""
    return "".join(letter if letter.isalnum() else "_" for letter in id)


def group_chain(group: str, direction: str) -> str:
    """The chain of a security group in one direction, "in" or "out"."""
    return f"{word(group)}_{direction}"


def members_set(group: str) -> str:
    """The set of a security group's members."""
    return f"{word(group)}_members"


def own_table(device: str) -> int:
    """The table by which a guest's device answers, as EC2's guest agents number it.

    Examples: 10000 for eth0, 10001 for eth1, 10102 for eth1n2, the second interface of network card 1.
    """
    return FIRST_OWN_TABLE + _place(device)


def metric_of(device: str) -> int:
    """The metric of a device's routes in the main table; eth0's come first."""
    return FIRST_METRIC + _place(device) if _place(device) else 0


def place_of(device: str) -> tuple[int, int]:
    """The network card and the device index of a guest's device, by its name."""
    card, _, index = device.removeprefix("eth").rpartition("n")
    return int(card or 0), int(index)


def _place(device: str) -> int:
    card, index = place_of(device)
    return CARD_TABLES * card + index


def link_local(mac: str) -> str:
    """The link-local address that a MAC makes (RFC 4291, appendix A), as the kernel makes it."""
    parts = [int(part, 16) for part in mac.split(":")]
    parts = [parts[0] ^ 2, *parts[1:3], 0xFF, 0xFE, *parts[3:]]
    return str(ipaddress.IPv6Address(bytes((0xFE, 0x80, *[0] * 6, *parts))))


def images_beside(disks: Path) -> Path:
    """The folder of images' contents, which is beside that of the disks."""
    return disks.with_name("images")
