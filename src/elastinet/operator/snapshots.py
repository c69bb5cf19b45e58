"""The state as a file, and a file as the state."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from elastinet import __version__
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.vpc.peerings import end_peerings
from elastinet.engine import Engine
from elastinet.model.fault import Fault
from elastinet.model.noun import Noun
from elastinet.model.state import State
from elastinet.operator import forms, trials
from elastinet.store import snapshot
from elastinet.store.snapshot import MOST_BYTES, SnapshotError

CODE = "InvalidSnapshot"


def saved(engine: Engine, account: str, now: float) -> bytes:
    """All that there is, or what an account has; raises Fault if that is nothing or too much."""
    nouns = list(_of(engine.state, account))
    if account and not nouns:
        raise Fault(CODE, f"account {account} has nothing here")
    data = snapshot.write(nouns, program=__version__, time=now, account=account)
    if len(data) > MOST_BYTES:
        raise Fault(CODE, f"a snapshot has {MOST_BYTES >> 20} MiB at the most: save each account by itself")
    return data


def loaded(engine: Engine, data: bytes, account: str, *, replace: bool) -> dict[str, Any]:
    """Have what a snapshot has, of one account or all, at once or not at all; raises Fault."""
    try:
        found = snapshot.read(data, __version__)
        account = account or found.head.account
        nouns = [noun for noun in found.nouns if not account or noun.owner == account]
        for noun in nouns:
            forms.check(noun)
    except (SnapshotError, forms.BadForm) as error:
        raise Fault(CODE, str(error)) from error
    if account and not nouns:
        raise Fault(CODE, f"it has nothing of account {account}")
    before = list(_of(engine.state, account))
    if before and not replace:
        raise Fault(CODE, f"{_whose(account)} here already: --replace puts the snapshot in its place")
    others = [noun for noun in _of(engine.state, "") if account and noun.owner != account]
    try:
        trials.check(others, nouns, engine.settings)
    except trials.Failed as error:
        raise Fault(CODE, str(error)) from error
    with engine.change("LoadSnapshot") as tx:
        _exchange(tx, before, nouns, account)
    return {"account": account, "replaced": len(before), "nouns": counts(nouns)}


def forgotten(engine: Engine, account: str, begins_with: Sequence[Noun] = ()) -> int:
    """Have an account be as it began: with nothing, but a twin's; how much it had. Raises Fault."""
    before = list(_of(engine.state, account))
    with engine.change("ResetAccount") as tx:
        _exchange(tx, before, [noun for noun in begins_with if noun.owner == account], account)
    return len(before)


def counts(nouns: Sequence[Noun]) -> dict[str, int]:
    """How many there are of each kind."""
    return dict(Counter(type(noun).__name__ for noun in nouns))


def _of(state: State, account: str) -> Iterator[Noun]:
    """The nouns of an account, or of all."""
    return (n for kind in state.tables for n in state.all(kind) if not account or n.owner == account)


def _whose(account: str) -> str:
    return f"account {account} has things" if account else "there are things"


def _exchange(tx: Transaction, before: Sequence[Noun], nouns: Sequence[Noun], account: str) -> None:
    """Put nouns in the place of others; those with an id that was there before keep their place."""
    come = {(type(noun), noun.id) for noun in nouns}
    for noun in before:
        if (type(noun), noun.id) not in come:
            tx.drop(noun)
    for noun in nouns:
        if tx.state.get(type(noun), noun.id) != noun:
            tx.put(noun)
    if account:
        end_peerings(tx, account)
