"""The graph of what depends on what: whole over nouns and kinds, and no compilation reads past it."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest

from compiled import planned
from elastinet.fabric.compile.compiling import compile_object
from elastinet.fabric.compile.items import Link
from elastinet.fabric.compile.plan import Plan
from elastinet.fabric.compile.view import CompileView
from elastinet.fabric.contract import names
from elastinet.fabric.contract.graph import GRAPH
from elastinet.fabric.contract.keys import (
    Dependency,
    Epoch,
    Exists,
    HasForwarders,
    HasIpv6,
    Key,
    NamespaceUp,
    ObjectKind,
)
from elastinet.fabric.contract.nouns import check_declared
from elastinet.fabric.contract.objects import AnyObject, Appliance, PeeringLink
from elastinet.model.noun import Noun
from elastinet.model.state import KINDS
from golden.regions import REGIONS
from parts import eni, network

OBJECTS = get_args(ObjectKind)


class Newcomer(Noun, frozen=True, kw_only=True):
    """A noun that nobody has declared."""


def test_a_noun_that_nobody_declared_is_an_error() -> None:
    check_declared(KINDS, OBJECTS)
    with pytest.raises(TypeError, match=r"say in .* which objects Newcomer alters"):
        check_declared((*KINDS, Newcomer), OBJECTS)


def test_a_kind_of_object_that_nobody_declared_is_an_error() -> None:
    with pytest.raises(TypeError, match=r"say in .* what alters newcomer"):
        check_declared(KINDS, (*OBJECTS, "newcomer"))
    with pytest.raises(TypeError, match=r"say in .* what alters near"):
        check_declared(KINDS, [kind for kind in OBJECTS if kind != "near"])


class Watched(dict[Any, Any]):
    """A table that notes which of its keys are asked for."""

    def __init__(self, table: dict[Any, Any]) -> None:
        super().__init__(table)
        self.asked: set[Any] = set()

    def __getitem__(self, key: Any) -> Any:
        self.asked.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: Any) -> bool:
        self.asked.add(key)
        return super().__contains__(key)

    def get(self, key: Any, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)

    def __iter__(self) -> Iterator[Any]:
        raise AssertionError("a compilation asks for what it needs, and does not go through everything")

    keys = values = items = __iter__  # type: ignore[assignment]


def declared(item: AnyObject, view: CompileView) -> set[Dependency]:
    """What the graph says that an object's compilation reads: itself, others, and others through them."""
    own = {*GRAPH[item.key.kind].reads(item)}
    passing = [key for key in own if isinstance(key, Key) and GRAPH[key.kind].passes_on]
    through = (view.objects[key] for key in passing if key in view.objects)
    return {item.key, *own, *(read for other in through for read in GRAPH[other.key.kind].reads(other))}


def undeclared(item: AnyObject, view: CompileView) -> set[object]:
    """What an object's compilation reads past the graph."""
    objects, up, epochs = Watched(view.objects), Watched(view.up), Watched(view.epochs)
    seen = CompileView(objects, up, view.numbers, epochs, view.spent, view.shapes)
    seen.forwarders = forwarders = Watched(view.forwarders)
    compile_object(item, seen)
    said = declared(item, view)
    exist = {read.key for read in said if isinstance(read, Exists)}
    exist |= {Key("network", read.network) for read in said if isinstance(read, HasIpv6 | Epoch)}
    return (
        (objects.asked - exist - said)
        | ({NamespaceUp(id) for id in up.asked} - said)
        | ({Epoch(id) for id in epochs.asked} - said)
        | ({HasForwarders(id) for id in forwarders.asked} - said)
    )


@pytest.mark.parametrize("name", REGIONS)
def test_a_compilation_reads_what_the_graph_says(name: str) -> None:
    region = REGIONS[name]()
    view = planned(region.state, region.settings).view
    assert {item.key: past for item in view.objects.values() if (past := undeclared(item, view))} == {}


@pytest.mark.parametrize("name", REGIONS)
def test_a_link_is_between_the_namespaces_that_the_graph_says(name: str) -> None:
    region = REGIONS[name]()
    view = planned(region.state, region.settings).view
    for item in view.objects.values():
        find = GRAPH[item.key.kind].link
        said = {find(item)} if find else set()
        made = compile_object(item, view).items()
        ends = {(at, link.holder) for (at, _), link in made if isinstance(link, Link)}
        assert {(at, end) for at, end in ends if at != end} <= said  # a pair of its own needs nobody


def test_a_namespace_waits_for_those_that_make_links_in_it() -> None:
    plan = Plan()
    plan.update(
        [
            *(network(f"vpc-{n}") for n in (1, 2, 3)),
            Appliance("nat-1", "vpc-1"),
            eni(1, "10.0.1.10"),
            eni(2, "10.0.1.20", guest="nat-1"),
            PeeringLink("pcx-1", ("vpc-2", "vpc-1")),
        ]
    )
    assert plan.makers("vpc-1") == set()
    assert plan.makers("vpc-2") == {"vpc-1"}
    assert plan.makers("nat-1") == {"vpc-1"}
    assert plan.makers(names.INTERNET) == {"vpc-1", "vpc-2", "vpc-3"}
