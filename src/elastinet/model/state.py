"""The state of all accounts and regions: tables of nouns and the indexes they are found by."""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from typing import TypeVar, get_args

from elastinet.model.access_scope import AccessScope, AccessScopeAnalysis
from elastinet.model.account import ClientToken, RegionSettings
from elastinet.model.acl import NetworkAcl
from elastinet.model.dhcp import DhcpOptions
from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.fleet import Fleet
from elastinet.model.foreign import Foreign
from elastinet.model.image import MachineImage, Snapshot
from elastinet.model.insights import InsightsAnalysis, InsightsPath
from elastinet.model.instance import Instance, KeyPair
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.launch_template import LaunchTemplate, LaunchTemplateVersion
from elastinet.model.managed_policy import ManagedPolicy
from elastinet.model.nat import NatGateway
from elastinet.model.noun import Index, Noun
from elastinet.model.peering import Peering
from elastinet.model.placement import DedicatedHost, Failure, PlacementGroup
from elastinet.model.prefix_list import PrefixList
from elastinet.model.reservation import SubnetReservation
from elastinet.model.role import InstanceProfile, Role
from elastinet.model.routes import RouteTable
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.transfer import AddressTransfer
from elastinet.model.volume import Volume
from elastinet.model.vpc import EgressOnlyGateway, InternetGateway, Subnet, Vpc

AnyNoun = (
    RegionSettings
    | ClientToken
    | Vpc
    | Subnet
    | SubnetReservation
    | InternetGateway
    | EgressOnlyGateway
    | RouteTable
    | NetworkAcl
    | NatGateway
    | PrefixList
    | VpcEndpoint
    | Peering
    | DhcpOptions
    | SecurityGroup
    | SecurityGroupRule
    | NetworkInterface
    | Address
    | AddressTransfer
    | Instance
    | LaunchTemplate
    | LaunchTemplateVersion
    | Fleet
    | KeyPair
    | Snapshot
    | MachineImage
    | Role
    | InstanceProfile
    | ManagedPolicy
    | PlacementGroup
    | DedicatedHost
    | Failure
    | Volume
    | InsightsPath
    | InsightsAnalysis
    | AccessScope
    | AccessScopeAnalysis
    | Foreign
)
KINDS: tuple[type[Noun], ...] = get_args(AnyNoun)

N = TypeVar("N", bound=Noun)
Watcher = Callable[[Noun | None, Noun | None], None]
"""Hears of every replacement: what was there, and what is there now."""


def _scope(noun: Noun) -> Collection[Hashable]:
    return noun.scopes


Bucket = str | dict[str, None]
"""The ids under one value of an index, in order of arrival; one id by itself, as most values have."""


class NounTable:
    """All nouns of one kind, by id and by the values of their indexes, in order of arrival."""

    def __init__(self, kind: type[Noun]) -> None:
        self.rows: dict[str, Noun] = {}
        self._keys: dict[str, Index] = {"scope": _scope, **kind.INDEXES}
        self._indexes: dict[str, dict[Hashable, Bucket]] = {name: {} for name in self._keys}
        self._pairs = tuple(zip(self._keys.values(), self._indexes.values(), strict=True))

    def replace(self, id: str, noun: Noun | None) -> Noun | None:
        """Put a noun in the place of the one with this id, or none; gives back what was there."""
        old = self.rows.get(id)
        if old is None and noun is not None:
            for key, index in self._pairs:
                for value in key(noun):
                    if index.setdefault(value, id) is not id:
                        _add(index, value, id)
        else:
            for key, index in self._pairs:
                had = key(old) if old is not None else ()
                has = key(noun) if noun is not None else ()
                if had != has:
                    _reindex(index, id, had, has)
        if noun is None:
            self.rows.pop(id, None)
        else:
            self.rows[id] = noun
        return old

    def under(self, index: str, value: Hashable) -> Iterator[Noun]:
        """The rows under a value of an index, in order of arrival; changes meanwhile add and take none."""
        bucket = self._indexes[index].get(value)
        if bucket is None:
            return iter(())
        if isinstance(bucket, str):
            return iter((self.rows[bucket],))
        rows = self.rows
        return (rows[id] for id in tuple(bucket))

    @property
    def indexes(self) -> dict[str, dict[Hashable, dict[str, None]]]:
        """The ids under each value of each index."""
        return {
            name: {
                value: dict.fromkeys([ids] if isinstance(ids, str) else ids) for value, ids in index.items()
            }
            for name, index in self._indexes.items()
        }

    def count(self, index: str, value: Hashable) -> int:
        """The number of ids under a value of an index."""
        bucket = self._indexes[index].get(value, ())
        return 1 if isinstance(bucket, str) else len(bucket)

    def order(self, ids: Iterable[str]) -> None:
        """Put all rows into the order of these ids, and so the rows under each value of an index."""
        self.rows = {id: self.rows[id] for id in ids if id in self.rows}
        place = {id: number for number, id in enumerate(self.rows)}
        for index in self._indexes.values():
            for value, bucket in index.items():
                if not isinstance(bucket, str):
                    index[value] = dict.fromkeys(sorted(bucket, key=place.__getitem__))


def _reindex(
    index: dict[Hashable, Bucket], id: str, had: Collection[Hashable], has: Collection[Hashable]
) -> None:
    for value in had:
        if value not in has:
            _remove(index, value, id)
    for value in has:
        if value not in had:
            _add(index, value, id)


def _add(index: dict[Hashable, Bucket], value: Hashable, id: str) -> None:
    there = index.setdefault(value, id)
    if isinstance(there, dict):
        there[id] = None
    elif there != id:
        index[value] = {there: None, id: None}


def _remove(index: dict[Hashable, Bucket], value: Hashable, id: str) -> None:
    there = index.get(value)
    if isinstance(there, dict):
        there.pop(id, None)
    if not there or there == id:
        index.pop(value, None)


class State:
    """Every noun there is. Only a transaction changes it."""

    def __init__(self) -> None:
        self.tables: dict[type[Noun], NounTable] = {kind: NounTable(kind) for kind in KINDS}
        self.watchers: dict[type[Noun], list[Watcher]] = defaultdict(list)
        self.version = 0
        """Another after each replacement, also after one that undoes another."""

    def get(self, kind: type[N], id: str) -> N | None:
        """The noun of this kind with this id, whoever's it is."""
        return self.tables[kind].rows.get(id)  # type: ignore[return-value]

    def need(self, kind: type[N], id: str) -> N:
        """The noun with this id, which another noun refers to and so must be there."""
        return self.tables[kind].rows[id]  # type: ignore[return-value]

    def where(self, kind: type[N], index: str, value: Hashable) -> Iterator[N]:
        """The nouns found under this value of an index, in order of arrival."""
        return self.tables[kind].under(index, value)  # type: ignore[return-value]

    def count(self, kind: type[Noun], index: str, value: Hashable) -> int:
        """The number of nouns under this value of an index."""
        return self.tables[kind].count(index, value)

    def all(self, kind: type[N]) -> Iterator[N]:
        """Every noun of this kind, in order of arrival."""
        return iter(tuple(self.tables[kind].rows.values()))  # type: ignore[arg-type]

    def replace(self, kind: type[Noun], id: str, noun: Noun | None) -> Noun | None:
        """Put a noun in the place of the one with this id, or none; gives back what was there."""
        self.version += 1
        old = self.tables[kind].replace(id, noun)
        for watcher in self.watchers.get(kind, ()):
            watcher(old, noun)
        return old

    def __eq__(self, other: object) -> bool:
        """States are equal when they hold equal nouns."""
        return isinstance(other, State) and all(
            table.rows == other.tables[kind].rows for kind, table in self.tables.items()
        )

    __hash__ = None  # type: ignore[assignment]
