"""The starter of the carrier: it becomes slirp4netns, once the agent has said where the instances are.

It runs in the machine's network namespace, where the carrier's own connections begin. The carrier has no
power, no other program's descriptors, and as root's a user of its own; it ends with its parent and with the
agent.
"""

import argparse
import os
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from ipaddress import IPv4Network, IPv6Network

from elastinet.catalog.settings import Outside
from elastinet.fabric.contract import carrier
from elastinet.fabric.contract.carrier import Door, Offer
from elastinet.fabric.kernel import features, kernel
from elastinet.fabric.kernel.netlink import NetlinkSocket, attributes
from elastinet.rules import proxies
from elastinet.rules.closed_outside import CARRIER, Block, closed, may_open

PROGRAM = "slirp4netns"
MTU = 65520
GETROUTE, ROUTE = 26, struct.Struct("=8BI")
UNICAST, LOCAL = 1, 2
DESTINATION, GATEWAY, VIA, HOPS = 1, 5, 18, 9
"""Of a route's attributes: RTA_DST, RTA_GATEWAY, RTA_VIA, RTA_MULTIPATH."""
KINDS: dict[int, type[Block]] = {socket.AF_INET: IPv4Network, socket.AF_INET6: IPv6Network}
WIDEST = 8
"""A shorter prefix is the rest of the world, by a link that has no gateway (a tunnel's)."""


def main() -> None:
    """Offer a carrier to the agent, and become it."""
    parser = argparse.ArgumentParser(prog="elastinet-carrier")
    parser.add_argument("--fd", type=int, required=True, help="descriptor of the socket to the agent")
    parser.add_argument("--outside", choices=("on", "lan"), required=True)
    given = parser.parse_args()
    kernel.die_with_parent(signal.SIGTERM)
    os.set_inheritable(given.fd, False)
    agent = socket.socket(fileno=given.fd)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    carrier.send(agent, offer(given.outside), theirs.fileno())
    theirs.close()
    answer = carrier.receive(ours, Door)
    if answer is None:
        sys.exit("elastinet: the agent has no door for the way out")
    door, namespaces = answer
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
    words = [*_confined(door.user), *_command(ours.fileno(), *namespaces)]
    os.execv(words[0], words)


def offer(outside: Outside) -> Offer:
    """What is closed on this machine, as it is now."""
    return Offer(tuple(map(str, closed(outside, own_networks()))), tuple(_proxies()))


def _proxies() -> Iterator[tuple[int, str, int]]:
    """Where the proxies are that instances are offered, by the ports where these find them."""
    for own, server in enumerate(proxies.servers(os.environ), proxies.FIRST_PORT):
        with suppress(OSError):  # one without an address is nobody's
            found = socket.getaddrinfo(*server, socket.AF_INET, socket.SOCK_STREAM)
            addresses = (str(place[0]) for *_, place in found)
            if address := next(filter(may_open, addresses), None):
                yield own, address, server.port


def own_networks() -> Iterator[Block]:
    """This machine's addresses, and the networks that it is connected to."""
    with closing(NetlinkSocket()) as netlink:
        asked = ((GETROUTE, 0, ROUTE.pack(family, *bytes(8))) for family in KINDS)
        for _, body in (route for question in asked for route in netlink.dump(question)):
            family, bits, _, _, _, _, _, kind, _ = ROUTE.unpack_from(body)
            found = dict(attributes(body, ROUTE.size))
            is_connected = kind == UNICAST and bits >= WIDEST and not found.keys() & {GATEWAY, VIA, HOPS}
            if DESTINATION in found and (kind == LOCAL or is_connected):
                yield KINDS[family]((found[DESTINATION], bits), strict=False)


def _confined(user: int | None) -> list[str]:
    who = [] if user is None else [f"--reuid={user}", f"--regid={user}", "--clear-groups"]
    none = [] if user is None else ["--inh-caps=-all", "--bounding-set=-all"]
    program = features.find("setpriv") or "/usr/bin/setpriv"
    return [program, *who, *none, "--no-new-privs", "--pdeathsig", "TERM", "--"]


def _command(life: int, network: int, *user: int) -> list[str]:
    """The carrier's words; the descriptors that they name are let through to it."""
    ready = os.dup(life)
    for fd in (life, ready, network, *user):
        os.set_inheritable(fd, True)
    of_user = [f"--userns-path=/proc/self/fd/{fd}" for fd in user]
    return [
        features.find(PROGRAM) or PROGRAM, f"--mtu={MTU}", "--cidr", str(CARRIER), "--enable-ipv6",
        "--disable-host-loopback",
        "--disable-dns", "--enable-seccomp", f"--exit-fd={life}", f"--ready-fd={ready}",
        "--netns-type=path", *of_user, f"/proc/self/fd/{network}", carrier.DEVICE,
    ]  # fmt: skip


if __name__ == "__main__":
    main()
