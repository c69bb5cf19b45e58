"""After any history a snapshot has all that there is, and an account that is forgotten has left nothing."""

from hypothesis import given
from operations_strategy import ACCOUNTS, Move, moves, new_engine, play
from test_replay import check_functions, check_indexes, check_plants, rows, run, thorough

from elastinet.engine import Engine
from elastinet.model.state import KINDS
from elastinet.operator import snapshots
from elastinet.store import MemoryJournal


def lived(history: list[Move]) -> Engine:
    engine = new_engine(MemoryJournal())
    run(engine, history)
    return engine


def check(engine: Engine) -> None:
    """The state is what its journal says, and what is kept beside it is true."""
    assert new_engine(engine.journal).state == engine.state
    check_indexes(engine.state)
    check_plants(engine)


@thorough
@given(moves())
def test_what_is_saved_is_loaded(history: list[Move]) -> None:
    engine, again = lived(history), new_engine(MemoryJournal())
    data = snapshots.saved(engine, "", 7.0)
    snapshots.loaded(again, data, "", replace=False)
    assert rows(again.state) == rows(engine.state)
    check(again)
    check_functions(again)
    for move in history[:5]:
        play(again, move)
    snapshots.loaded(again, data, "", replace=True)
    assert again.state == engine.state
    check(again)


@thorough
@given(moves())
def test_who_is_forgotten_is_gone_and_comes_back(history: list[Move]) -> None:
    engine = lived(history)
    account = ACCOUNTS[0]
    before = {kind: {n.id: n for n in engine.state.all(kind) if n.owner == account} for kind in KINDS}
    if not any(before.values()):
        return
    data = snapshots.saved(engine, account, 7.0)
    snapshots.forgotten(engine, account)
    assert not [noun for kind in KINDS for noun in engine.state.all(kind) if noun.owner == account]
    check(engine)
    for other in ACCOUNTS[1:]:
        engine.ask_all(other, "us-east-1")
    snapshots.loaded(engine, data, "", replace=False)
    assert {k: {n.id: n for n in engine.state.all(k) if n.owner == account} for k in KINDS} == before
    check(engine)
