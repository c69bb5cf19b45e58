"""nftables' words as far as the compiler writes them: what a rule matches, sets and decides, without a kernel.

A word that is not known is an error, so that the compiler cannot outgrow the tracer unseen.
"""

import ipaddress
import re
from collections.abc import Mapping, MutableMapping
from typing import Any, NamedTuple

TOKEN = re.compile(r'\{[^{}]*\}|"[^"]*"|@\w+,\d+,\d+|[!=]=|@?[^\s{}"]+')
PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58}
TWO_WORDS = ("ether", "icmp", "icmpv6", "ip", "ip6", "ct", "meta", "tcp", "th", "udp")
NUMBERS = {
    **{name: (number,) for name, number in PROTOCOLS.items()},
    "lo": (1,),
    "host": (0,),
    "ipv4": (4,),
    "ipv6": (6,),
    "echo-request": (8, 128),
    "nd-router-solicit": (133,),
    "nd-neighbor-solicit": (135,),
}
"""What names mean; an echo request has another number in each family."""


class Break(Exception):
    """The rule does not go on: something does not match."""


class Verdict(NamedTuple):
    """How a rule ends: accept, drop, return, where it jumps or goes to, or the source that it translates to."""

    kind: str
    chain: str = ""


class Rules(NamedTuple):
    """What rules look things up in: a namespace's sets and maps, with their elements and data."""

    sets: Mapping[str, MutableMapping[str, str]]


class Rule:
    """One rule against one packet, which it may change; `judge` gives the verdict or None."""

    def __init__(self, text: str, packet: Any, rules: Rules) -> None:
        self.tokens, self.packet, self.rules = TOKEN.findall(text), packet, rules
        self.text, self.at = text, 0

    def judge(self) -> Verdict | None:
        try:
            while self.at < len(self.tokens):
                if found := self._statement():
                    return found
        except Break:
            pass
        return None

    # --- the words --------------------------------------------------------------------------------

    def _next(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def _peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _statement(self) -> Verdict | None:
        word = self._peek()
        if word in ("accept", "drop", "return"):
            return Verdict(self._next())
        if word in ("goto", "jump"):
            return Verdict(self._next(), self._next())
        if word == "counter":
            self._next()
            return None
        if word == "snat":
            return self._source_nat()
        if word in ("update", "delete") and self.tokens[self.at + 2].startswith("{ ct id"):
            return self._note()
        if word in ("update", "add", "limit", "numgen"):
            raise Break  # a pace: a single packet is never too fast
        if word == "quoted":
            raise Break  # packets here quote none
        return self._about(self._fields())

    def _note(self) -> None:
        """Have a set know the packet's flow from now on, or no more; time does not pass here."""
        word, name, element = (self._next() for _ in range(3))
        fields = element.strip("{ }").partition(" timeout ")[0].split(" . ")
        values = [self.packet.field(field) for field in fields]
        self._need(None not in values)
        noted, flow = self.rules.sets[name[1:]], " . ".join(map(str, values))
        if word == "update":
            noted[flow] = ""
        else:
            noted.pop(flow, None)

    def _source_nat(self) -> Verdict:
        """A source translation: to one address, and ports of a range where the protocol has any."""
        words = [self._next() for _ in range(4)]
        if words[:3] != ["snat", "ip", "to"]:
            raise KeyError(self.text)
        return Verdict("snat", words[3])

    def _about(self, names: tuple[str, ...]) -> Verdict | None:
        """A match, an assignment or a lookup by some fields."""
        if self._peek() == "set":
            self._next()
            self._assign(names[0])
            return None
        values = self._values(names)
        word = self._next()
        if word == "vmap":
            return self._verdict(self._find(values, self._next()))
        if word == "!=":
            self._need(not self._is_in(names, values, self._next()))
        else:
            self._need(self._is_in(names, values, self._next() if word == "==" else word))
        return None

    def _fields(self) -> tuple[str, ...]:
        """The names of one field, or of several that are put together."""
        names = [self._field()]
        while self._peek() == ".":
            self._next()
            names.append(self._field())
        return tuple(names)

    def _field(self) -> str:
        word = self._next()
        if word == "rt":
            return f"rt {self._next()} {self._next()}"
        if word == "ct" and self._peek() in ("original", "reply"):
            return " ".join(("ct", *(self._next() for _ in range(3))))
        return f"{word} {self._next()}" if word in TWO_WORDS else word

    def _values(self, names: tuple[str, ...]) -> tuple[Any, ...]:
        """The packet's values; what it does not have ends the rule."""
        values = tuple(self.packet.field(name) for name in names)
        self._need(None not in values)
        while self._peek() in ("and", "or"):
            values = (self._bits(values[0]),)
        return values

    def _bits(self, value: int) -> int:
        word, mask = self._next(), int(self._next(), 0)
        return value & mask if word == "and" else value | mask

    def _assign(self, name: str) -> None:
        word = self._peek()
        if word == "none" or name == "ct timeout":
            self._next()
        elif word[0].isdigit():
            self.packet.assign(name, int(self._next(), 0))
        else:
            values = self._values(self._fields())
            if self._peek() == "map":
                self._next()
                self.packet.assign(name, self._find(values, self._next()))
            else:
                self.packet.assign(name, values[0])

    def _need(self, true: bool) -> None:
        if not true:
            raise Break

    # --- what is looked up ------------------------------------------------------------------------

    def _find(self, values: tuple[Any, ...], where: str) -> str:
        """The data of the element that holds the values."""
        for element, data in self._elements(where).items():
            if _holds(element, values):
                return data
        raise Break

    def _elements(self, where: str) -> Mapping[str, str]:
        if where.startswith("@"):
            return self.rules.sets[where[1:]]
        parts = [part.strip() for part in where.strip("{} ").split(",")]
        return {key.strip(): data.strip() for key, _, data in (part.partition(" : ") for part in parts)}

    def _is_in(self, names: tuple[str, ...], values: tuple[Any, ...], word: str) -> bool:
        if word.startswith(("@", "{")):
            return any(_holds(element, values) for element in self._elements(word))
        if names == ("ct state",):
            return values[0] in word.split(",")
        return _holds(word, values)

    def _verdict(self, data: str) -> Verdict:
        kind, _, chain = data.partition(" ")
        return Verdict(kind, chain)


def _holds(element: str, values: tuple[Any, ...]) -> bool:
    parts = element.split(" . ")
    return len(parts) == len(values) and all(map(_is, parts, values))


def _is(text: str, value: Any) -> bool:
    """Whether a word of nftables means a value, or a range or block that it is in."""
    match value:
        case ipaddress.IPv4Address() | ipaddress.IPv6Address():
            return _holds_address(text, value)
        case int():
            if not text[:1].isdigit():
                return value in NUMBERS[text]
            low, _, high = text.partition("-")
            return int(low, 0) <= value <= int(high or low, 0)
        case _:
            return text.strip('"') == value


def _holds_address(text: str, value: Any) -> bool:
    if (":" in text) != (value.version == 6):
        return False
    if "-" in text:
        low, high = map(ipaddress.ip_address, text.split("-"))
        return int(low) <= int(value) <= int(high)
    return value in ipaddress.ip_network(text)
