"""State rebuilt from the journal equals the State that wrote it, and what was refused left no trace."""

import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from choice import REGION
from hypothesis import HealthCheck, given, settings
from operations_strategy import NAMES, Move, furnish, moves, new_engine, play, report_everything
from region_moves import MOVES

from elastinet.catalog import regions
from elastinet.catalog.instance_types import instance_types
from elastinet.engine import Engine
from elastinet.model.instance import Instance
from elastinet.model.interface import Function, NetworkInterface
from elastinet.model.placement import DedicatedHost, Failure
from elastinet.model.state import NounTable, State
from elastinet.rules.devices import device
from elastinet.rules.efa.efa import carries_ip, is_efa, most, most_on_card
from elastinet.rules.interfaces import attachment_of, interfaces_of
from elastinet.rules.placement.plants import Plants
from elastinet.rules.weighting import has_weighting
from elastinet.store import Journal, MemoryJournal, SqliteJournal
from tries import tries

thorough = settings(
    max_examples=tries(150), database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


MEMORY = Path("/dev/shm")


@contextmanager
def in_memory() -> Iterator[Callable[[], Journal]]:
    """Opens one journal in memory again and again."""
    journal = MemoryJournal()
    yield lambda: journal


@contextmanager
def in_a_file() -> Iterator[Callable[[], Journal]]:
    """Opens one journal in a file again and again; in memory, as no power fails here (see test_durability)."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield lambda: SqliteJournal(Path(folder) / "journal.sqlite")


def rows(state: State) -> dict[str, list[Any]]:
    """Every noun, in order of arrival."""
    return {kind.__name__: list(table.rows.values()) for kind, table in state.tables.items()}


def check_indexes(state: State) -> None:
    """Every index holds what its rows say, and nothing else."""
    for kind, table in state.tables.items():
        anew = NounTable(kind)
        for id, noun in table.rows.items():
            anew.replace(id, noun)
        assert table.indexes == anew.indexes, kind


def run(engine: Engine, history: list[Move]) -> None:
    """Make all moves; those that end in a refusal must change nothing, not even an order."""
    furnish(engine)
    for one in history:
        state, lines = rows(engine.state), len(list(engine.journal.lines()))
        if play(engine, one) != "done":
            assert rows(engine.state) == state
            assert len(list(engine.journal.lines())) == lines
    check_indexes(engine.state)
    check_plants(engine)
    check_functions(engine)
    check_types(engine)


def check_types(engine: Engine) -> None:
    """No instance has a weighting, and no attachment ENA Express, that its type does not have."""
    for instance in engine.state.all(Instance):
        kind = instance_types()[instance.instance_type]
        assert has_weighting(kind, instance.bandwidth_weighting)
        for interface in interfaces_of(engine.state, instance.id):
            has = attachment_of(interface).ena_srd
            assert has is None or not has.enabled or kind.flag("ena_srd")
        check_efas(engine, instance)


def check_efas(engine: Engine, instance: Instance) -> None:
    """No instance has more EFAs than its cards; an EFA-only one has no address, is never the primary, and settles."""
    kind, there = instance_types()[instance.instance_type], interfaces_of(engine.state, instance.id)
    cards = [attachment_of(interface).network_card for interface in there if is_efa(interface)]
    assert len(cards) <= most(kind, engine.settings.rules)
    for card in cards:
        assert cards.count(card) <= most_on_card(kind, card, engine.settings.rules)
    for place, interface in enumerate(there):
        assert carries_ip(interface) == bool(interface.own_addresses)
        assert place or carries_ip(interface)
        if is_efa(interface):
            ends = instance.state == "shutting-down"  # perhaps before it has begun
            assert attachment_of(interface).status == "attached" or instance.alive or ends
        if not carries_ip(interface):
            assert (interface.own_addresses, interface.public_ip) == ((), None)
            # An instance that is ended before it runs has interfaces that never came to be attached.
            assert attachment_of(interface).status != "attaching" or instance.state in (
                "pending",
                "shutting-down",
            )


def check_plants(engine: Engine) -> None:
    """What is kept of the hosts' use is what the instances and the hosts say."""
    anew = State()
    plants = Plants(engine.settings.plant, anew)
    for kind in (DedicatedHost, NetworkInterface, Instance, Failure):
        for noun in engine.state.all(kind):
            anew.replace(kind, noun.id, noun)
    for zone in regions.zones(REGION):
        kept, made = engine.plants.zone(zone.name), plants.zone(zone.name)
        assert (kept.uses, kept.down) == (made.uses, made.down)
        assert kept.functions.held == made.functions.held


def check_functions(engine: Engine) -> None:
    """Each interface of an instance with a machine has a function of its own, where it takes one at all."""
    seen: set[tuple[str, Function]] = set()
    for interface in engine.state.all(NetworkInterface):
        attachment = interface.attachment
        instance = engine.state.get(Instance, attachment.instance_id) if attachment else None
        takes = instance is not None and device(instance).function == "virtual" and instance.host is not None
        assert takes == (attachment is not None and attachment.function is not None)
        if attachment and attachment.function and instance:
            assert attachment.function.host == instance.host
            assert attachment.function.number < engine.settings.plant.functions_per_card
            assert (interface.zone, attachment.function) not in seen
            seen.add((interface.zone, attachment.function))


@pytest.mark.parametrize("journals", [in_memory, in_a_file])
@thorough
@given(moves())
def test_replay(journals: Callable[[], Any], history: list[Move]) -> None:
    with journals() as reopen:
        engine = new_engine(reopen())
        run(engine, history)
        engine.close()
        again = new_engine(reopen())
        assert again.state == engine.state
        assert rows(again.state) == rows(engine.state)
        check_indexes(again.state)
        again.close()


@pytest.mark.parametrize("journals", [in_memory, in_a_file])
@thorough
@given(moves())
def test_compaction_keeps_the_state(journals: Callable[[], Any], history: list[Move]) -> None:
    with journals() as reopen:
        engine = new_engine(reopen())
        run(engine, history)
        engine.close()
        compacted = new_engine(reopen(), seed=1, compact_at=0)  # with the same chance ids would come again
        assert len(list(compacted.journal.lines())) == 1
        run(compacted, history)
        compacted.close()
        again = new_engine(reopen())
        assert rows(again.state) == rows(compacted.state)
        again.close()


@thorough
@given(moves())
def test_the_same_history_makes_the_same_state(history: list[Move]) -> None:
    one, other = new_engine(MemoryJournal()), new_engine(MemoryJournal())
    run(one, history)
    run(other, history)
    assert rows(one.state) == rows(other.state)
    assert list(one.journal.lines()) == list(other.journal.lines())


def test_lines_of_before_there_were_devices() -> None:
    """A journal whose instances and attachments tell nothing of them is read as if they told what is usual."""
    journal = MemoryJournal()
    engine = new_engine(journal)
    furnish(engine)
    old = MemoryJournal()
    for line in journal.lines():
        old.append(msgspec.msgpack.encode(without_devices(msgspec.msgpack.decode(line))))
    again = new_engine(old)
    assert again.state != engine.state
    for instance in again.state.all(Instance):
        assert (instance.ena_support, instance.sriov_net_support) == (True, "simple")
        assert instance.bandwidth_weighting == "default"
    for action in ("StopInstances", "StartInstances"):
        report_everything(again)
        for instance in again.state.all(Instance):
            again.call(*instance.scope, action, {"InstanceIds": [instance.id]})
    check_plants(again)
    check_functions(again)


def test_lines_of_before_volumes_came_and_went() -> None:
    """A journal whose volumes have their one attachment in fields of their own is read as if in a list."""
    journal = MemoryJournal()
    engine = new_engine(journal)
    furnish(engine)
    old = MemoryJournal()
    for line in journal.lines():
        old.append(msgspec.msgpack.encode(with_one_attachment(msgspec.msgpack.decode(line))))
    assert list(old.lines()) != list(journal.lines())
    assert rows(new_engine(old).state) == rows(engine.state)


def with_one_attachment(value: Any) -> Any:
    """What a journal's line says, with volumes as they were."""
    if isinstance(value, list):
        return [with_one_attachment(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "attachments" not in value or "create_time" not in value:
        return {name: with_one_attachment(one) for name, one in value.items()}
    kept = {name: one for name, one in value.items() if name not in ("attachments", "modification")}
    names = ("instance_id", "device", "delete_on_termination")
    return kept | {name: one[name] for one in value["attachments"] for name in names}


def without_devices(value: Any) -> Any:
    """What a journal's line says, without the fields that came later."""
    if isinstance(value, list):
        return [without_devices(one) for one in value]
    if not isinstance(value, dict):
        return value
    later = ("ena_support", "sriov_net_support", "function", "ena_srd", "bandwidth_weighting")
    return {name: without_devices(one) for name, one in value.items() if name not in later}


def test_histories_do_what_they_are_for() -> None:
    """A law is worth as much as the histories that it is held against: some of a thousand have done each move."""
    endings: dict[str, set[str]] = {name: set() for name in NAMES}
    dice = random.Random(0)
    for _ in range(1000):
        engine = new_engine(MemoryJournal())
        furnish(engine)
        for _ in range(60):
            one = Move(dice.choice(NAMES), dice.getrandbits(32), dry_run=dice.randrange(8) == 0)
            endings[one.name].add(play(engine, one))
        never = {name for name, seen in endings.items() if "done" not in seen}
        are_dry = sum("dry" in endings[name] for name in MOVES) > len(MOVES) * 3 // 4
        if are_dry and not never:
            break
    assert not never
    assert are_dry
