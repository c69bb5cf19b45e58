"""A region as its describes show it, and as files of them."""

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from elastinet.engine import Engine
from elastinet.model.state import State
from elastinet.store import MemoryJournal

KINDS = """
    Vpcs Subnets InternetGateways EgressOnlyInternetGateways NatGateways RouteTables NetworkAcls SecurityGroups
    SecurityGroupRules NetworkInterfaces Addresses VpcPeeringConnections ManagedPrefixLists PrefixLists VpcEndpoints
    DhcpOptions Instances Volumes KeyPairs PlacementGroups
""".split()
RULES = "SecurityGroupRules"
Answers = dict[str, Any]


def described(engine: Engine, owner: str, region: str) -> Answers:
    """Every kind that a dump is read from, by the operations of the API; each answer by the name of a file."""

    def ask(action: str, **params: Any) -> dict[str, Any]:
        return plain(engine.call(owner, region, action, params) or {})

    found = {kind: ask(f"Describe{kind}") for kind in KINDS}
    for vpc in (one["VpcId"] for one in found["Vpcs"]["Vpcs"]):
        for name in ("enableDnsSupport", "enableDnsHostnames"):
            found[f"{vpc}-{name}"] = ask("DescribeVpcAttribute", VpcId=vpc, Attribute=name)
    for subnet in (one["SubnetId"] for one in found["Subnets"]["Subnets"]):
        found[f"{subnet}-reservations"] = ask("GetSubnetCidrReservations", SubnetId=subnet)
    for listed in (one["PrefixListId"] for one in found["ManagedPrefixLists"]["PrefixLists"]):
        found[listed] = ask("GetManagedPrefixListEntries", PrefixListId=listed)
    found["names"] = ask("DescribeAddressesAttribute", Attribute="domain-name")
    return found


def plain(answer: Any) -> Any:
    """An answer as JSON has it."""
    return json.loads(
        json.dumps(answer, default=lambda one: one.isoformat() if isinstance(one, datetime) else one)
    )


def write(answers: Answers, folder: Path) -> None:
    """One file for each answer."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, answer in answers.items():
        (folder / f"{name}.json").write_text(json.dumps(answer))


def spoil(answers: Any, paths: Iterable[Sequence[Any]], odd: Sequence[Any], dice: random.Random) -> None:
    """Put an odd value in each of some places, but for those that an earlier one has taken away."""
    for *path, last in paths:
        at = answers
        try:
            for name in path:
                at = at[name]
            at[last] = dice.choice(odd)
        except (KeyError, IndexError, TypeError):
            continue


def engine_of(state: State) -> Engine:
    """An engine that has a state."""
    engine = Engine(MemoryJournal())
    for kind, table in state.tables.items():
        for id, noun in table.rows.items():
            engine.state.replace(kind, id, noun)
    return engine


def differences(one: Answers, other: Answers) -> Iterator[str]:
    """Where two descriptions differ."""
    for name in one.keys() | other.keys():
        yield from _differ(name, one.get(name), other.get(name))


def _differ(where: str, one: Any, other: Any) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() | other.keys():
            yield from _differ(f"{where}.{name}", one.get(name), other.get(name))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other, strict=True)):
            yield from _differ(f"{where}.{number}", *pair)
    elif one != other:
        yield f"{where}: {one!r} != {other!r}"
