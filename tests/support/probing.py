"""Many real packets of a random region at once: who sends what to whom, and which answers come back.

In each instance one process listens at all ports, and one sends all that it has to send: TCP connections, and
datagrams and echo requests again and again. It waits for the answers that are expected, and a while for others.
"""

import json
import random
import shlex
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import Network
from elastinet.fabric.desired.desired import everything
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.state import State
from elastinet.rules.interfaces import attachment_of
from elastinet.rules.reachability.walk import INTERNET
from machine import Machine
from packet import ICMP, TCP, UDP
from wild_region import Wild

PORTS = (22, 80, 443, 5000, 8080, 33_000)
FIRST_PORT = 40_000
ECHO = 8 << 8
ALONE = """
cd /proc/sys/net/ipv4
for name in rp_filter accept_redirects send_redirects; do
    for file in conf/*/$name; do echo 0 > $file; done
done
"""
"""Instances go by their routes, and by nobody's advice."""
LISTENER = """
import json, select, socket, struct, sys
IP_PKTINFO = 8
asked = {}
for port in json.loads(sys.argv[1]):
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    datagrams.bind(("0.0.0.0", port))
    asked[socket.create_server(("0.0.0.0", port), backlog=1024)] = True
    asked[datagrams] = False
while True:
    for one in select.select(list(asked), [], [])[0]:
        if asked[one]:
            one.accept()[0].close()
            continue
        data, ancillary, _, who = one.recvmsg(99, 99)
        own = struct.pack("=I4s4s", 0, ancillary[0][2][8:12], bytes(4))
        try:
            one.sendmsg([data], [(socket.IPPROTO_IP, IP_PKTINFO, own)], 0, who)
        except OSError:
            pass
"""
SENDER = """
import json, select, socket, struct, sys, time
probes, expected = json.loads(sys.argv[1])
ICMP, TCP, UDP = 1, 6, 17
left, answered, sends, heard = set(expected), set(), [], {}
poll = select.poll()

def add(one, events, meaning):
    heard[one.fileno()] = (one, meaning)
    poll.register(one, events)

def echo(number):
    head, total = struct.pack("!BBHHH", 8, 0, 0, number, 1), 0
    for at in range(0, len(head), 2):
        total += head[at] << 8 | head[at + 1]
    total = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    return head[:2] + struct.pack("!H", total) + head[4:]

echoes = {}
for number, protocol, source, sport, target, dport in probes:
    if protocol == ICMP:
        if source not in echoes:
            echoes[source] = one = socket.socket(socket.AF_INET, socket.SOCK_RAW, ICMP)
            one.bind((source, 0))
            add(one, select.POLLIN, None)
        sends.append((number, lambda to=target, one=echoes[source], data=echo(number): one.sendto(data, (to, 0))))
        continue
    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM if protocol == TCP else socket.SOCK_DGRAM)
    one.setblocking(False)
    one.bind((source, sport))
    try:
        one.connect((target, dport))
    except BlockingIOError:
        pass
    except OSError:
        continue
    add(one, select.POLLOUT if protocol == TCP else select.POLLIN, (protocol, number))
    if protocol == UDP:
        sends.append((number, lambda one=one, data=b"%d" % number: one.send(data)))
targets = {number: target for number, protocol, source, sport, target, dport in probes}

def hear(one, meaning):
    if meaning is None:
        data, (who, _) = one.recvfrom(99)
        kind, number = data[20], struct.unpack("!H", data[24:26])[0]
        return number if kind == 0 and targets.get(number) == who else None
    protocol, number = meaning
    if protocol == UDP:
        return number if one.recv(99) == b"%d" % number else None
    poll.unregister(one)
    return None if one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) else number

begin, again = time.monotonic(), 0
while (now := time.monotonic() - begin) < 1.2 or (left and now < 30):
    if now >= again:
        again = now + 0.4
        for number, send in sends:
            try:
                number in answered or send()
            except OSError:
                pass
    for fd, _ in poll.poll(100):
        try:
            found = hear(*heard[fd])
        except OSError:
            continue
        if found is not None:
            answered.add(found)
            left.discard(found)
print(json.dumps(sorted(answered)))
"""


class Probe(NamedTuple):
    """What is sent from an end to another: ends are interfaces or the internet, `dport` is an echo's type, too."""

    number: int
    one: str
    other: str
    protocol: int
    source: str
    sport: int
    target: str
    dport: int


def holder(state: State, end: str) -> str:
    """Who sends for an end: its instance, or the internet."""
    return names.INTERNET if end == INTERNET else attachment_of(state.need(NetworkInterface, end)).instance_id


def drawn(wild: Wild, dice: random.Random, many: int) -> list[Probe]:
    """Probes between random ends of a region, of whom those that send run."""
    state = wild.region.state
    outside = _outside(wild)
    senders = [*_alive(wild), *outside]
    found = dict[tuple[str | int, ...], None]()
    for _ in range(many * 10 if senders else 0):
        one, other = dice.choice(senders), dice.choice([*wild.ends, *outside])
        protocol = dice.choice((TCP, TCP, UDP, ICMP))
        target = _target(wild, dice, one, other)
        if one != other and target:
            dport = dice.choice(PORTS) if protocol != ICMP else ECHO
            source = _source(state, dice, one)
            found[one, other, protocol, source, target, dport] = None
    chosen = list(found)[:many]
    return [
        Probe(n, str(one), str(other), int(protocol), str(source), FIRST_PORT + n, str(target), int(dport))
        for n, (one, other, protocol, source, target, dport) in enumerate(chosen)
    ]


def _alive(wild: Wild) -> list[str]:
    """The ends whose instances run."""
    state = wild.region.state
    return [end for end in wild.ends if state.need(Instance, holder(state, end)).alive]


def _outside(wild: Wild) -> list[str]:
    """The internet, if some network leads there: else it has no namespace."""
    built = everything(wild.region.state, wild.region.settings).values()
    return [INTERNET] * any(isinstance(item, Network) and bool(item.igw) for item in built)


def _source(state: State, dice: random.Random, one: str) -> str:
    own = () if one == INTERNET else state.need(NetworkInterface, one).addresses
    return dice.choice(own or (names.INTERNET_ADDRESS,))


def _target(wild: Wild, dice: random.Random, one: str, other: str) -> str:
    if other == INTERNET:
        return names.INTERNET_ADDRESS
    there = wild.targets(wild.region.state.need(NetworkInterface, other))
    own = [address for address in there if one != INTERNET or not address.startswith("10.")]
    return dice.choice(own) if own else ""


def answered(machine: Machine, wild: Wild, probes: list[Probe], expected: set[int]) -> set[int]:
    """The numbers of the probes whose answers come back, on a machine that has nothing else to do."""
    state, prepared = wild.region.state, dict(_prepared(wild))
    machine.boot(*everything(state, wild.region.settings).values(), whole=True)
    senders = {holder(state, probe.one) for probe in probes}
    with _listening(machine, prepared):
        said = machine.at_once({sender: _sends(state, sender, probes, expected) for sender in senders})
        return {number for text in said.values() for number in json.loads(text)}


def _prepared(wild: Wild) -> Iterator[tuple[str, str]]:
    """What each end's instance does first: it takes the blocks delegated to it; those without a check forward."""
    state = wild.region.state
    yield from ((names.INTERNET, "true") for _ in _outside(wild))
    for interface in (state.need(NetworkInterface, end) for end in _alive(wild)):
        forward = [] if interface.source_dest_check else ["echo 1 > ip_forward"]
        taken = [f"ip route replace local {block} dev lo" for block in interface.prefixes]
        yield holder(state, interface.id), "\n".join((ALONE, *forward, *taken))


@contextmanager
def _listening(machine: Machine, prepared: dict[str, str]) -> Iterator[None]:
    serve = f"exec python3 -c {shlex.quote(LISTENER)} {shlex.quote(json.dumps(PORTS))}"
    with ExitStack() as stack:
        for guest, first in prepared.items():
            stack.enter_context(machine.background(guest, f"{first}\n{serve}"))
        for guest in prepared:
            machine.until(lambda guest=guest: machine.listens(guest, PORTS[-1]), f"who listens in {guest}")
        yield


def _sends(state: State, guest: str, probes: Iterable[Probe], expected: set[int]) -> str:
    """The command that sends a guest's probes, and says which of them were answered."""
    own = [probe for probe in probes if holder(state, probe.one) == guest]
    told = [[p.number, p.protocol, p.source, p.sport, p.target, p.dport] for p in own]
    wanted = [probe.number for probe in own if probe.number in expected]
    return f"exec python3 -c {shlex.quote(SENDER)} {shlex.quote(json.dumps([told, wanted]))}"
