"""Finding the nouns that a request names."""

from typing import TypeVar

from elastinet.ec2.core import faults
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.interface import NetworkInterface
from elastinet.model.noun import Noun

N = TypeVar("N", bound=Noun)


def need(tx: Transaction, kind: type[N], prefix: str, id: str) -> N:
    """The noun with this id; refuses with the codes of its kind where there is none."""
    noun = tx.get(kind, id)
    if noun is None:
        faults.check_form(prefix, id)
        raise faults.missing(prefix, [id])
    return noun


def need_mine(tx: Transaction, id: str) -> NetworkInterface:
    """An interface that this account may change: not one that a service made."""
    interface = need(tx, NetworkInterface, "eni", id)
    if interface.requester_id is not None:
        sentence = "You do not have permission to access the specified resource."
        raise Fault("AuthFailure", sentence, 403)
    return interface
