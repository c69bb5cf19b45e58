"""What of the machine's side instances do not reach by the way out; nothing else says so."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, collapse_addresses

from elastinet.catalog.network import NOT_OF_INTERNET, PRIVATE_BLOCKS
from elastinet.catalog.settings import Outside
from elastinet.rules.addressing import PUBLIC_POOL
from elastinet.rules.ranges import Ranges, of_blocks

CARRIER = IPv4Network("100.115.92.0/24")
"""Where the program is that carries the packets: its own addresses are no host of anybody's."""
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


def not_of_internet(*, lan: bool) -> tuple[str, ...]:
    """The networks that no internet gateway leads to; with `lan` it leads to the machine's private ones."""
    if not lan:
        return NOT_OF_INTERNET
    kept = (block for block in NOT_OF_INTERNET if IPv4Network(block) not in PRIVATE)
    return (*kept, str(CARRIER))


def no_gateway_leads_to(outside: Outside) -> Ranges:
    """The same as ranges, for who asks which way packets go."""
    return of_blocks(not_of_internet(lan=outside == "lan"), 4)


def may_open(address: str) -> bool:
    """True if an address may be opened that is of a closed network: one that the user has named."""
    return not any(IPv4Address(address) in network for network in ALWAYS)


def closed(outside: Outside, own: Iterable[IPv4Network]) -> tuple[IPv4Network, ...]:
    """The networks that are closed; `own` are the machine's addresses and those that it is connected to."""
    others = () if outside == "lan" else (*PRIVATE, *own)
    return tuple(collapse_addresses((*ALWAYS, *others)))
