"""The analysis is right about real packets: random regions in the kernel, random pairs, protocols and ports.

`ELASTINET_PAIRS=10000` tries so many in all, in new regions.
"""

import os
import random
from collections.abc import Iterator
from contextlib import closing
from ipaddress import ip_address

import pytest

from elastinet.rules.ranges import Ranges, only
from elastinet.rules.reachability.question import Answer, Question, ask
from machine import MODES, Machine
from packet import ICMP
from probing import Probe, answered, drawn
from wild_region import Wild

PAIRS = int(os.environ.get("ELASTINET_PAIRS", "600"))
EACH = 200
"""So many probes are sent in a region."""
FIXED = ((MODES[0], 147), (MODES[-1], 6022))
REGIONS = (*FIXED, *[(MODES[0], None)] * (PAIRS // EACH - len(FIXED)))
"""Those without a seed are others each time."""


def number(address: str) -> Ranges:
    return only(int(ip_address(address)))


def of_probe(wild: Wild, probe: Probe) -> Answer:
    fields = {"source": number(probe.source), "destination": number(probe.target), "dport": only(probe.dport)}
    fields |= {"sport": only(probe.sport)} if probe.protocol != ICMP else {}
    question = Question(frozenset({probe.one}), frozenset({probe.other}), probe.protocol, fields=fields)
    return ask(wild.region.state, question)


def disagreements(machine: Machine, wild: Wild, answers: dict[Probe, Answer]) -> Iterator[str]:
    expected = {probe.number for probe, answer in answers.items() if answer.reachable}
    came = answered(machine, wild, list(answers), expected)
    for probe, answer in answers.items():
        if (probe.number in came) != (probe.number in expected):
            yield "\n".join((f"{wild.seed}: {probe}", *map(str, answer.blockers)))


def asked(wild: Wild) -> dict[Probe, Answer]:
    """Random probes with their answers, of which half are to get through, if so many do."""
    found = {probe: of_probe(wild, probe) for probe in drawn(wild, random.Random(wild.seed), 4 * EACH)}
    through = [probe for probe, answer in found.items() if answer.reachable][: EACH // 2]
    others = [probe for probe, answer in found.items() if not answer.reachable][: EACH - len(through)]
    return {probe: found[probe] for probe in (*through, *others)}


@pytest.mark.parametrize(("mode", "seed"), REGIONS)
def test_packets_do_what_the_analysis_says(mode: str, seed: int | None) -> None:
    found = random.randrange(1 << 30) if seed is None else seed
    wild = Wild(found, forwards=bool(found % 4))
    answers = asked(wild)
    assert seed is None or len(answers) == EACH
    with closing(Machine(mode)) as machine:
        wrong = list(disagreements(machine, wild, answers))
        assert not wrong, "\n".join(wrong)
