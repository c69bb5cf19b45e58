"""What reaches what in a large region: one question at a time, and all of a region at once."""

import gc
import random
import time
from collections.abc import Iterator
from statistics import median

from bench.scopes import OWNER, SIZES, asked, serving, take
from elastinet.model.interface import NetworkInterface
from elastinet.rules.ranges import only
from elastinet.rules.reachability.question import Question, ask
from elastinet.rules.reachability.walk import INTERNET
from large_region import LargeRegion

Row = tuple[str, float, str]
QUESTIONS = 500
MOST_SECONDS = dict(zip((interfaces for interfaces, _ in SIZES), ("<= 0.5", "<= 10"), strict=True))
NAMED = ("internet to anything on 22", "anything but the application to databases")
"""The questions of all of a region that have a target."""


def questions(region: LargeRegion) -> Iterator[Question]:
    """From one interface to another, from the internet, and to it."""
    dice, ids = random.Random(1), [one.id for one in region.state.all(NetworkInterface)]
    for port in (22, 443, 5432) * (QUESTIONS // 3):
        one, other = dice.sample(ids, 2)
        for ends in ((one, other), (INTERNET, one), (one, INTERNET)):
            source, target = (frozenset({end}) for end in ends)
            yield Question(source, target, fields={"dport": only(port)})


def taken(region: LargeRegion) -> list[float]:
    """Milliseconds of CPU of each question, in order; as in a server, the region is no garbage to look for."""
    found = []
    gc.collect()
    gc.freeze()
    for question in questions(region):
        began = time.process_time()
        ask(region.state, question)
        found.append((time.process_time() - began) * 1000)
    return sorted(found)


def measure() -> Iterator[Row]:
    """Rows of name, value and target."""
    for interfaces, groups in SIZES:
        region = LargeRegion(interfaces, groups)
        what, times = f"{interfaces} interfaces, {groups} groups", taken(region)
        yield f"{what}: one question, median ms", median(times), "<= 3"
        yield f"{what}: one question, longest ms of {len(times)}", times[-1], "<= 10"
        with serving(region) as server:
            ec2 = server.client(account=OWNER)
            for words, match, exclusions in asked(region):
                if words in NAMED:
                    took = take(server, ec2, match, exclusions)
                    yield f"{what}: {words}, seconds", took.seconds, MOST_SECONDS[interfaces]
                    yield f"{what}: {words}, MiB of its process", took.mib, "<= 1024"
