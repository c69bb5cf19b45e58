"""One row of assertions: whether packets get from each of some ends to each of others."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

from elastinet.catalog.protocols import UDP
from elastinet.catalog.settings import Outside
from elastinet.model.fault import Fault
from elastinet.model.interface import NetworkInterface
from elastinet.model.state import State
from elastinet.operator.ends import End
from elastinet.operator.many_ends import ends
from elastinet.operator.reaching import question, told, version_asked
from elastinet.rules.closed_outside import no_gateway_leads_to
from elastinet.rules.ranges import Ranges, of_blocks
from elastinet.rules.reachability.question import Answer, Question, ask
from elastinet.rules.reachability.walk import INTERNET

MOST_PAIRS, MOST_SENT = 10_000, 32
"""So many pairs a row may mean, and so many where packets are to be sent, too."""
MOST_TOLD = 10
"""So many of the pairs that get through, and of those that do not, are told in full."""
AT_ONCE = 20
"""So many pairs are asked about before others have their turn."""
Pair = tuple[End, End, Question]


async def page(state: State, given: Mapping[str, str], outside: Outside = "off") -> dict[str, Any]:
    """What holds of the pairs of a row, with the server's way out; raises Fault if it cannot be asked."""
    most = MOST_SENT if given.get("packets") == "true" else MOST_PAIRS
    pairs = _pairs(state, given, no_gateway_leads_to(outside))
    if not pairs:
        raise Fault("InvalidParameterValue", "the two sides have no two different ends")
    if len(pairs) > most:
        raise Fault("InvalidParameterValue", f"it is about {len(pairs)} pairs, and {most} are the most")
    shown: dict[str, list[dict[str, Any]]] = {"open": [], "shut": []}
    counts = {"open": 0, "shut": 0, "asleep": 0}
    for number, (source, target, asked) in enumerate(pairs):
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
        _check_there(state, asked)
        answer = ask(state, asked)
        verdict = "open" if answer.reachable else "shut"
        counts[verdict] += 1
        counts["asleep"] += _is_asleep(answer)
        if len(shown[verdict]) < (MOST_SENT if most == MOST_SENT else MOST_TOLD):
            shown[verdict].append(_told(state, source, target, asked))
    return {"pairs": len(pairs), "counts": counts, **shown}


def _pairs(state: State, given: Mapping[str, str], private: dict[int, Ranges]) -> list[Pair]:
    sides = [ends(state, given.get(name, ""), private) for name in ("source", "target")]
    words, ipv6 = (given.get("protocol", "tcp"), given.get("port", "")), given.get("ipv6") == "true"
    found = list[Pair]()
    for source, target in product(*sides):
        if source.interfaces & target.interfaces:
            continue
        version = version_asked(state, source, target, ipv6=ipv6)
        if all(_has_address(state, one, version) for one in (source, target)):
            asked = question(source, target, *words, version, state, private)
            found.append((source, target, replace(asked, both_ways=asked.protocol != UDP)))
    return found


def _has_address(state: State, one: End, version: int) -> bool:
    """True if an end has an address of a version of IP: others are not meant."""
    interfaces = (state.need(NetworkInterface, id) for id in one.interfaces - {INTERNET})
    return one.is_outside or any(of_blocks(i.own_addresses, version) for i in interfaces)


def _check_there(state: State, asked: Question) -> None:
    if not all(id == INTERNET or state.get(NetworkInterface, id) for id in asked.source | asked.target):
        raise Fault("InvalidParameterValue", "an end went away while it was asked about")


def _is_asleep(answer: Answer) -> bool:
    """True if only something that does not run stands in the way."""
    return bool(answer.blockers) and all(one.code == "BAD_STATE" for one in answer.blockers)


def _told(state: State, source: End, target: End, asked: Question) -> dict[str, Any]:
    full = told(state, source, target, asked)
    return {name: full[name] for name in ("source", "target", "reachable", "sentence", "commands", "packet")}
