"""A virtual packet walked through a compiled program, and the rule that decided, without a kernel.

From prerouting to postrouting as Linux does it: the hooks' chains by their priorities, connection tracking with
source translation, policy rules, route tables, neighbours. Links lead into the next router, into a NAT gateway,
over a peering connection or through the internet. What holds packets up (the netdev tables) is left out.
"""

import ipaddress
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from socket import AF_INET6
from typing import Any, NamedTuple

from elastinet.fabric.compile.items import (
    Chain,
    Element,
    Items,
    Link,
    LinkAddress,
    Neighbour,
    PolicyRule,
    RouteItem,
    Set,
)
from elastinet.fabric.contract import names
from nftables_words import Rule, Rules, Verdict
from packet import Entry, Packet

LOOPBACK = 1
FAR_INDEX = 1 << 20
MOST_LINKS = 8
PRIORITIES = {"raw": -300, "filter": 0, "srcnat": 100}
TRACKED_FROM = -200


class Step(NamedTuple):
    """A rule that decided something, where it stands, and what it said."""

    namespace: str
    chain: str
    rule: str
    verdict: str


class Outcome(NamedTuple):
    """Where a packet has come to: an interface, "router", "internet", or "" for nowhere; by which rules."""

    reached: str
    packet: Packet
    steps: list[Step]

    @property
    def why(self) -> Step:
        """The rule that decided."""
        return self.steps[-1]


class Space:
    """One namespace's program, and the connections that it tracks."""

    def __init__(self, id: str, items: Items) -> None:
        self.id = id
        found = list(items.values())
        self.links = {item.name: item for item in found if isinstance(item, Link)}
        self.indices = {name: link.index for name, link in self.links.items()} | {"lo": LOOPBACK}
        self.addresses = {
            (a.link, ipaddress.ip_address(a.address)) for a in found if isinstance(a, LinkAddress)
        }
        self.own = {address for _, address in self.addresses}
        self.near = {
            (n.link, ipaddress.ip_address(n.address)): n.mac for n in found if isinstance(n, Neighbour)
        }
        self.routes: dict[int, list[RouteItem]] = defaultdict(list)
        for route in found:
            if isinstance(route, RouteItem):
                self.routes[route.table].append(route)
        policy = [item for item in found if isinstance(item, PolicyRule)]
        self.policy = sorted(policy, key=lambda rule: rule.preference)
        self.chains = {c.name: c for c in found if isinstance(c, Chain) and c.family == "inet"}
        self.sets: dict[str, dict[str, str]] = {s.name: {} for s in found if isinstance(s, Set)}
        for element in found:
            if isinstance(element, Element):
                self.sets[element.set][element.element] = element.data
        self.rules = Rules(self.sets)
        self.dynamic = [s.name for s in found if isinstance(s, Set) and "dynamic" in s.definition]
        self.tracked: dict[tuple[Any, ...], Entry] = {}
        self.translated: dict[tuple[Any, ...], Entry] = {}

    def forget(self) -> None:
        """Know nothing of any connection."""
        for known in (self.tracked, self.translated, *(self.sets[name] for name in self.dynamic)):
            known.clear()

    def note(self, entry: Entry) -> None:
        """Remember a connection whose first packet has left."""
        self.tracked.setdefault(entry.first, entry)
        if entry.translated:
            self.translated.setdefault(entry.translated, entry)

    def free_way(self, packet: Packet, to: str) -> tuple[Any, ...]:
        """The way of a packet from another source: its own port if it may and nobody has it, else the next."""
        address, _, ports = to.partition(":")
        protocol, _source, target, *numbers = packet.way
        way = (protocol, ipaddress.ip_address(address), target, *numbers)
        if not ports:
            return way
        low, high = map(int, ports.split("-"))
        for port in (numbers[0], *range(low, high + 1)):
            way = (*way[:3], port, *numbers[1:])
            if low <= port <= high and way not in self.translated:
                return way
        raise AssertionError("all ports are taken")

    def mac_of(self, index: int, target: Any) -> str:
        """The MAC that who asks on a link is told of an address: a neighbour's own, or the router's."""
        links, macs = ("subnets", "macs") if target.version == 4 else ("askers", "macs6")
        subnet = self.sets.get(links, {}).get(str(index))
        if subnet is None:
            return names.ROUTER_MAC
        known = self.sets[macs].get(f"{subnet} . {target}")
        return known or self.sets.get("block_macs6", {}).get(f"{subnet} . {_block(target)}", names.ROUTER_MAC)

    def next_hop(self, mark: int) -> tuple[str, str]:
        """The link and the MAC for which a packet with this mark is handed out behind the router's own pair."""
        index, mac = (self.sets[name][str(mark)] for name in ("forwarder_link", "forwarder_mac"))
        return next(name for name, own in self.indices.items() if own == int(index)), mac

    def hooked(self, hook: str) -> list[Chain]:
        """The chains of a hook in the order of their priorities."""
        found = [chain for chain in self.chains.values() if f" hook {hook} " in chain.hook]
        return sorted(found, key=priority)

    def route(self, packet: Packet) -> RouteItem | None:
        """The route of a packet: by the first policy rule whose table has one, of that the longest."""
        tables = (rule.table for rule in self.policy if _is_for(rule, packet))
        found = (self._longest(table, packet.target) for table in (*tables, names.MAIN_TABLE))
        return next(filter(None, found), None)

    def _longest(self, table: int, target: Any) -> RouteItem | None:
        found = [route for route in self.routes[table] if _holds(route.destination, target)]
        return max(found, key=lambda r: ipaddress.ip_network(r.destination).prefixlen, default=None)


def priority(chain: Chain) -> int:
    word = chain.hook.partition("priority ")[2].partition(";")[0]
    return PRIORITIES[word] if word in PRIORITIES else int(word)


def _is_for(rule: PolicyRule, packet: Packet) -> bool:
    if (rule.family == AF_INET6) != (packet.source.version == 6):
        return False
    marked = rule.mark == 0 or packet.mark & rule.mask == rule.mark
    return marked and (not rule.to or _holds(rule.to, packet.target))


def _block(address: Any) -> Any:
    """The first address of a delegated prefix that an address is in."""
    return ipaddress.ip_network(f"{address}/80", strict=False)[0] if address.version == 6 else address


def _holds(block: str, address: Any) -> bool:
    network = ipaddress.ip_network(block)
    return network.version == address.version and address in network


class Tracer:
    """All namespaces of a compiled region, between which packets go."""

    def __init__(self, program: Mapping[str, Items]) -> None:
        self.spaces = {id: Space(id, items) for id, items in program.items()}
        self.far: dict[tuple[str, str], tuple[str, Link]] = {}
        for space in self.spaces.values():
            for link in space.links.values():
                self.far[link.holder, link.peer_name] = (space.id, link)
                if link.holder in self.spaces:
                    index = link.peer_index or FAR_INDEX + len(self.far)
                    self.spaces[link.holder].indices[link.peer_name] = index

    def forget(self) -> None:
        """Have no namespace know of any connection."""
        for space in self.spaces.values():
            space.forget()

    def send(self, interface: str, packet: Packet, to: str = "") -> Outcome:
        """Send a packet from an interface, by its own MAC, to another: that of its target where none is named."""
        space, link = next(
            (space, link)
            for space in self.spaces.values()
            for link in space.links.values()
            if link.alias == interface
        )
        to = to or space.mac_of(link.index, packet.target)
        return self.walk(space, packet.entering(link.index, link.peer_mac, to))

    def walk(self, space: Space, packet: Packet) -> Outcome:
        """Walk a packet from where it comes into a namespace to where it ends."""
        steps: list[Step] = []
        for _ in range(MOST_LINKS):
            link = self._through(space, packet, steps)
            if not link:
                return Outcome("", packet, steps)
            if link in ("lo", names.INTERNET):
                return Outcome(link.replace("lo", "router"), packet, steps)
            if link == names.HOP_LINK:
                link, packet.ether_to = space.next_hop(packet.mark)
            own = space.links.get(link)
            if own is not None and own.holder not in self.spaces:
                return Outcome(own.alias, packet, steps)
            space, packet = self._over(space, link, packet)
        raise AssertionError("it goes round and round")

    def _over(self, space: Space, link: str, packet: Packet) -> tuple[Space, Packet]:
        """What a packet is at the other end of a link that leads to another namespace of ours."""
        if own := space.links.get(link):
            there = self.spaces[own.holder]
            return there, packet.entering(there.indices[own.peer_name], own.mac, own.peer_mac)
        id, far = self.far[space.id, link]
        router = self.spaces[id]
        to = router.mac_of(far.index, packet.next_hop)
        return router, packet.entering(far.index, far.peer_mac, far.mac if to == names.ROUTER_MAC else to)

    def _through(self, space: Space, packet: Packet, steps: list[Step]) -> str:
        """The link by which a packet leaves a namespace, "lo" for itself, "" for nowhere."""
        if not self._hook(space, "prerouting", packet, steps):
            return ""
        if packet.target in space.own:
            return "lo" if self._hook(space, "input", packet, steps) else ""
        route = space.route(packet)
        if route is None and space.id == names.INTERNET:
            return names.INTERNET
        if route is None or not route.link:
            text = f"{route.destination} in table {route.table}" if route else "no route"
            steps.append(Step(space.id, "routing", text, "unreachable"))
            return ""
        packet.next_hop = ipaddress.ip_address(route.via or str(packet.target))
        packet.oif = space.indices[route.link]
        if (route.link, packet.next_hop) not in space.near and not self._answers(space, route.link, packet):
            steps.append(Step(space.id, "neighbours", f"{packet.next_hop} at {route.link}", "unreachable"))
            return ""
        packet.hops -= 1
        gone_on = self._hook(space, "forward", packet, steps) and self._hook(
            space, "postrouting", packet, steps
        )
        if gone_on and packet.entry is not None:
            space.note(packet.entry)
            packet.entry.answered |= packet.direction == "reply"
        return route.link if gone_on else ""

    def _answers(self, space: Space, link: str, packet: Packet) -> bool:
        """Whether the router at the other end of a link answers for the next hop: no other neighbour is asked."""
        if (space.id, link) not in self.far:
            return False
        id, own = self.far[space.id, link]
        return (own.name, packet.next_hop) in self.spaces[id].addresses

    def _hook(self, space: Space, hook: str, packet: Packet, steps: list[Step]) -> bool:
        """Whether a hook's chains let a packet by; those after connection tracking know its connection."""
        for chain in space.hooked(hook):
            if hook != "prerouting" or priority(chain) > TRACKED_FROM:
                _track(space, packet)
            if chain.hook.startswith("type nat "):
                self._translate(space, chain, packet, steps)
                continue
            verdict = self._chain(space, chain, packet, steps)
            policy = chain.hook.partition("policy ")[2].rstrip("; ") or "accept"
            if verdict is None:
                steps.append(Step(space.id, chain.name, "policy", policy))
            if (verdict.kind if verdict else policy) == "drop":
                return False
        if hook == "prerouting":
            _track(space, packet)
            if packet.direction == "reply" and packet.entry and packet.entry.translated:
                packet.take_target(packet.entry.first)
        return True

    def _translate(self, space: Space, chain: Chain, packet: Packet, steps: list[Step]) -> None:
        """Ask a chain for a connection's first packet only; the others follow it."""
        entry = packet.entry
        assert entry is not None
        if packet.direction == "reply":
            return
        if entry.first not in space.tracked:
            verdict = self._chain(space, chain, packet, steps)
            if verdict and verdict.kind == "snat":
                entry.translated = space.free_way(packet, verdict.chain)
        if entry.translated:
            packet.take_source(entry.translated)

    def _chain(self, space: Space, chain: Chain, packet: Packet, steps: list[Step]) -> Verdict | None:
        """The verdict of a chain: accept, drop, or None at its end."""
        for text in chain.rules:
            verdict = Rule(text, packet, space.rules).judge()
            if verdict is None:
                continue
            steps.append(Step(space.id, chain.name, text, " ".join(verdict).strip()))
            if verdict.kind == "return":
                return None
            if verdict.kind in ("accept", "drop", "snat"):
                return verdict
            found = self._chain(space, space.chains[verdict.chain], packet, steps)
            if found is not None or verdict.kind == "goto":
                return found
        return None


def _track(space: Space, packet: Packet) -> None:
    """Have a packet know its connection, or begin one."""
    if packet.entry is not None:
        return
    if found := space.tracked.get(packet.way):
        packet.entry, packet.direction = found, "original"
        packet.state = "established" if found.answered else "new"
    elif found := space.tracked.get(packet.way_back) or space.translated.get(packet.way_back):
        packet.entry, packet.direction, packet.state = found, "reply", "established"
    else:
        packet.entry, packet.direction, packet.state = Entry(packet.way), "original", "new"


def talks(tracer: Tracer, one: str, other: str, packet: Packet) -> tuple[bool, list[Step]]:
    """Whether a packet from one interface reaches another and its answer comes back, from where the packet went.

    And the rules on the way.
    """
    there = tracer.send(one, replace(packet))
    if there.reached != other:
        return False, there.steps
    back = tracer.send(other, there.packet.answer())
    is_met = back.reached == one and back.packet.way == packet.answer().way
    return is_met, [*there.steps, *back.steps]


def shown(steps: list[Step]) -> Iterator[str]:
    """The steps as text, a line each."""
    return (f"{step.namespace} {step.chain}: {step.rule} -> {step.verdict}" for step in steps)
