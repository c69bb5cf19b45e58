"""Rules that turn a neighbour solicitation into the advertisement that answers it, in the kernel's own form.

Both have the same size, so the answer is written over the question, in the name of the interface that has the
address that is asked for, and leaves by the link that the question came by. nftables' language does not know
the fields of these messages, nor their checksum.

    solicitation   from the asker      to a group or the target  type 135  target  option 1: the asker's MAC
    advertisement  from the target     to the asker              type 136  target  option 2: the target's MAC
"""

from elastinet.fabric.kernel.expressions import (
    EQUAL,
    LINK,
    NETWORK,
    TRANSPORT,
    UNEQUAL,
    absent,
    compare,
    constant,
    forward,
    incoming_link,
    load,
    load_mark,
    look_up,
    mark_packet,
    masked,
    write,
    write_address,
)

SUBNET, TARGET, CAME_BY, MAC, ASKER, SEEN = 8, 9, 15, 16, 4, 18
"""Registers. The target is the second part of two keys: behind the link, then behind the subnet's mark."""
LENGTH, SOURCE, DESTINATION, WHOLE = 4, 8, 24, 16
CHECKSUM, FLAGS, ASKED, OPTION, OPTION_MAC = 2, 4, 8, 24, 26
MAC_SIZE = 6
EXACT = b"\x00\x20\x3a\xff"
"""The length of a message with one option, ICMPv6 right behind the header, the hop limit of the same link."""
SOLICITATION, ADVERTISEMENT = b"\x87\x00", b"\x88\x00"
OF_SOURCE, OF_TARGET = b"\x01\x01", b"\x02\x01"
SOLICITED_OVERRIDE = b"\x60\x00\x00\x00"
MASKS = {"address": b"", "block": b"\xff" * 10 + bytes(6)}
"""Of what the map's keys keep of the target: all, or the 80 bits of a delegated prefix."""


def expressions(kept: str, subnets: str, map: str, own: str) -> list[bytes]:
    """Of the rule "advertised KEPT @SUBNETS @MAP @OWN".

    By the subnet of the link and what is kept of the target, the map leads to the MAC that has it; `own` has
    links with the addresses behind them, for nobody is told of oneself. Who has no address yet (`::`) asks
    whether one is free, and is not answered. `nft list` fails on keys with a part that a map has led to, so
    the subnet goes by the packet's mark into its key.
    """
    return [
        *_wanted(),
        *_found(MASKS[kept], *(name.removeprefix("@") for name in (subnets, map, own))),
        *_written(),
    ]


def _wanted() -> list[bytes]:
    return [
        *(load(SEEN, NETWORK, LENGTH, 4), compare(SEEN, EQUAL, EXACT)),
        *(load(SEEN, TRANSPORT, 0, 2), compare(SEEN, EQUAL, SOLICITATION)),
        *(load(SEEN, TRANSPORT, OPTION, 2), compare(SEEN, EQUAL, OF_SOURCE)),
        *(load(ASKER, NETWORK, SOURCE, WHOLE), compare(ASKER, UNEQUAL, bytes(WHOLE))),
    ]


def _found(mask: bytes, subnets: str, map: str, own: str) -> list[bytes]:
    """Look for the MAC; the target is read anew, for its key may have but a part of it."""
    return [
        *(load(TARGET, TRANSPORT, ASKED, WHOLE), *([masked(TARGET, mask)] if mask else [])),
        *(incoming_link(SUBNET), absent(own, SUBNET)),
        *(look_up(subnets, SUBNET, SUBNET), mark_packet(SUBNET), load_mark(SUBNET)),
        look_up(map, SUBNET, MAC),
        *(load(TARGET, TRANSPORT, ASKED, WHOLE), incoming_link(CAME_BY)),
    ]


def _written() -> list[bytes]:
    """The MACs of the frame are last: before, the frame may be one that others read as well."""
    return [
        *(write_address(TARGET, SOURCE, WHOLE), write_address(ASKER, DESTINATION, WHOLE)),
        *_put(ADVERTISEMENT, 0),
        *_put(SOLICITED_OVERRIDE, FLAGS),
        *_put(OF_TARGET, OPTION),
        write(MAC, TRANSPORT, OPTION_MAC, MAC_SIZE, CHECKSUM),
        *(load(SEEN, LINK, MAC_SIZE, MAC_SIZE), write(SEEN, LINK, 0, MAC_SIZE)),
        write(MAC, LINK, MAC_SIZE, MAC_SIZE),
        forward(CAME_BY),
    ]


def _put(value: bytes, at: int) -> tuple[bytes, bytes]:
    return constant(SEEN, value), write(SEEN, TRANSPORT, at, len(value), CHECKSUM)
