"""Rules that translate an address in the packet that an ICMP error quotes, in the kernel's own form.

nftables' language can write into a quoted header, but names no checksum for it. Here the kernel is told
which two bytes it shall keep true while it writes. A new address and its header's checksum make up for each
other, so that ICMP's own, which covers both, stays true.

The checksums of TCP and UDP cover the addresses as well. Their rules write the new address with that one,
and the old address again with ICMP's. So the last rule finds the old address, and all checksums true.
"""

from elastinet.fabric.kernel.expressions import (
    EQUAL,
    TRANSPORT,
    UNEQUAL,
    compare,
    load,
    look_up,
    masked,
    write,
)

OLD, NEW, SEEN = 1, 2, 3
"""Registers: the address that is there, the one that it leads to, what is compared."""
ICMP_CHECKSUM, QUOTED = 2, 8
VERSION, FRAGMENT, PROTOCOL, HEADER_CHECKSUM = QUOTED, QUOTED + 6, QUOTED + 9, QUOTED + 10
ADDRESSES = {"saddr": QUOTED + 12, "daddr": QUOTED + 16}
TRANSPORTS = {"udp": (17, QUOTED + 20 + 6), "tcp": (6, QUOTED + 20 + 16)}
"""A protocol's number, and where its checksum is behind a header without options."""


def expressions(protocol: str, address: str, _map: str, map: str) -> list[bytes]:
    """Of the rule "quoted PROTOCOL ADDRESS map @MAP", about a protocol or "ip" for any."""
    at, map = ADDRESSES[address], map.removeprefix("@")
    found = [load(OLD, TRANSPORT, at, 4), look_up(map, OLD, NEW)]
    if protocol not in TRANSPORTS:
        return [*found, write(NEW, TRANSPORT, at, 4, HEADER_CHECKSUM)]
    number, checksum = TRANSPORTS[protocol]
    wanted = [
        *(load(SEEN, TRANSPORT, VERSION, 1), compare(SEEN, EQUAL, b"\x45")),
        *(load(SEEN, TRANSPORT, FRAGMENT, 2), masked(SEEN, b"\x1f\xff"), compare(SEEN, EQUAL, bytes(2))),
        *(load(SEEN, TRANSPORT, PROTOCOL, 1), compare(SEEN, EQUAL, bytes((number,)))),
        *(load(SEEN, TRANSPORT, checksum, 2), compare(SEEN, UNEQUAL, bytes(2))),
    ]
    written = (write(NEW, TRANSPORT, at, 4, checksum), write(OLD, TRANSPORT, at, 4, ICMP_CHECKSUM))
    return [*wanted, *found, *written]
