"""Queries about the traffic between two instances, from a page's parameters."""

from collections.abc import Mapping
from typing import NamedTuple

from elastinet.engine import Engine
from elastinet.forecast.asking import Question, question
from elastinet.model.fault import Fault
from elastinet.model.interface import NetworkInterface
from elastinet.operator.nics import find
from elastinet.rules.efa.efa import is_efa
from elastinet.rules.interfaces import interfaces_of, primary_of


class PredictionQuery(NamedTuple):
    """Two interfaces, the traffic, and whether it goes by public addresses."""

    one: NetworkInterface
    other: NetworkInterface
    question: Question
    public: bool


def asked(engine: Engine, given: Mapping[str, str]) -> PredictionQuery:
    """The query in a page's parameters; raises Fault or BadQuestion."""
    udp, mptcp = (given.get(name) == "true" for name in ("udp", "mptcp"))
    efa, words = given.get("transport") == "efa", (given.get("duration", ""), given.get("bytes", ""))
    one, other = (interface(engine, given.get(name, ""), efa=efa) for name in ("source", "target"))
    what = question(given.get("flows", "1"), *words, udp=udp, mptcp=mptcp, efa=efa)
    return PredictionQuery(one, other, what, given.get("via") == "gateway")


def interface(engine: Engine, name: str, *, efa: bool = False) -> NetworkInterface:
    """An interface by its id, or of an instance, by its id or Name tag, the primary one or the first EFA."""
    if name.startswith("eni-"):
        found = engine.state.get(NetworkInterface, name)
        if found is None:
            raise Fault(
                "InvalidNetworkInterfaceID.NotFound", f"The networkInterface ID '{name}' does not exist"
            )
        return found
    instance = find(engine, name)
    primary = primary_of(engine.state, instance.id)
    if primary is None:
        raise Fault("InvalidParameterValue", f"{instance.id} is {instance.state}, not running")
    if not efa or is_efa(primary):
        return primary
    found = next(filter(is_efa, interfaces_of(engine.state, instance.id)), None)
    if found is None:
        raise Fault("InvalidParameterValue", f"{instance.id} has no EFA")
    return found
