"""The poll mode driver of an instance's interfaces, and the frames that it has room for.

Measured on two small cores between bare namespaces, interleaved, with small packets: net_af_packet forwards
0.7 to 1.2 times of what the kernel does, with `qdisc_bypass` 1.2 times of what it does without; net_af_xdp
1.5 to 1.9 times of net_af_packet, up to an MTU of about 3,500. In an instance there is no choice: an AF_XDP
socket needs a program and a map of eBPF, and the kernel takes these from those only who have CAP_BPF on the
machine itself, whereas the powers of an instance's root end with the instance.
"""

from collections.abc import Sequence

NAME = "net_af_packet"
WHY_NOT_XDP = (
    "AF_XDP is not to be had in an instance: its eBPF program needs CAP_BPF on the machine itself; "
    "leave --driver out, for af_packet"
)
FRAME_OVERHEAD = 18 + 66
"""Ethernet's header with a tag and a checksum, and what the kernel writes in front of a frame (packet(7))."""
FRAME_BYTES = (2048, 9216)
"""A program's buffers must hold a whole frame: the first size fits those that DPDK makes by default."""
HEADROOM = 128
"""Bytes that DPDK keeps free in front of a packet in its buffer (RTE_PKTMBUF_HEADROOM)."""
LEAST_MTU, USUAL_MTU, LARGEST_MTU = 1280, 1500, 9001
BLOCK_FRAMES = 8
MOST_FRAMES, LEAST_FRAMES = 1024, 64
RINGS = 2
"""An interface has one to receive and one to send, both in memory that is locked."""


def checked(mtu: int) -> int:
    """An MTU, if an interface can have it; raises ValueError."""
    if LEAST_MTU <= mtu <= LARGEST_MTU:
        return mtu
    raise ValueError(f"--mtu is a number from {LEAST_MTU} to {LARGEST_MTU}, not {mtu}")


def frame_bytes(mtu: int) -> int:
    """The smallest frames that packets of a size fit into."""
    return next(size for size in FRAME_BYTES if mtu + FRAME_OVERHEAD <= size)


def buffer_bytes(mtu: int) -> int:
    """The least size of a program's packet buffers, DPDK's headroom included."""
    return frame_bytes(mtu) + HEADROOM


def ring_frames(mtu: int, links: int, lockable_bytes: int | None) -> int:
    """Number of frames in each ring of `links` interfaces; raises ValueError if too little may be locked."""
    one = frame_bytes(mtu) * RINGS * links
    room = MOST_FRAMES if lockable_bytes is None else lockable_bytes // one // BLOCK_FRAMES * BLOCK_FRAMES
    if room < LEAST_FRAMES:
        raise ValueError(
            f"the packet rings of {links} interfaces need {one * LEAST_FRAMES >> 10} KB of locked memory, "
            f"the agent may lock {(lockable_bytes or 0) >> 10} KB: raise `ulimit -l` before elastinet starts"
        )
    return min(room, MOST_FRAMES)


def devices(links: Sequence[str], mtu: int, lockable_bytes: int | None) -> list[str]:
    """The virtual devices of some interfaces, in the order of the program's ports."""
    size, count = frame_bytes(mtu), ring_frames(mtu, len(links), lockable_bytes)
    ring = f"framesz={size},blocksz={size * BLOCK_FRAMES},framecnt={count},qdisc_bypass=1"
    return [f"{NAME}{number},iface={link},{ring}" for number, link in enumerate(links)]
