"""What of the machine's side instances do not reach by the way out; nothing else says so."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address

from elastinet.catalog.nat64 import NAT64
from elastinet.catalog.network import (
    NOT_OF_INTERNET,
    NOT_OF_INTERNET6,
    PRIVATE_BLOCK6,
    PRIVATE_BLOCKS,
    PUBLIC_POOL,
)
from elastinet.catalog.regions import IPV6_POOL
from elastinet.catalog.settings import Outside
from elastinet.rules.ranges import ADDRESSES, Ranges, blocks_of, minus, of_blocks

Block = IPv4Network | IPv6Network
CARRIER, CARRIER6 = IPv4Network("100.115.92.0/24"), IPv6Network("fd00::/64")
"""Where the program is that carries the packets: its own addresses are no host of anybody's.

It has its IPv6 addresses without a choice.
"""
ALWAYS = (
    IPv4Network("0.0.0.0/8"),
    IPv4Network("127.0.0.0/8"),
    IPv4Network("169.254.0.0/16"),
    IPv4Network("224.0.0.0/3"),
    CARRIER,
    PUBLIC_POOL,
)
"""The machine itself, its link (where a cloud has its metadata), groups; what is here, or nowhere."""
PRIVATE = tuple(IPv4Network(block) for blocks in PRIVATE_BLOCKS.values() for block in blocks)
OPEN6 = ("2000::/3", str(NAT64))
"""All that IPv6 has of the internet, and what a translator of the machine's network leads to IPv4.

So closed are, too: ::1, addresses that stand for IPv4 in a socket (::ffff:0:0/96), the link's, groups.
"""
TEREDO, SIX_TO_FOUR = IPv6Network("2001::/32"), IPv6Network("2002::/16")
"""IPv6 that is carried by IPv4, to addresses that are in the IPv6 addresses (RFC 4380, RFC 3056)."""
METADATA6 = tuple(map(IPv6Network, ("fd00:ec2::/32", "fd20:ce::/64", "fd00:c1::/64", "fd00:42::/64")))
"""Where clouds have their metadata, which IPv4 has at the link: AWS, Google, Oracle and Scaleway."""
HERE6 = (IPV6_POOL, IPv6Network("3fff::/20"), IPv6Network("fd00:2ff::/32"))
"""VPCs' blocks, the internet's namespace, and what NAT gateways have inside."""
ALWAYS6 = (CARRIER6, TEREDO, *METADATA6, *HERE6)


def not_of_internet(*, lan: bool) -> tuple[str, ...]:
    """The networks that no internet gateway leads to; with `lan` it leads to the machine's private ones."""
    if not lan:
        return NOT_OF_INTERNET
    kept = (block for block in NOT_OF_INTERNET if IPv4Network(block) not in PRIVATE)
    return (*kept, str(CARRIER))


def not_of_internet6(*, lan: bool) -> tuple[str, ...]:
    """The same of IPv6."""
    if not lan:
        return NOT_OF_INTERNET6
    kept = (block for block in NOT_OF_INTERNET6 if block != PRIVATE_BLOCK6)
    private = IPv6Network(PRIVATE_BLOCK6)
    return (*kept, *(str(block) for block in ALWAYS6 if block.subnet_of(private)))


def no_gateway_leads_to(outside: Outside) -> dict[int, Ranges]:
    """The same as ranges by version of IP, for who asks which way packets go."""
    lan = outside == "lan"
    return {4: of_blocks(not_of_internet(lan=lan), 4), 6: of_blocks(not_of_internet6(lan=lan), 6)}


def may_open(address: str) -> bool:
    """True if an address may be opened that is of a closed network: one that the user has named."""
    return not any(ip_address(address) in network for network in ALWAYS)


def closed(outside: Outside, own: Iterable[Block]) -> tuple[Block, ...]:
    """The networks that are closed; `own` are the machine's addresses and those that it is connected to."""
    own = list(own) if outside != "lan" else []
    private = PRIVATE if outside != "lan" else ()
    closed4 = (*ALWAYS, *private, *(block for block in own if isinstance(block, IPv4Network)))
    found = tuple(collapse_addresses(closed4))
    return (*found, *_closed6(outside, found, (block for block in own if isinstance(block, IPv6Network))))


def _closed6(
    outside: Outside, closed4: Iterable[IPv4Network], own: Iterable[IPv6Network]
) -> Iterable[IPv6Network]:
    """All but what is open; what is closed in IPv4 is closed by the IPv6 addresses that lead to it, too."""
    open6 = (*OPEN6, PRIVATE_BLOCK6) if outside == "lan" else OPEN6
    rest = blocks_of(minus(ADDRESSES[6], of_blocks(open6, 6)), 6)
    through = (_leading(prefix, block) for block in closed4 for prefix in (NAT64, SIX_TO_FOUR))
    return collapse_addresses((*map(IPv6Network, rest), *ALWAYS6, *through, *own))


def _leading(prefix: IPv6Network, block: IPv4Network) -> IPv6Network:
    """The addresses that have those of an IPv4 network behind a prefix."""
    first = int(prefix.network_address) | int(block.network_address) << (96 - prefix.prefixlen)
    return IPv6Network((first, prefix.prefixlen + block.prefixlen))
