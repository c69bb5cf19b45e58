"""A virtual packet, and the entries of a router that tracks connections."""

import ipaddress
from dataclasses import dataclass, field, replace
from typing import Any

TCP, UDP, ICMP, ICMP6 = 6, 17, 1, 58
HOST = 0
"""A frame for one; the others, which ask, are left out."""
ECHOS = {ICMP: (8, 0), ICMP6: (128, 129)}
"""An echo request's type, and its reply's."""


@dataclass
class Entry:
    """A tracked connection: the way of its first packet, its mark, and whether it was answered."""

    first: tuple[Any, ...]
    mark: int = 0
    answered: bool = False
    translated: tuple[Any, ...] | None = None
    """The way of its packets behind a source translation, if there is one."""


@dataclass
class Packet:
    """What it says, and what the namespace that it is in knows of it; `number` is a port or a type and code."""

    protocol: int
    source: Any
    target: Any
    sport: int = 40000
    dport: int = 80
    hops: int = 64
    mark: int = 0
    iif: int = 0
    oif: int = 0
    ether: str = ""
    ether_to: str = ""
    next_hop: Any = None
    entry: Entry | None = None
    state: str = "new"
    direction: str = "original"
    type: int = field(default=-1)

    def __post_init__(self) -> None:
        self.source, self.target = map(ipaddress.ip_address, (str(self.source), str(self.target)))
        if self.protocol in ECHOS and self.type < 0:
            self.type = ECHOS[self.protocol][0]

    def answer(self) -> "Packet":
        """The packet that its target sends back."""
        kind = ECHOS[self.protocol][1] if self.protocol in ECHOS else -1
        return Packet(self.protocol, self.target, self.source, self.dport, self.sport, type=kind)

    def entering(self, iif: int, ether: str, ether_to: str) -> "Packet":
        """As it comes into a namespace, which knows nothing of it; its frame has two MACs."""
        return replace(
            self,
            iif=iif,
            ether=ether,
            ether_to=ether_to,
            mark=0,
            oif=0,
            next_hop=None,
            entry=None,
            state="new",
        )

    @property
    def way(self) -> tuple[Any, ...]:
        """What connection tracking knows it by, in its own direction."""
        ports = (self.type, 0) if self.protocol in ECHOS else (self.sport, self.dport)
        return (self.protocol, self.source, self.target, *ports)

    def take_source(self, way: tuple[Any, ...]) -> None:
        """Come from where a way comes from; an ICMP packet keeps its type."""
        self.source = way[1]
        if self.protocol not in ECHOS:
            self.sport = way[3]

    def take_target(self, way: tuple[Any, ...]) -> None:
        """Go back to where a way comes from."""
        self.target = way[1]
        if self.protocol not in ECHOS:
            self.dport = way[3]

    @property
    def way_back(self) -> tuple[Any, ...]:
        """The same of its answers."""
        if self.protocol in ECHOS:
            asked, answered = ECHOS[self.protocol]
            ports = (answered if self.type == asked else asked, 0)
        else:
            ports = (self.dport, self.sport)
        return (self.protocol, self.target, self.source, *ports)

    def field(self, name: str) -> Any:
        """A field by nftables' name; None where it has none."""
        family, _, word = name.partition(" ")
        version = self.source.version
        if family in ("ip", "ip6"):
            return self._header(word) if version == (4 if family == "ip" else 6) else None
        if family in ("tcp", "udp") and self.protocol != {"tcp": TCP, "udp": UDP}[family]:
            return None
        if family == "ct" and word.endswith("saddr"):
            return self._first_sender(word)
        if family in ("icmp", "icmpv6"):
            return self._icmp(word) if self.protocol == {"icmp": ICMP, "icmpv6": ICMP6}[family] else None
        if name == "@ll,0,32":
            return int.from_bytes(bytes.fromhex(self.ether_to.replace(":", ""))[:4])
        if name.startswith("@"):
            return None  # a part of a DHCP message
        return self._known(name, word)

    def _header(self, word: str) -> Any:
        found = {
            "saddr": self.source,
            "daddr": self.target,
            "ttl": self.hops,
            "hoplimit": self.hops,
            "frag-off": 0,
        }
        return found[word]

    def _first_sender(self, word: str) -> Any:
        """The source of a direction of the connection, as its first packet came: "original ip saddr"."""
        direction, family, _ = word.split()
        if self.entry is None or family != ("ip" if self.source.version == 4 else "ip6"):
            return None
        return self.entry.first[1 if direction == "original" else 2]

    def _icmp(self, word: str) -> int:
        return {"type": self.type, "code": 0}[word]

    def _known(self, name: str, word: str) -> Any:
        if word == "dport":
            return None if self.protocol in ECHOS else self.dport
        if word == "sport":
            return self.type << 8 if self.protocol in ECHOS else self.sport
        fields = {
            "iif": self.iif,
            "oif": self.oif,
            "ether saddr": self.ether,
            "ether daddr": self.ether_to,
            "meta pkttype": HOST,
            "meta mark": self.mark,
            "meta l4proto": self.protocol,
            "meta nfproto": self.source.version,
            "ct state": self.state,
            "ct direction": self.direction,
            "ct id": id(self.entry),
            "ct status": "assured" if self.entry and self.entry.answered else "",
            "ct mark": self.entry.mark if self.entry else 0,
            "rt ip6 nexthop": self.next_hop,
        }
        return fields[name]

    def assign(self, name: str, value: Any) -> None:
        """Set a field, as a rule does it."""
        match name:
            case "meta mark":
                self.mark = int(value)
            case "ip ttl" | "ip6 hoplimit":
                self.hops = int(value)
            case "ip saddr":
                self.source = ipaddress.ip_address(value)
            case "ip daddr":
                self.target = ipaddress.ip_address(value)
            case "ct mark":
                assert self.entry is not None
                self.entry.mark = int(value)
            case "meta priority":
                pass  # a class to wait in
            case _:
                raise KeyError(name)
