"""Finding the nouns that a request names."""

from typing import TypeVar

from elastinet.ec2 import faults
from elastinet.ec2.transaction import Transaction
from elastinet.model.noun import Noun

N = TypeVar("N", bound=Noun)


def need(tx: Transaction, kind: type[N], prefix: str, id: str) -> N:
    """The noun with this id; refuses with the codes of its kind where there is none."""
    noun = tx.get(kind, id)
    if noun is None:
        faults.check_form(prefix, id)
        raise faults.missing(prefix, [id])
    return noun
