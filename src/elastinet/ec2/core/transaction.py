"""One operation's view of the state, and the only hand that changes it."""

import random
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from elastinet.catalog.settings import Settings
from elastinet.ec2.core.views import Views
from elastinet.model.change import Change
from elastinet.model.ids import new_id, new_mac
from elastinet.model.interface import NetworkInterface
from elastinet.model.noun import Noun
from elastinet.model.state import State
from elastinet.rules.placement.plants import Plants
from elastinet.rules.profiles import role_id
from elastinet.rules.role_sessions import RoleSession

N = TypeVar("N", bound=Noun)


class Transaction:
    """A change in the making, of one account in one region, that can be undone until it is committed.

    Time (seconds since 1970) and randomness come in from outside, so an operation is a function.
    """

    def __init__(
        self,
        state: State,
        owner: str,
        region: str,
        *,
        now: float,
        dice: random.Random,
        settings: Settings,
        views: Views,
        plants: Plants,
        consoles: Callable[[str], bytes],
        session: RoleSession | None = None,
        has_content: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self.state = state
        self.owner = owner
        self.region = region
        self.scope = (owner, region)
        self.now = now
        self.dice = dice
        self.settings = settings
        self.views = views
        self.plants = plants
        self.consoles = consoles
        self.session = session
        self.has_content = has_content
        self._old: dict[tuple[type[Noun], str], Noun | None] = {}
        self._orders: dict[type[Noun], tuple[str, ...]] = {}

    @property
    def user_id(self) -> str:
        """The id of who calls: an instance's role, or the account's root, by any other credentials."""
        if self.session is None:
            return self.owner
        return f"{role_id(self.state, self.owner, self.session.role)}:{self.session.instance}"

    def get(self, kind: type[N], id: str) -> N | None:
        """The noun of this kind and id, if this account sees it in this region."""
        noun = self.state.get(kind, id)
        return noun if noun is not None and self.scope in noun.scopes else None

    def need(self, kind: type[N], id: str) -> N:
        """The noun that another noun refers to."""
        return self.state.need(kind, id)

    def where(self, kind: type[N], index: str, value: Hashable) -> Iterator[N]:
        """This scope's nouns under this value of an index."""
        return (noun for noun in self.state.where(kind, index, value) if self.scope in noun.scopes)

    def mine(self, kind: type[N]) -> Iterator[N]:
        """All nouns of this kind in this account and region."""
        return self.state.where(kind, "scope", self.scope)

    def count(self, kind: type[Noun]) -> int:
        """Number of nouns of this kind that this account has in this region."""
        return self.state.count(kind, "scope", self.scope)

    def put(self, noun: N) -> N:
        """Make this noun the one with its id."""
        self._replace(type(noun), noun.id, noun)
        return noun

    def drop(self, noun: Noun) -> None:
        """Remove this noun."""
        self._orders.setdefault(type(noun), tuple(self.state.tables[type(noun)].rows))
        self._replace(type(noun), noun.id, None)

    def _replace(self, kind: type[Noun], id: str, noun: Noun | None) -> None:
        old = self.state.replace(kind, id, noun)
        self._old.setdefault((kind, id), old)

    def changes(self) -> list[Change]:
        """The changes of this transaction so far, in order of first touch."""
        pairs = ((key, old, self.state.get(*key)) for key, old in self._old.items())
        return [Change(kind, id, old, new) for (kind, id), old, new in pairs if old is not new]

    def rollback(self) -> None:
        """Undo all changes; what was removed comes back in its old place, which an answer shows."""
        for (kind, id), old in reversed(self._old.items()):
            self.state.replace(kind, id, old)
        for kind, order in self._orders.items():
            self.state.tables[kind].order(order)
        self.views.forget(id for _, id in self._old)
        self._old.clear()
        self._orders.clear()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A part of the transaction that is undone by itself if its block ends in an error."""
        before, self._old = self._old, {}
        orders, self._orders = self._orders, {}
        try:
            yield
        except BaseException:
            self.rollback()
            raise
        finally:  # what was there before the whole comes before what was there before the part
            self._old, self._orders = {**before, **self._old, **before}, self._orders | orders

    def new(self, kind: type[N], prefix: str, **fields: Any) -> N:
        """Put a new noun of this scope, with a fresh id."""
        id = new_id(prefix, self.dice.getrandbits)
        return self.put(kind(id=id, owner=self.owner, region=self.region, **fields))

    def new_id(self, prefix: str) -> str:
        """A fresh id for a part of a noun."""
        return new_id(prefix, self.dice.getrandbits)

    def new_mac(self) -> str:
        """A MAC address that no interface has."""
        while self.state.count(NetworkInterface, "mac-address", mac := new_mac(self.dice.getrandbits)):
            pass
        return mac
