"""rtnetlink's messages in the kernel's form: a header, then attributes (linux/rtnetlink.h and its like).

A launch of a hundred instances takes a thousand of them. Here is what we say, by the kernel's names.
"""

import socket
import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

Attributes = Iterable[tuple[str, Any]]
Encode = Callable[[Any], bytes]
_HEAD = struct.Struct("=HH")


class Form(NamedTuple):
    """A header with its fields in order, and the attributes that may follow: numbers and forms."""

    header: struct.Struct
    fields: tuple[str, ...]
    attributes: Mapping[str, tuple[int, Encode]]

    def encode(self, fields: Mapping[str, int], attributes: Attributes) -> bytes:
        """Give a message's body; a field that is not named is 0."""
        head = self.header.pack(*[fields.get(name, 0) for name in self.fields])
        return head + _encode(self.attributes, attributes)


def _encode(known: Mapping[str, tuple[int, Encode]], attributes: Attributes) -> bytes:
    parts = []
    for name, value in attributes:
        number, encode = known[name]
        body = encode(value)
        parts += [_HEAD.pack(4 + len(body), number), body, bytes(-len(body) % 4)]
    return b"".join(parts)


_u32: Encode = struct.Struct("=I").pack
_u64: Encode = struct.Struct("=Q").pack


def _text(value: str) -> bytes:
    return value.encode() + b"\0"


def _mac(value: str) -> bytes:
    return bytes.fromhex(value.replace(":", ""))


def _address(value: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in value else socket.AF_INET, value)


def _nested(known: Mapping[str, tuple[int, Encode]]) -> Encode:
    return lambda value: _encode(known, value["attrs"])


def _peer(value: Mapping[str, Any]) -> bytes:
    """The other end of a pair: a link's message within a link's message."""
    return ifinfmsg.encode(value, value["attrs"])


_VETH = {"VETH_INFO_PEER": (1, _peer)}
_INFO = {"IFLA_INFO_KIND": (1, _text), "IFLA_INFO_DATA": (2, _nested(_VETH))}
_NEIGHBOURS = {"NDTPA_IFINDEX": (1, _u32), "NDTPA_PROXY_DELAY": (13, _u64)}

ifinfmsg = Form(
    struct.Struct("=BxHiII"),
    ("family", "ifi_type", "index", "flags", "change"),
    {
        "IFLA_ADDRESS": (1, _mac),
        "IFLA_IFNAME": (3, _text),
        "IFLA_MTU": (4, _u32),
        "IFLA_MASTER": (10, _u32),
        "IFLA_TXQLEN": (13, _u32),
        "IFLA_LINKINFO": (18, _nested(_INFO)),
        "IFLA_IFALIAS": (20, _text),
        "IFLA_GROUP": (27, _u32),
        "IFLA_NET_NS_FD": (28, _u32),
    },
)
ifaddrmsg = Form(
    struct.Struct("=BBBBI"),
    ("family", "prefixlen", "flags", "scope", "index"),
    {
        "IFA_ADDRESS": (1, _address),
        "IFA_LOCAL": (2, _address),
        "IFA_BROADCAST": (4, _address),
        "IFA_FLAGS": (8, _u32),
        "IFA_RT_PRIORITY": (9, _u32),
    },
)
rtmsg = Form(
    struct.Struct("=BBBBBBBBI"),
    ("family", "dst_len", "src_len", "tos", "table", "proto", "scope", "type", "flags"),
    {
        "RTA_DST": (1, _address),
        "RTA_OIF": (4, _u32),
        "RTA_GATEWAY": (5, _address),
        "RTA_PRIORITY": (6, _u32),
        "RTA_PREFSRC": (7, _address),
        "RTA_TABLE": (15, _u32),
    },
)
ndmsg = Form(
    struct.Struct("=BxxxiHBB"),
    ("family", "ifindex", "state", "flags", "ndm_type"),
    {"NDA_DST": (1, _address), "NDA_LLADDR": (2, _mac)},
)
ndtmsg = Form(
    struct.Struct("=Bxxx"), ("family",), {"NDTA_NAME": (1, _text), "NDTA_PARMS": (6, _nested(_NEIGHBOURS))}
)
fibmsg = Form(
    struct.Struct("=BBBBBxxBI"),
    ("family", "dst_len", "src_len", "tos", "table", "action", "flags"),
    {
        "FRA_DST": (1, _address),
        "FRA_SRC": (2, _address),
        "FRA_IIFNAME": (3, _text),
        "FRA_PRIORITY": (6, _u32),
        "FRA_FWMARK": (10, _u32),
        "FRA_TABLE": (15, _u32),
        "FRA_FWMASK": (16, _u32),
    },
)
