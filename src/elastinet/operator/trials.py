"""A state of somebody else's making, tried on an engine of its own before anybody has it."""

from collections import Counter
from collections.abc import Sequence

from elastinet.catalog.regions import REGIONS
from elastinet.catalog.settings import Settings
from elastinet.engine import Engine
from elastinet.fabric.desired import holding
from elastinet.model.instance import Instance
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.noun import Noun
from elastinet.model.placement import DedicatedHost
from elastinet.model.state import State
from elastinet.store import NoJournal

DEFAULT_REGION = "us-east-1"


class Failed(Exception):
    """A state cannot be had; the message says why."""


def check(others: Sequence[Noun], nouns: Sequence[Noun], settings: Settings) -> None:
    """Look that what was read holds together with what others have; raises Failed."""
    _check_owners(others, nouns)
    _check_hosts(nouns, settings)
    trial = Engine(NoJournal(), settings)
    try:
        for noun in (*others, *nouns):
            trial.state.replace(type(noun), noun.id, noun)
        holding.check(trial.state, settings)
        holding.check_names(trial.state)
        for scope in dict.fromkeys(_asked_in(noun) for noun in nouns if noun.owner):
            trial.ask_all(*scope)
    except holding.NoNetwork as error:
        raise Failed(f"no network can be made of it: {_plain(error)}") from error
    except Exception as error:
        raise Failed(f"it does not hold together ({type(error).__name__}: {_plain(error)})") from error
    if twice := _twice(trial.state):
        raise Failed(f"{twice} would be there twice")


def _asked_in(noun: Noun) -> tuple[str, str]:
    """The account and a region by which a client sees a noun: IAM's are in all of them."""
    return noun.owner, noun.region if noun.region in REGIONS else DEFAULT_REGION


def _check_owners(others: Sequence[Noun], nouns: Sequence[Noun]) -> None:
    theirs = {(type(noun), noun.id): noun.owner for noun in others}
    for noun in nouns:
        if (owner := theirs.get((type(noun), noun.id))) is not None:
            raise Failed(f"{noun.id} is account {owner}'s here")


def _check_hosts(nouns: Sequence[Noun], settings: Settings) -> None:
    """Look that this server's plant has the hosts that something is on: another's may be larger."""
    most = settings.plant.racks * settings.plant.hosts_per_rack
    for noun in nouns:
        host = noun.host if isinstance(noun, Instance | DedicatedHost) else None
        if host is not None and not 0 <= host < most:
            raise Failed(f"{noun.id} is on host {host} of its zone, which has {most} here (option plant)")


def _twice(state: State) -> str:
    """An address of the internet that two have, or a MAC; "" if there is none."""
    lent = [i.public_ip for i in state.all(NetworkInterface) if i.public_ip]
    own = [address.public_ip for address in state.all(Address)]
    seen = Counter([*lent, *own, *(i.mac for i in state.all(NetworkInterface))])
    return next((one for one, count in seen.items() if count > 1), "")


def _plain(error: Exception) -> str:
    """What an error says, short and in one line."""
    text = str(error)[:120]
    return text if text.isprintable() else ascii(text)
