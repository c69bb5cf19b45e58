"""The packet filter's present content, read by netlink: to list it as text would be slow."""

import ipaddress
import struct
from collections import defaultdict
from collections.abc import Callable, Iterator

from elastinet.fabric.compile.items import Chain, Element, Family, Items, Set
from elastinet.fabric.contract.names import TABLE_NAME
from elastinet.fabric.kernel.netlink import Netlink, attribute, attributes
from elastinet.fabric.kernel.nftext import mark

GET_CHAIN, GET_RULE, GET_SET, GET_ELEMENT, GET_OBJECT = (10 << 8 | number for number in (4, 7, 10, 13, 19))
FAMILIES: dict[Family, bytes] = {
    "inet": bytes((1, 0, 0, 0)),
    "netdev": bytes((5, 0, 0, 0)),
    "arp": bytes((3, 0, 0, 0)),
}
EXPRESSION = 7
COUNTER = 1
"""An object's type."""
VERDICTS = {-3: "jump", -4: "goto"}
Decoded = str


def correct(applied: Items, netlink: Netlink) -> Items:
    """Give the record of chains, sets and elements as it should read; other items are left as they are."""
    result = {
        identity: item for identity, item in applied.items() if identity[0] not in ("chain", "set", "element")
    }
    for family in FAMILIES:
        result |= _chains_as_they_are(applied, netlink, family)
        result |= _sets_as_they_are(applied, netlink, family)
    return result


def _chains_as_they_are(applied: Items, netlink: Netlink, family: Family) -> Items:
    result: Items = {}
    marks = _marks(netlink, family)
    for name, policy in _chains(netlink, family).items():
        chain = applied.get(("chain", name))
        same = (
            isinstance(chain, Chain)
            and [mark(rule) for rule in chain.rules] == marks[name]
            and policy in chain.hook
        )
        strange = Chain(name, ("changed by hand",), family=family)
        result["chain", name] = chain if same and chain else strange
    return result


def _sets_as_they_are(applied: Items, netlink: Netlink, family: Family) -> Items:
    result: Items = {}
    for name in _sets(netlink, family):
        kept = applied.get(("set", name))
        if isinstance(kept, Set):
            result["set", name] = kept
            if kept.has_elements:
                result |= {item.identity: item for item in _elements(netlink, kept)}
    return result


def _named(kind: int, text: str) -> bytes:
    """An attribute that is a text."""
    return attribute(kind, text.encode() + b"\0")


def _dump(netlink: Netlink, family: Family, kind: int, *extra: bytes) -> Iterator[dict[int, bytes]]:
    """Ask for all objects of a kind in our table; a table that is gone has none."""
    body = FAMILIES[family] + _named(1, TABLE_NAME) + b"".join(extra)
    try:
        for _, answer in netlink.dump((kind, 0, body)):
            found = dict(attributes(answer, 4))
            if found[1] == TABLE_NAME.encode() + b"\0":
                yield found
    except FileNotFoundError:
        return


def _chains(netlink: Netlink, family: Family) -> dict[str, str]:
    """Chains and, for those on a hook, their policy."""
    policies = {0: "policy drop", 1: "policy accept"}
    return {
        found[3][:-1].decode(): policies[struct.unpack(">I", found[5])[0]] if 5 in found else ""
        for found in _dump(netlink, family, GET_CHAIN)
    }


def _marks(netlink: Netlink, family: Family) -> dict[str, list[str]]:
    """The marks of every chain's rules, in order; a rule of someone else has none."""
    marks: dict[str, list[str]] = defaultdict(list)
    for found in _dump(netlink, family, GET_RULE):
        data = found.get(7, b"")
        marks[found[2][:-1].decode()].append(data[2:-1].decode(errors="replace") if data[:1] == b"\0" else "")
    return marks


def _sets(netlink: Netlink, family: Family) -> list[str]:
    """The names of sets and maps, and of the objects that rules use by name."""
    found = (one for kind in (GET_SET, GET_OBJECT) for one in _dump(netlink, family, kind))
    names = (one[2][:-1].decode() for one in found)
    return [name for name in names if not name.startswith("__")]


def _elements(netlink: Netlink, of: Set) -> Iterator[Element]:
    """The elements of a set in the notation in which we would have written them."""
    keys, _, data = of.definition.partition(";")[0].removeprefix("type ").partition(" : ")
    types = keys.split(" . ")
    for found in _dump(netlink, of.family, GET_ELEMENT, _named(2, of.name)):
        for _, element in attributes(found.get(3, b""), 0):
            parts = dict(attributes(element, 0))
            low = dict(attributes(parts[1], 0))[1]
            high = dict(attributes(parts[10], 0))[1] if 10 in parts else low
            yield Element(of.name, _key(types, low, high), _data(data, parts[2]) if data else "", of.family)


def counts(netlink: Netlink, name: str) -> dict[str, int]:
    """The packets that the elements of a set of MACs have counted."""
    found = {}
    for answer in _dump(netlink, "inet", GET_ELEMENT, _named(2, name)):
        for _, element in attributes(answer.get(3, b""), 0):
            parts = dict(attributes(element, 0))
            counter = dict(attributes(dict(attributes(parts[EXPRESSION], 0))[2], 0))
            (found[_mac(dict(attributes(parts[1], 0))[1][:6], b"")],) = struct.unpack(">Q", counter[2])
    return found


def counters(netlink: Netlink) -> dict[str, int]:
    """The packets that named counters have counted."""
    found = {}
    for one in _dump(netlink, "inet", GET_OBJECT):
        if one[3] == struct.pack(">I", COUNTER):
            (found[one[2][:-1].decode()],) = struct.unpack(">Q", dict(attributes(one[4], 0))[2])
    return found


def _key(types: list[str], low: bytes, high: bytes) -> Decoded:
    """Write a key of several fields, each padded to four bytes."""
    texts, at = [], 0
    for kind in types:
        size, write = FIELDS[kind]
        texts.append(write(low[at : at + size], high[at : at + size]))
        at += (size + 3) & ~3
    return " . ".join(texts)


def _data(kind: str, value: bytes) -> Decoded:
    """Write what a map leads to."""
    found = dict(attributes(value, 0))
    if kind == "verdict":
        verdict = dict(attributes(found[2], 0))
        word = VERDICTS.get(struct.unpack(">i", verdict[1])[0], "")
        return f"{word} {verdict[2][:-1].decode()}" if word and 2 in verdict else "changed by hand"
    return FIELDS[kind][1](found[1], found[1])


def _native(low: bytes, high: bytes) -> Decoded:
    return str(struct.unpack("=I", low)[0])


def _class(low: bytes, high: bytes) -> Decoded:
    major, minor = divmod(struct.unpack("=I", low)[0], 1 << 16)
    return f"{major:x}:{minor:x}"


def _mac(low: bytes, high: bytes) -> Decoded:
    return low.hex(":")


def _span(low: bytes, high: bytes) -> Decoded:
    first, last = int.from_bytes(low), int.from_bytes(high)
    return str(first) if first == last else f"{first}-{last}"


def _address(low: bytes, high: bytes) -> Decoded:
    """An address, the CIDR that a range is, or the range."""
    first, last = ipaddress.ip_address(low), ipaddress.ip_address(high)
    if first == last:
        return str(first)
    if not int(first) and int(last) == (1 << first.max_prefixlen) - 1:
        return f"{first}-{last}"
    blocks = list(ipaddress.summarize_address_range(first, last))
    return str(blocks[0]) if len(blocks) == 1 else f"{first}-{last}"


FIELDS: dict[str, tuple[int, Callable[[bytes, bytes], Decoded]]] = {
    "iface_index": (4, _native),
    "mark": (4, _native),
    "classid": (4, _class),
    "ether_addr": (6, _mac),
    "ipv4_addr": (4, _address),
    "ipv6_addr": (16, _address),
    "inet_proto": (1, _span),
    "inet_service": (2, _span),
}
