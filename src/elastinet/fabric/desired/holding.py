"""A look at a state of somebody else's making: whether a network can be made of it."""

from elastinet.catalog.settings import Settings
from elastinet.fabric.contract.names import digits
from elastinet.fabric.desired.desired import everything
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.peering import Peering
from elastinet.model.state import State
from elastinet.model.vpc import Vpc


class NoNetwork(Exception):
    """No network can be made of a state; the message says why."""


def check(state: State, settings: Settings) -> None:
    """Look that a network can be made of all that is there; raises NoNetwork."""
    try:
        everything(state, settings)
    except Exception as error:
        raise NoNetwork(f"{type(error).__name__}: {error}") from error


def check_names(state: State) -> None:
    """Look that no two things have the same name as kernel objects; raises NoNetwork."""
    for kind in (Instance, NetworkInterface, Vpc, Peering):
        named: dict[str, str] = {}
        for noun in state.all(kind):
            if (other := named.setdefault(digits(noun.id), noun.id)) != noun.id:
                raise NoNetwork(f"{other} and {noun.id} end alike, and their links would have one name")
