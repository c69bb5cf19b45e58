"""Facts for an MPI job over several instances: addresses, blocked connections, pairs without EFA."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any

from elastinet.engine import Engine
from elastinet.fabric.contract.keys import Subject
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.operator import efas
from elastinet.operator.asked import interface
from elastinet.operator.nics import find
from elastinet.rules.admission import missing
from elastinet.rules.explaining.packets import EPHEMERAL
from elastinet.rules.interfaces import attachment_of
from elastinet.rules.paths import NoNetworkPath, address_for, flow, path_of


def prepared(engine: Engine, failed: Mapping[Subject, str], names: Sequence[str]) -> dict[str, Any]:
    """The instances so called, the ports of their processes, who cannot reach whom, and who may use EFA.

    `shut` and `without_efa` are sentences, one for each pair; `failed` is the agent's word. Raises Fault.
    """
    if not names:
        raise Fault("MissingParameter", "no instance is named")
    pairs = efas.page(engine, failed, names)["pairs"]
    for name in names:
        _check(find(engine, name))
    ends = [interface(engine, name) for name in names]
    return {
        "hosts": [
            {"instance": attachment_of(one).instance_id, "address": _of_job(one, ends)} for one in ends
        ],
        "ports": EPHEMERAL[0],
        "shut": [why for pair in permutations(ends, 2) for why in _shut(engine, *pair)],
        "without_efa": [_why_tcp(pair) for pair in pairs if pair["transport"] != "efa"],
    }


def _of_job(own: NetworkInterface, all_: Sequence[NetworkInterface]) -> str:
    """The address by which all others know an instance: of IPv4 if each of them has one."""
    return own.primary if all(one.addresses for one in all_) else next(iter(own.addresses6), own.primary)


def _check(instance: Instance) -> None:
    """Look that an instance runs and can be reached; raises Fault."""
    if instance.state != "running":
        raise Fault("IncorrectInstanceState", f"{instance.id} is {instance.state}, not running")
    if instance.host_failure:
        raise Fault(
            "IncorrectInstanceState", f"the host of {instance.id} has lost its {instance.host_failure}"
        )


def _shut(engine: Engine, one: NetworkInterface, other: NetworkInterface) -> Iterator[str]:
    """The reasons why one interface cannot connect to ports of another's processes; none if it can."""
    head = f"{attachment_of(one).instance_id} cannot reach {attachment_of(other).instance_id}"
    try:
        found = flow(engine.state, one, other, ports=EPHEMERAL)
        if path_of(engine.state, found).via == "gateway":
            ends = address_for(one, other), address_for(other, one)
            raise NoNetworkPath(f"no route between {ends[0]} and {ends[1]}")
    except NoNetworkPath as why:
        yield f"{head}: {why}"
        return
    shut = [rule.sentence for rule in missing(engine.state, found)]
    if shut:
        yield f"{head}: {'; '.join(shut)}"


def _why_tcp(pair: Mapping[str, Any]) -> str:
    """The reason why a pair does not use EFA."""
    fault = next(one["fault"] for one in pair["conditions"] if one["fault"])
    return f"{' and '.join(pair['instances'])}: {fault}"
