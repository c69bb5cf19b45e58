"""All instances in a few words each."""

from collections.abc import Iterator, Mapping
from typing import Any

from elastinet.engine import Engine
from elastinet.model.instance import Instance
from elastinet.model.interface import Address
from elastinet.model.state import State
from elastinet.rules.images import user_of
from elastinet.rules.interfaces import interfaces_of
from elastinet.rules.keys import public_key_of


def page(engine: Engine, given: Mapping[str, str]) -> dict[str, Any]:
    """The instances of an account, or of all; those that are terminated only if they are asked for."""
    account, every = given.get("account", ""), given.get("all") == "true"
    found = (i for i in engine.state.all(Instance) if account in ("", i.owner))
    return {"instances": [_row(engine.state, i) for i in found if every or i.state != "terminated"]}


def _row(state: State, instance: Instance) -> dict[str, Any]:
    interfaces = list(interfaces_of(state, instance.id))
    return {
        "name": instance.name or "",
        "id": instance.id,
        "state": instance.state,
        "private": [address for one in interfaces for address in (*one.addresses, *one.addresses6)],
        "public": [address for one in interfaces for address in _public(state, one.id, one.public_ip)],
        "zone": instance.zone,
        "type": instance.instance_type,
        "account": instance.owner,
        "user": user_of(instance),
        "key": public_key_of(state, instance),
    }


def _public(state: State, interface: str, lent: str | None) -> Iterator[str]:
    if lent:
        yield lent
    yield from (one.public_ip for one in state.where(Address, "network-interface-id", interface))
