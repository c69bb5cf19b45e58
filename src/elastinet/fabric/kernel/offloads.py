"""Segmentation offloads of a device: those turned off leave it to the kernel to cut frames beforehand."""

import ctypes
import socket
import struct
from fcntl import ioctl

SIOCETHTOOL = 0x8946
STRINGS, COUNT, STATE, CHANGE = 0x1B, 0x37, 0x3A, 0x3B
FEATURES = 4
NAME = 32


def only_tcp(device: str) -> None:
    """Have everything but TCP cut before it reaches a device; runs in the device's network namespace.

    A frame that is handed on by a process carries a header that can tell of TCP's segments, but not of what
    lies inside a tunnel.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        off = [bit for bit, name in enumerate(_names(control, device)) if _is_beyond_tcp(name)]
        _turn(control, device, off, on=False)


def leave_nothing(device: str) -> list[int]:
    """Have frames cut, and their checksums written, before they reach a device; runs in its namespace.

    Who reads frames as a wire would carry them cannot know what is missing. Gives the features that were on.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        names = _names(control, device)
        wanted = _wanted(control, device, len(names))
        off = [bit for bit in wanted if _is_cut(names[bit]) or names[bit].startswith("tx-checksum-")]
        _turn(control, device, off, on=False)
    return off


def give_back(device: str, bits: list[int]) -> None:
    """Turn on again what was left to a device before; runs in its network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        _turn(control, device, bits, on=True)


def _is_cut(name: str) -> bool:
    return name.startswith("tx-") and name.endswith("-segmentation")


def _is_beyond_tcp(name: str) -> bool:
    return _is_cut(name) and not name.startswith("tx-tcp")


def _names(control: socket.socket, device: str) -> list[str]:
    """The names of the features that the kernel knows, by their bits."""
    asked = bytearray(struct.pack("=IIQI", COUNT, 0, 1 << FEATURES, 0))
    ask(control, device, asked)
    (count,) = struct.unpack_from("=I", asked, 16)
    told = bytearray(struct.pack("=III", STRINGS, FEATURES, count)) + bytearray(count * NAME)
    ask(control, device, told)
    return [told[at : at + NAME].split(b"\0")[0].decode() for at in range(12, len(told), NAME)]


def _wanted(control: socket.socket, device: str, count: int) -> list[int]:
    """The bits of the features that a device is asked to have."""
    blocks = (count + 31) // 32
    asked = bytearray(struct.pack("=II", STATE, blocks)) + bytearray(blocks * 16)
    ask(control, device, asked)
    wanted = [word for _, word, _, _ in struct.iter_unpack("=4I", asked[8:])]
    return [bit for bit in range(count) if wanted[bit // 32] >> bit % 32 & 1]


def _turn(control: socket.socket, device: str, bits: list[int], *, on: bool) -> None:
    """Ask for features to be on or off; one that is so already, or fixed, stays as it is."""
    blocks = max(bits, default=0) // 32 + 1
    masks = [sum(1 << bit % 32 for bit in bits if bit // 32 == block) for block in range(blocks)]
    pairs = b"".join(struct.pack("=II", mask, mask if on else 0) for mask in masks)
    ask(control, device, bytearray(struct.pack("=II", CHANGE, blocks) + pairs))


def ask(control: socket.socket, device: str, question: bytearray) -> None:
    """Have the kernel answer into the question's own bytes."""
    room = (ctypes.c_char * len(question)).from_buffer(question)
    ioctl(control, SIOCETHTOOL, struct.pack("16sP", device.encode(), ctypes.addressof(room)))
