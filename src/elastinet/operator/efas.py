"""The EFAs of instances: the memory that each shares, and the pairs that communicate past the kernel."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from elastinet.engine import Engine
from elastinet.fabric.contract.keys import Key, Subject
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.operator.nics import find
from elastinet.rules.efa import bypass
from elastinet.rules.efa.bypass import Condition

MOST = 64


def page(engine: Engine, failed: Mapping[Subject, str], names: Sequence[str]) -> dict[str, Any]:
    """The instances so called with each pair of them, or all that have an EFA; `failed` is the agent's word.

    A pair's `transport` is "efa", or "tcp" where a condition does not hold. Raises Fault.
    """
    instances = [find(engine, name) for name in names]
    if len({instance.id for instance in instances}) < len(instances):
        raise Fault("InvalidParameterValue", "the same instance is named twice")
    if len(instances) > MOST:
        raise Fault("InvalidParameterValue", f"{MOST} instances at the most, not {len(instances)}")
    pairs = [_pair(engine, failed, one, other) for one, other in combinations(instances, 2)]
    running = engine.state.where(Instance, "instance-state-name", "running")
    told = instances if names else [i for i in running if bypass.efas_of(engine.state, i)]
    return {"instances": [_instance(engine, instance) for instance in told], "pairs": pairs}


def _instance(engine: Engine, instance: Instance) -> dict[str, Any]:
    return {
        "instance": instance.id,
        "name": instance.name,
        "type": instance.instance_type,
        "state": instance.state,
        "efas": [efa.id for efa in bypass.efas_of(engine.state, instance)],
        "memory": bypass.memory(engine.state, instance, engine.settings.rules) or None,
    }


def _pair(engine: Engine, failed: Mapping[Subject, str], one: Instance, other: Instance) -> dict[str, Any]:
    told = list(bypass.conditions(engine.state, one, other, engine.settings.rules))
    faults = (failed.get(Key("guest", instance.id)) for instance in (one, other))
    told.append(Condition("the agent has done it", next(filter(None, faults), None)))
    return {
        "instances": [one.id, other.id],
        "transport": "tcp" if any(condition.fault for condition in told) else "efa",
        "conditions": [{"name": name, "fault": fault} for name, fault in told],
    }
