"""A packet filter that is none: the tables, chains, sets and elements that nftables' commands leave.

It knows the commands that `nftext` writes, in any family, and refuses with nftables' own words. Chains and sets
of all families are in one place, for a router gives no two of them one name.
"""

import copy
import ipaddress
import itertools
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from elastinet.fabric.contract.names import TABLE_NAME
from elastinet.fabric.kernel import nfobserve
from elastinet.fabric.kernel.netlink import Message, attribute, attributes

ABSENT, BUSY, EXISTS, CIRCLE = (
    f"Error: Could not process rule: {why}"
    for why in ("No such file or directory", "Device or resource busy", "File exists", "Too many links")
)
COMMAND = re.compile(
    r"(add|delete|flush) (table|chain|set|map|element|rule|quoted|advertised|counter|ct timeout) "
    r"(\w+) (\S+) ?(\S*) ?(.*)"
)
COMMENT = re.compile(r'(.*) comment "(\w+)"')
NAMED = re.compile(r"@([A-Za-z_][\w.-]*)(?![\w,])")
DEVICE = re.compile(r" device (\S+) ")
USED = re.compile(r'(?:ct timeout set|counter name) "(\w+)"')
LED_TO = re.compile(r"(?:jump|goto) ([\w.-]+)")
T = TypeVar("T")
SETS = ("set", "map")
VERDICTS = {word: number for number, word in nfobserve.VERDICTS.items()}


class RefusedCommand(Exception):
    """One command is refused, and with it all."""


@dataclass
class FakeChain:
    family: str
    hook: str
    rules: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class FakeSet:
    family: str
    definition: str
    is_object: bool = False
    elements: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeFilter:
    """A namespace's tables of all families, of one name; there is none before the first command."""

    tables: set[str] = field(default_factory=set)
    chains: dict[str, FakeChain] = field(default_factory=dict)
    sets: dict[str, FakeSet] = field(default_factory=dict)

    def close(self) -> None:
        pass

    def run(self, text: str) -> str | None:
        """Apply commands, all or none."""
        after = copy.deepcopy(self)
        try:
            for line in text.splitlines():
                after.do(line)
            after.check()
        except RefusedCommand as why:
            return str(why)
        self.tables, self.chains, self.sets = after.tables, after.chains, after.sets
        return None

    def do(self, line: str) -> None:
        found = COMMAND.fullmatch(line)
        assert found, line
        verb, noun, family, table, name, rest = found.groups()
        assert table == TABLE_NAME, line
        if (verb, noun) == ("add", "table"):
            self.tables.add(family)
        elif family not in self.tables:
            raise RefusedCommand(ABSENT)
        else:
            self._do(f"{verb} {noun}", family, name, rest)

    def lose(self, device: str) -> None:
        """Lose the chains of a device that is gone."""
        gone = [name for name, chain in self.chains.items() if device in DEVICE.findall(chain.hook)]
        for name in gone:
            del self.chains[name]

    def _do(self, command: str, family: str, name: str, rest: str) -> None:
        match command:
            case "add chain":
                self.chains.setdefault(name, FakeChain(family, rest.strip("{} ")))
            case "add set" | "add map" | "add counter" | "add ct timeout":
                definition, is_object = rest.removeprefix("{ ").removesuffix(" }"), command[4:] not in SETS
                self.sets.setdefault(name, FakeSet(family, definition, is_object))
            case "flush chain":
                known(self.chains, name).rules.clear()
            case "add rule" | "add quoted" | "add advertised":
                written = COMMENT.fullmatch(rest)
                known(self.chains, name).rules.append((written[1], written[2]) if written else (rest, ""))
                self._look_up(rest)
            case "add element" | "delete element":
                verb = self._add if command.startswith("add") else self._delete
                for element in rest.strip("{} ").split(", "):
                    verb(known(self.sets, name), *element.partition(" : ")[::2])
            case "delete chain":
                known(self.chains, name)
                if any(self._leads(name)):
                    raise RefusedCommand(BUSY)
                del self.chains[name]
            case "delete set" | "delete map" | "delete counter" | "delete ct timeout":
                known(self.sets, name)
                rules = [text for chain in self.chains.values() for text, _ in chain.rules]
                if any(name in (*NAMED.findall(text), *USED.findall(text)) for text in rules):
                    raise RefusedCommand(BUSY)
                del self.sets[name]
            case _:
                raise AssertionError(command)

    def _look_up(self, rule: str) -> None:
        for name in (*NAMED.findall(rule), *USED.findall(rule)):
            known(self.sets, name)
        for name in LED_TO.findall(rule):
            known(self.chains, name)

    def _add(self, to: FakeSet, element: str, data: str) -> None:
        for name in LED_TO.findall(data):
            known(self.chains, name)
        if to.elements.get(element, data) != data:
            raise RefusedCommand(EXISTS)
        to.elements[element] = data

    def _delete(self, of: FakeSet, element: str, data: str) -> None:
        known(of.elements, element)
        del of.elements[element]

    def _leads(self, name: str) -> Iterator[bool]:
        """Whether each rule, and each element of a map, leads to a chain."""
        for chain in self.chains.values():
            yield from (name in LED_TO.findall(text) for text, _ in chain.rules)
        for found in self.sets.values():
            yield from (name in LED_TO.findall(data) for data in found.elements.values())

    def check(self) -> None:
        """What leads in a circle is refused, if packets come there."""
        for name, chain in self.chains.items():
            if chain.hook:
                self._follow(name, ())

    def _follow(self, name: str, way: tuple[str, ...]) -> None:
        if name in way:
            raise RefusedCommand(CIRCLE)
        for text, _ in self.chains[name].rules:
            maps = (self.sets[found].elements.values() for found in NAMED.findall(text))
            for led_to in (text, *itertools.chain.from_iterable(maps)):
                for there in LED_TO.findall(led_to):
                    self._follow(there, (*way, name))


def known(where: dict[str, T], name: str) -> T:
    if name not in where:
        raise RefusedCommand(ABSENT)
    return where[name]


class FakeFilterSocket:
    """A socket that tells what is in a packet filter, in the kernel's form."""

    port = 1

    def __init__(self, filter: FakeFilter) -> None:
        self._filter = filter

    def close(self) -> None:
        pass

    def send(self, messages: Sequence[Message]) -> list[OSError | None]:
        raise AssertionError("nobody changes a filter by this socket")

    def dump(self, message: Message) -> Iterator[tuple[int, bytes]]:
        kind, _flags, body = message
        asked = dict(attributes(body, 4))
        family = next(name for name, header in nfobserve.FAMILIES.items() if body[:4] == header)
        if family not in self._filter.tables or asked[1] != text(TABLE_NAME):
            raise FileNotFoundError
        shown = {
            nfobserve.GET_CHAIN: self._chains,
            nfobserve.GET_RULE: self._rules,
            nfobserve.GET_SET: lambda family: self._named(family, are_objects=False),
            nfobserve.GET_OBJECT: lambda family: self._named(family, are_objects=True),
        }.get(kind, lambda _family: self._elements(asked[2][:-1].decode()))
        for found in list(shown(family)):
            yield kind, bytes(4) + attribute(1, text(TABLE_NAME)) + found

    def _of(self, family: str) -> Iterator[tuple[str, FakeChain]]:
        return ((name, chain) for name, chain in self._filter.chains.items() if chain.family == family)

    def _chains(self, family: str) -> Iterator[bytes]:
        for name, chain in self._of(family):
            policy = struct.pack(">I", "policy accept" in chain.hook)
            yield attribute(3, text(name)) + (attribute(5, policy) if chain.hook else b"")

    def _rules(self, family: str) -> Iterator[bytes]:
        for name, chain in self._of(family):
            for _, mark in chain.rules:
                comment = b"\0" + bytes((len(mark) + 1,)) + text(mark)
                yield attribute(2, text(name)) + (attribute(7, comment) if mark else b"")

    def _named(self, family: str, *, are_objects: bool) -> Iterator[bytes]:
        """The names of sets and maps, or of the objects that rules use."""
        for name, found in self._filter.sets.items():
            if (found.family, found.is_object) == (family, are_objects):
                yield attribute(2, text(name))

    def _elements(self, name: str) -> Iterator[bytes]:
        if name not in self._filter.sets:
            raise FileNotFoundError
        found = self._filter.sets[name]
        keys, _, data = found.definition.partition(";")[0].removeprefix("type ").partition(" : ")
        for element, value in found.elements.items():
            low, high = _key(keys.split(" . "), element.split(" . "))
            parts = attribute(1, attribute(1, low)) + attribute(10, attribute(1, high))
            parts += attribute(2, _data(data, value)) if data else b""
            yield attribute(3, attribute(1, parts))


def text(name: str) -> bytes:
    return name.encode() + b"\0"


def _key(types: Sequence[str], words: Sequence[str]) -> tuple[bytes, bytes]:
    """A key's first and last value, each field padded to four bytes."""
    ends = [WRITTEN[kind](word) for kind, word in zip(types, words, strict=True)]
    low, high = (b"".join(end[side] + bytes(-len(end[side]) % 4) for end in ends) for side in (0, 1))
    return low, high


def _data(kind: str, value: str) -> bytes:
    if kind != "verdict":
        return attribute(1, WRITTEN[kind](value)[0])
    word, _, chain = value.partition(" ")
    return attribute(2, attribute(1, struct.pack(">i", VERDICTS[word])) + attribute(2, text(chain)))


Ends = tuple[bytes, bytes]


def _native(word: str) -> Ends:
    value = struct.pack("=I", int(word, 0))
    return value, value


def _mac(word: str) -> Ends:
    value = bytes.fromhex(word.replace(":", ""))
    return value, value


def _span(size: int) -> Callable[[str], Ends]:
    def ends(word: str) -> Ends:
        low, _, high = word.partition("-")
        return int(low).to_bytes(size), int(high or low).to_bytes(size)

    return ends


def _address(word: str) -> Ends:
    low, _, high = word.partition("-")
    block = ipaddress.ip_network(low)
    return block[0].packed, ipaddress.ip_address(high).packed if high else block[-1].packed


WRITTEN: dict[str, Callable[[str], Ends]] = {
    "iface_index": _native,
    "mark": _native,
    "ether_addr": _mac,
    "ipv4_addr": _address,
    "ipv6_addr": _address,
    "inet_proto": _span(1),
    "inet_service": _span(2),
}
