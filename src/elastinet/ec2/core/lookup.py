"""Finding the nouns that a request names."""

from typing import TypeVar

from elastinet.ec2.core import faults
from elastinet.ec2.core.namings import Naming
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.interface import NetworkInterface
from elastinet.model.noun import Noun

N = TypeVar("N", bound=Noun)


def need(tx: Transaction, kind: type[N], words: str | Naming, id: str) -> N:
    """The noun with this id; refuses with the words of its kind, by prefix, or of an operation."""
    noun = tx.get(kind, id)
    if noun is None:
        faults.check_form(words, id)
        raise faults.missing(words, [id])
    return noun


def need_mine(tx: Transaction, id: str) -> NetworkInterface:
    """An interface that this account may change: not one that a service made."""
    interface = need(tx, NetworkInterface, "eni", id)
    if interface.requester_id is not None:
        sentence = "You do not have permission to access the specified resource."
        raise Fault("AuthFailure", sentence, 403)
    return interface
