"""Programs for kernels that lack something: they ask for nothing of it, and do the rest."""

from collections.abc import Iterator

import pytest

from elastinet.fabric.compile.compiling import compile_object
from elastinet.fabric.compile.items import Chain, Set
from elastinet.fabric.compile.view import CompileView
from elastinet.fabric.contract.objects import Appliance, IdleTimes
from parts import eni, network


def texts(view: CompileView) -> Iterator[str]:
    """All that nftables is told of objects, chains and sets."""
    for item in view.objects.values():
        for made in compile_object(item, view).values():
            if isinstance(made, Chain):
                yield from made.rules
            elif isinstance(made, Set):
                yield f"{made.kind} {made.name}"


@pytest.mark.parametrize("able", [True, False])
def test_entries_that_live_longer_or_shorter(able: bool) -> None:
    early, late = IdleTimes(tcp=350), IdleTimes(udp=60, entry=(180, 60))
    things = (network(), eni(1, "10.0.1.10", idle=early, early=True), eni(2, "10.0.1.20", idle=late))
    view = CompileView({item.key: item for item in things}, {"i-1": 1, "i-2": 1}, keeps_entries=able)
    found = list(texts(view))
    assert any("ct timeout" in text for text in found) is able
    assert any("@e1_flows" in text for text in found), "it notes flows by itself"
    if not able:
        assert not any("@usual" in text for text in found), "of all its peers"


@pytest.mark.parametrize("able", [True, False])
def test_resets(able: bool) -> None:
    item = Appliance("nat-1", "vpc-1")
    found = list(texts(CompileView({item.key: item}, {"nat-1": 1}, resets=able)))
    assert any("reject" in text for text in found) is able
    assert any('counter name "idle"' in text for text in found)
