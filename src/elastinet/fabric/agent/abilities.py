"""Abilities of this machine: queueing of packets by its kernel, and an upper bound of what it can carry."""

import os
import time

from elastinet.fabric.compile import shaping
from elastinet.fabric.compile.items import Chain, Class, Queue, Redirect, Up
from elastinet.fabric.kernel import features, nftext, rtnl, tun
from elastinet.fabric.kernel.netlink import NetlinkSocket
from elastinet.fabric.kernel.nftables import NftContext
from elastinet.fabric.kernel.worker import Worker

ADVICE = (
    "limits of bandwidth need a kernel (5.16 or newer) with HTB, IFB, act_mirred, cls_bpf and nftables' "
    "netdev hooks: run `modprobe -a sch_htb ifb act_mirred cls_bpf sch_ingress nft_fwd_netdev`"
)
PIECE, COPIES = 1 << 18, 200


def shaping_fault() -> str | None:
    """The reason why bandwidth cannot be limited here, tried in a namespace of its own; None if it can."""
    worker = Worker("abilities", None)
    try:
        worker.call(_try_shaping)
    except OSError as error:
        return f"{ADVICE} ({error})"
    finally:
        worker.stop()
    return None


def translation_fault(helper: int | None) -> str | None:
    """The reason why NAT gateways cannot translate IPv6 to IPv4 here; None if they can."""
    if features.find("tayga") is None:
        return "NAT gateways translate IPv6 to IPv4 by tayga: install the package tayga"
    return tun.fault(helper)


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
    began = time.perf_counter()
    for _ in range(COPIES):
        target[:] = source
    seconds = (time.perf_counter() - began) / COPIES
    return round(PIECE * 8 / seconds * len(os.sched_getaffinity(0)))
