"""Abilities of this machine: what its kernel can do with packets and frames, and how much it can carry."""

import os
import time
from collections.abc import Callable, Iterator
from functools import partial

from elastinet.catalog.network import JUMBO_MTU
from elastinet.fabric.compile import appliance, neighbours, shaping
from elastinet.fabric.compile.items import Chain, Class, Item, Queue, Redirect, Set, Up
from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import Network
from elastinet.fabric.guest.ids import TTY, Ids
from elastinet.fabric.kernel import features, kernel, nftext, rtnl, tun
from elastinet.fabric.kernel.netlink import NetlinkSocket
from elastinet.fabric.kernel.nftables import NftContext
from elastinet.fabric.kernel.worker import Worker

ADVICE = (
    "limits of bandwidth need a kernel (5.16 or newer) with HTB, IFB, act_mirred, cls_bpf and nftables' "
    "netdev hooks: run `modprobe -a sch_htb ifb act_mirred cls_bpf sch_ingress nft_fwd_netdev`"
)
NO_FRAMES = (
    "every neighbour has the router's MAC, and what is sent to its own is lost: that needs nftables' netdev "
    "and ARP tables, so a kernel with CONFIG_NF_TABLES_NETDEV and _ARP; run `modprobe nft_fwd_netdev`"
)
NO_ENTRIES = (
    "an interface's UdpTimeout of more than 30 s counts as 30 s: longer ones need nftables' ct timeout, so a "
    "kernel with CONFIG_NF_CONNTRACK_TIMEOUT"
)
NO_RESETS = (
    "what was idle for too long in a NAT gateway is dropped without a RST: that needs a kernel with "
    "CONFIG_NFT_REJECT; run `modprobe nft_reject_inet`"
)
NO_CONTAINERS = {
    "groups": "podman run needs --cgroups=disabled, and an empty file system at /sys/fs/cgroup",
    "terminals": "podman's containers have a group of terminals, and instances here have no ids but root's: "
    "`elastinet doctor` says how to get some; `unshare` works",
    "same": "instances see a guarded /proc here, and the kernel lets them mount no other for containers",
}
"""The reasons why podman starts no container in an instance, as it is."""
PIECE, COPIES = 1 << 18, 20


def containers_fault(ids: Ids, *, divides: bool) -> str | None:
    """The reason why podman starts no container in guests with these ids; None if it does."""
    if divides or ids.lent > TTY:
        return None
    if ids.is_shifted:
        return NO_CONTAINERS["groups"]
    return NO_CONTAINERS["terminals" if ids.lent else "same"]


def shaping_fault(place: Worker) -> str | None:
    """The reason why bandwidth cannot be limited here, tried in a namespace for trials; None if it can."""
    return _fault(place, _try_shaping, ADVICE)


def frames_fault(place: Worker) -> str | None:
    """The reason why frames cannot be told by whom they are for, tried likewise; None if they can."""
    return _fault(place, _try_frames, NO_FRAMES)


def entries_fault(place: Worker) -> str | None:
    """The reason why no entry of conntrack can be kept for longer than others; None if one can."""
    entry = Set("late", "protocol udp; l3proto ip; policy = { replied : 9, unreplied : 9 };", "ct timeout")
    attempt = partial(_try_filter, entry, Chain("entries", ('ct timeout set "late"',)))
    return _fault(place, attempt, NO_ENTRIES)


def resets_fault(place: Worker) -> str | None:
    """The reason why no RST can be sent; None if it can."""
    attempt = partial(_try_filter, *appliance.base(resets=True, translates=False))
    return _fault(place, attempt, NO_RESETS)


def _try_filter(*items: Item) -> None:
    nft = NftContext()
    try:
        if refusal := nft.run(nftext.script((None, item) for item in items)):
            raise OSError(refusal)
    finally:
        nft.close()


def _fault(place: Worker, attempt: Callable[[], None], advice: str) -> str | None:
    try:
        place.call(attempt)
    except OSError as error:
        return f"{advice} ({error})"
    return None


def translation_fault(helper: int | None) -> str | None:
    """The reason why NAT gateways cannot translate IPv6 to IPv4 here; None if they can."""
    if features.find("tayga") is None:
        return "NAT gateways translate IPv6 to IPv4 by tayga: install the package tayga"
    return tun.fault(helper)


def _try_frames() -> None:
    """Have a pair of links and the filters of frames."""
    network = Network("vpc", ("10.0.0.0/16",), (), None, "", "")
    netlink, nft, own = NetlinkSocket(), NftContext(), kernel.own_network()
    try:
        numbers = {names.HOP_LINK: names.HOP_INDEX, names.HOP_PEER: names.HOP_PEER_INDEX}
        for item in neighbours.link("vpc", JUMBO_MTU):
            for error in filter(None, netlink.send(rtnl.add(item, numbers.__getitem__, lambda _: own))):
                raise OSError(error.errno, f"{item.identity}: {error.strerror}")
        wanted = (
            item
            for item in (*neighbours.network(network, "", "accept", "accept"), *neighbours.answers6())
            if isinstance(item, Chain | Set) and item.family != "inet"
        )
        if refusal := nft.run(nftext.script((None, item) for item in wanted)):
            raise OSError(refusal)
    finally:
        netlink.close()
        nft.close()
        os.close(own)


def _try_shaping() -> None:
    """Make one of each kind; the namespace goes with the thread."""
    queue, numbers = "q", {"q": 10, "lo": 1}
    netlink, nft = NetlinkSocket(), NftContext()
    try:
        for item in (
            Queue(queue, 10, "i-0"),
            Class(queue, 1, 0, 8000, 8000),
            Up(queue),
            Redirect("lo", queue),
        ):
            messages = rtnl.add(item, lambda name: numbers[name], lambda _: 0)
            for error in filter(None, netlink.send(messages)):
                raise OSError(error.errno, f"{type(item).__name__.lower()}: {error.strerror}")
        rules = ('meta priority set 1:1 fwd to "q"',)
        hooks = {hook: shaping.hook_of(hook, "lo") for hook in ("ingress", "egress")}
        chains = [Chain(hook, rules, text, "netdev", "lo") for hook, text in hooks.items()]
        if refusal := nft.run(nftext.script((None, chain) for chain in chains)):
            raise OSError(refusal)
    finally:
        netlink.close()
        nft.close()


def most_bps() -> int:
    """More than all guests together can exchange: what all processors could copy, in bits a second.

    Every byte is copied at least once on its way, so a limit above this can never bind.
    """
    source, target = bytes(PIECE), bytearray(PIECE)
    return round(PIECE * 8 / min(_times(source, target)) * len(os.sched_getaffinity(0)))


def _times(source: bytes, target: bytearray) -> Iterator[float]:
    """The seconds that each of some copies takes: the shortest was disturbed by nobody."""
    for _ in range(COPIES):
        began = time.perf_counter()
        target[:] = source
        yield time.perf_counter() - began
