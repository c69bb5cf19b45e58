"""TCP and UDP flows that an interface's groups let in and out for everybody: EC2 does not track them. Pure.

Of such a flow every packet is judged, so that it ends with the rule that let it through. Here the flow's
entry remembers in its mark which of its two ends does not track it, and in which epoch each direction was
judged last. An epoch ends when a rule goes: a packet is judged once an epoch, and costs little else.

The end that began a flow is judged by what leaves it, the other one by what enters it (user guide, security
group connection tracking).

The bits of the conntrack mark, of which the sender is the end that began the flow:

    0-11    epoch in which the original direction was judged last, 0 for none
    12-23   the same for the reply direction
    24, 25  sender's end: a rule for everybody let the first packet out; another lets every answer in
    26, 27  receiver's end: a rule for everybody let the first packet in; another lets every answer out
    28, 29  sender's end, receiver's end: does not track the flow
    30      an end has idle times of its own

Example: 0x13007007 is a flow judged in epoch 7 both ways (0x007007), whose sender's groups let all out and
all in (0x03000000), so that its sender's end does not track it (0x10000000).
"""

from collections.abc import Iterable, Iterator

from elastinet.catalog.protocols import ANY, TCP, UDP
from elastinet.fabric.compile import permissions
from elastinet.fabric.compile.items import Chain, Element, Item, Set
from elastinet.fabric.contract import names
from elastinet.fabric.contract.objects import AnyObject, Group, GroupRule, Interface
from elastinet.rules import rule_numbers

EPOCHS = 0xFFF
ORIGINAL, REPLY = 0xFFF, 0xFFF000
REPLY_BITS = 12
WIDE = {"out": 1 << 24, "in": 1 << 26}
"""Set where a rule for everybody let the first packet through; the next bit, where all may come back."""
FREE = {"out": 1 << 28, "in": 1 << 29}
"""Set where the end that a flow leaves (out) or enters (in) does not track it."""
TIMED = 1 << 30
"""Set where an end has idle times of its own (remembering.py), and so the flow has no epochs."""
FLAGS = 0x7F000000
TRACKED = f"ct state new ct mark set ct mark and {0xFFFFFFFF ^ FREE['out']:#x}"
"""Has the sender's end track a flow after all (user guide: what leaves by an egress-only gateway)."""
EVERYBODY = {"0.0.0.0/0": "ipv4", "::/0": "ipv6"}
PORTS = {TCP: (TCP,), UDP: (UDP,),
         ANY: (TCP, UDP)}  # fmt: skip
OTHER = {"in": "out", "out": "in"}


def ended_in(old: AnyObject | None, new: AnyObject | None) -> str:
    """The network in which something that let packets through is no more; "" for none."""
    if isinstance(old, Group):
        kept = new if isinstance(new, Group) else Group(old.id, old.network, frozenset(), frozenset())
        return old.network if old.ingress - kept.ingress or old.egress - kept.egress else ""
    if isinstance(old, Interface) and isinstance(new, Interface) and not {*old.groups} <= {*new.groups}:
        return old.network
    return ""


# --- what a network has ---------------------------------------------------------------------------


def network(epoch: int, *, forwards: bool) -> Iterator[Item]:
    """The chains that judge packets of known flows again, and those that end in no leave.

    `forwards` says that some take packets for others (forwarding.py): each pass to such a one is judged anew.
    """
    yield Set("tracked", "type iface_index;")
    through = ("oif @through goto anew",) if forwards else ()
    taken = ("oif vmap @forwards_in",) if forwards else ()
    yield Chain("known", (*through, *_known(epoch)))
    if forwards:
        yield Chain("anew", (*_timed(), *_judged()))
    yield Chain("admitted", (*taken, *_passed(), "oif vmap @ingress", "goto refused"))
    yield Chain("refused", (f"ct mark set ct mark and {FLAGS:#x}", "drop"))


def _known(epoch: int) -> Iterator[str]:
    """A flow that both ends track goes on, and a packet of a direction that was judged in this epoch."""
    out, back = FREE["out"], FREE["in"]
    ages = (("original", ORIGINAL, epoch), ("reply", REPLY, epoch << REPLY_BITS))
    yield f"ct mark and {out | back | TIMED:#x} == 0x0 accept"
    yield from (
        f"ct direction {way} ct mark and {bits | TIMED:#x} == {now:#x} accept" for way, bits, now in ages
    )
    yield from _timed()
    for way, bits, now in ages:
        yield f"ct direction {way} ct mark set ct mark and {(FLAGS | ORIGINAL | REPLY) ^ bits:#x} or {now:#x}"
    yield from _judged()


def _timed() -> Iterator[str]:
    """An end that tracks, and has idle times of its own, is asked whether it knows the flow still."""
    for way, free in (("original", FREE["out"]), ("reply", FREE["in"])):
        yield f"ct direction {way} ct mark and {free | TIMED:#x} == {TIMED:#x} iif vmap @left"


def _judged() -> Iterator[str]:
    """An end that tracks the flow lets it out; the groups of one that does not are asked."""
    yield f"ct direction original ct mark and {FREE['out']:#x} == 0x0 goto admitted"
    yield f"ct direction reply ct mark and {FREE['in']:#x} == 0x0 goto admitted"
    yield "iif vmap @egress"
    yield "goto admitted"


def _passed() -> Iterator[str]:
    """Rules that accept packets of a known flow that the end which they reach tracks, without its groups."""
    for way, free in (("original", FREE["in"]), ("reply", FREE["out"])):
        timed = f"ct mark and {free | TIMED:#x} == {TIMED:#x}"
        yield f"ct state established ct direction {way} {timed} oif vmap @entered"
    for way, free in (("original", FREE["in"]), ("reply", FREE["out"])):
        yield f"ct state established ct direction {way} ct mark and {free:#x} == 0x0 accept"


# --- what interfaces and groups have --------------------------------------------------------------


def asked(groups: Iterable[str], direction: str) -> Iterator[str]:
    """Find out, for a flow's first packet, whether this end tracks it."""
    flags = WIDE[direction] | WIDE[direction] << 1
    for group in groups:
        yield f"ct state new oif != @tracked jump {wide_chain(group, direction)}"
    yield f"ct mark and {flags:#x} == {flags:#x} ct mark set ct mark or {FREE[direction]:#x}"


def appliance(index: int) -> Element:
    """The element that has flows which leave for an appliance tracked, whatever the rules."""
    return Element("tracked", str(index))


def wide_chain(group: str, direction: str) -> str:
    """The chain that notes what a group lets through for everybody."""
    return f"{names.group_chain(group, direction)}_wide"


def group(item: Group) -> Iterator[Item]:
    """A group's two chains."""
    rules = {"in": item.ingress, "out": item.egress}
    for direction in rules:
        there = _noted(rules[direction], "th dport", WIDE[direction])
        back = _noted(_whole(rules[OTHER[direction]]), "th sport", WIDE[direction] << 1)
        yield Chain(wide_chain(item.id, direction), (*there, *back))


def _whole(rules: Iterable[GroupRule]) -> Iterator[GroupRule]:
    """The rules that leave no port out."""
    return (rule for rule in rules if rule_numbers.numbers(rule) in ((0, 65535), (0, 255)))


def _noted(rules: Iterable[GroupRule], ports: str, flag: int) -> Iterator[str]:
    """Note packets that a rule for everybody lets through; ICMP is always tracked."""
    for kind, spans in sorted(_for_everybody(rules).items()):
        yield f"{_match(kind, spans, ports)} ct mark set ct mark or {flag:#x}"


def free(groups: Iterable[Group], direction: str) -> Iterator[str]:
    """Matches of a direction's packets of flows that groups together do not track: questions, answers."""
    kept = list(groups)
    rules = {
        "in": [rule for group in kept for rule in group.ingress],
        "out": [rule for group in kept for rule in group.egress],
    }
    for begun, ports in ((direction, "th dport"), (OTHER[direction], "th sport")):
        there, back = _for_everybody(rules[begun]), _for_everybody(_whole(rules[OTHER[begun]]))
        for kind in sorted(there.keys() & back.keys()):
            yield _match(kind, there[kind], ports)


Kind = tuple[str, int]
"""A family, and TCP or UDP."""


def _for_everybody(rules: Iterable[GroupRule]) -> dict[Kind, set[str]]:
    """The ports that rules open for everybody."""
    found: dict[Kind, set[str]] = {}
    for rule in rules:
        if rule.peer in EVERYBODY:
            span = (0, 65535) if rule.protocol == ANY else rule_numbers.numbers(rule)
            for protocol in PORTS.get(rule.protocol, ()):
                found.setdefault((EVERYBODY[rule.peer], protocol), set()).add(permissions.span(*span))
    return found


def _match(kind: Kind, spans: set[str], ports: str) -> str:
    family, protocol = kind
    which = "" if "0-65535" in spans else f" {ports} {{ {', '.join(sorted(spans))} }}"
    return f"meta nfproto {family} meta l4proto {protocol}{which}"
