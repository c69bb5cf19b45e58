"""An account in files, as the nouns of a state: `account(folder)` is all that others call."""

from pathlib import Path
from typing import NamedTuple

from elastinet.dumps import filters, gateways, instances, interfaces, lacking, routes, vpcs
from elastinet.dumps.files import documents
from elastinet.dumps.finding import DumpError, Finding, shown
from elastinet.dumps.reading import rows
from elastinet.dumps.world import World
from elastinet.model.foreign import Foreign
from elastinet.model.state import State
from elastinet.model.vpc import Vpc

MOST_FINDINGS = 1000


class Dump(NamedTuple):
    """What a dump says: the state, the things in it that have no noun here, and what weakens an answer."""

    state: State
    foreign: tuple[Foreign, ...]
    findings: tuple[Finding, ...]


def account(place: Path | str) -> Dump:
    """Read a folder of describe's answers, or one file; raises DumpError where no VPC can be read."""
    findings: list[Finding] = []
    root = Path(place)
    try:
        world = World(rows(documents(root, findings), findings), findings)
    except OSError as error:
        raise DumpError(f"{shown(root)}: {error.strerror}") from None
    for part in (vpcs, filters, gateways, interfaces, instances, routes):
        part.read(world)
    lacking.fill(world)
    if next(world.all(Vpc), None) is None:
        told = "; ".join(map(str, findings[:3]))
        raise DumpError(f"{shown(root)}: no VPC can be read from it" + (f" ({told})" if told else ""))
    return Dump(world.state, lacking.foreign_things(world), tuple(_bounded(findings)))


def _bounded(findings: list[Finding]) -> list[Finding]:
    """As many as somebody may read; of the others their number."""
    more = len(findings) - MOST_FINDINGS
    return [*findings[:MOST_FINDINGS], Finding("", f"and {more} more like these")] if more > 0 else findings
