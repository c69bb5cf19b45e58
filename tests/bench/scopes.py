"""What analyses of access scopes take, and what requests beside them wait; on a server without a fabric.

Run as `python tests/bench/scopes.py [INTERFACES GROUPS]…`. Memory is the analysis's process's, by its own count.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

sys.path[:0] = [str(Path(__file__).parents[1] / "support")]

from elastinet.model.account import RegionSettings  # noqa: E402
from elastinet.model.change import Change, encode, entry  # noqa: E402
from elastinet.model.noun import Noun  # noqa: E402
from elastinet.store import open_journal  # noqa: E402
from large_region import HERE, OWNER, LargeRegion  # noqa: E402
from scope_place import IGW, Found, of, of_types, scope, start  # noqa: E402
from served import Served  # noqa: E402

SIZES = ((1000, 100), (10_000, 500))


class Taken(NamedTuple):
    """Seconds of an analysis, what it found, its memory, and what DescribeVpcs took meanwhile."""

    seconds: float
    found: int
    mib: float
    waits: list[float]


def asked(region: LargeRegion) -> Iterator[tuple[str, Found, list[Found]]]:
    """The questions that people ask, by the words that they have for them."""
    tiers = {name: [group for one in region.tiers for group in one[name]] for name in ("app", "db")}
    port = {"PacketHeaderStatement": {"DestinationPorts": ["22"]}}
    to_db = {"Destination": of(*tiers["db"])}
    yield "internet to anything on 22", {"Source": of_types(IGW), "Destination": port}, []
    yield "internet to anything", {"Source": of_types(IGW)}, []
    yield "anything but the application to databases", to_db, [{"Source": of(*tiers["app"])} | to_db]
    yield "anything to the internet", {"Destination": of_types(IGW)}, []
    yield "anything to anything", {"Source": of_types("AWS::EC2::NetworkInterface")}, []


def write(region: LargeRegion, folder: Path) -> None:
    """A server's state folder with a region."""
    state = region.state
    nouns: list[Noun] = [RegionSettings(id=f"{OWNER}/{HERE}", owner=OWNER, region=HERE)]
    nouns += [noun for kind in state.tables for noun in state.all(kind)]
    with closing(open_journal(folder)) as journal:
        journal.rewrite([encode(entry("Snapshot", 0.0, [Change(type(n), n.id, None, n) for n in nouns]))])


def most_memory(parent: int) -> float:
    """The most memory, in MiB, that a process of a server which makes an analysis has had."""
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        try:
            lines = Path(f"/proc/{child}/status").read_text().splitlines()
        except OSError:
            continue
        return max((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), default=0.0)
    return 0.0


def take(server: Served, ec2: Any, match: Found, exclusions: list[Found]) -> Taken:
    """Make one analysis, and ask for VPCs until it has ended."""
    id, mib, waits = scope(ec2, match, *exclusions), 0.0, list[float]()
    began = time.perf_counter()
    analysis = start(ec2, id)
    while True:
        before = time.perf_counter()
        ec2.describe_vpcs()
        waits.append(time.perf_counter() - before)
        mib = max(mib, most_memory(server.process.pid))
        (shown,) = ec2.describe_network_insights_access_scope_analyses(
            NetworkInsightsAccessScopeAnalysisIds=[analysis]
        )["NetworkInsightsAccessScopeAnalyses"]
        if shown["Status"] != "running":
            break
        time.sleep(0.005)
    seconds = time.perf_counter() - began
    pages = ec2.get_paginator("get_network_insights_access_scope_analysis_findings").paginate(
        NetworkInsightsAccessScopeAnalysisId=analysis, PaginationConfig={"PageSize": 1000}
    )
    return Taken(seconds, sum(len(page["AnalysisFindings"]) for page in pages), mib, waits)


@contextmanager
def serving(region: LargeRegion) -> Iterator[Served]:
    """A server of a region."""
    with tempfile.TemporaryDirectory() as folder:
        (state := Path(folder) / "state").mkdir(0o700)
        write(region, state)
        server = Served(Path(folder), state=str(state), quotas="unlimited")
        try:
            yield server
        finally:
            server.stop()


def main() -> None:
    """Print a table."""
    given = [int(number) for number in sys.argv[1:]]
    for interfaces, groups in [*zip(given[::2], given[1::2], strict=True)] or SIZES:
        region = LargeRegion(interfaces, groups)
        with serving(region) as server:
            ec2 = server.client(account=OWNER)
            idle = sorted(_wait(ec2) for _ in range(100))
            print(f"{interfaces} interfaces, {groups} groups; DescribeVpcs alone {told(idle)}")
            for words, match, exclusions in asked(region):
                took = take(server, ec2, match, exclusions)
                print(f"  {words}: {took.found} findings, {took.seconds:.2f} s, {took.mib:.0f} MiB; "
                      f"DescribeVpcs {told(took.waits)}")  # fmt: skip


def _wait(ec2: Any) -> float:
    before = time.perf_counter()
    ec2.describe_vpcs()
    return time.perf_counter() - before


def told(seconds: list[float]) -> str:
    """The median and the longest of some times."""
    return f"{median(seconds) * 1000:.1f} ms, at most {max(seconds) * 1000:.1f}"


if __name__ == "__main__":
    main()
