"""Predictions of the traffic between two instances, and the credits of instances now."""

from collections.abc import Callable, Mapping
from typing import Any

from elastinet.engine import Engine
from elastinet.forecast.asking import BadQuestion
from elastinet.forecast.beside import beside
from elastinet.forecast.prediction import Prediction, predict_limits
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.operator.asked import PredictionQuery, asked
from elastinet.operator.nics import find
from elastinet.rules.bandwidth import of_instance
from elastinet.rules.credits import Bucket
from elastinet.rules.paths import NoNetworkPath
from elastinet.rules.performance import of_pair

Buckets = Callable[[Instance], Mapping[str, Bucket]]
"""An instance's buckets as they are now, by direction: "out" and "in"."""


def predicted(engine: Engine, buckets: Buckets, given: Mapping[str, str]) -> dict[str, Any]:
    """The prediction that a page's parameters ask for, from the two instances' credits now; raises Fault."""
    try:
        what = asked(engine, given)
        told = _predicted(engine, buckets, what).as_json()
        if what.question.traffic.transport == "efa":
            told |= _beside_tcp(engine, buckets, given)
    except (BadQuestion, NoNetworkPath) as why:
        raise Fault("InvalidParameterValue", str(why)) from why
    ends = {"source": what.one.id, "target": what.other.id, "rules": engine.settings.rules}
    return ends | told | {"credit_time_scale": engine.settings.credit_time_scale}


def _predicted(engine: Engine, buckets: Buckets, what: PredictionQuery) -> Prediction:
    traffic = what.question.traffic
    limits = of_pair(engine.state, engine.settings, what.one, what.other, traffic, public=what.public)
    known = levels(engine, buckets, what.one) | levels(engine, buckets, what.other)
    return predict_limits(limits, what.question.duration_s, what.question.data_bytes, known)


def _beside_tcp(engine: Engine, buckets: Buckets, given: Mapping[str, str]) -> dict[str, Any]:
    """The same over TCP, or why it does not go there."""
    try:
        return beside(_predicted(engine, buckets, asked(engine, {**given, "transport": "tcp"})))
    except NoNetworkPath as why:
        return beside(str(why))


def credits(engine: Engine, buckets: Buckets, name: str) -> dict[str, Any]:
    """The buckets of an instance, and when they will be empty or full at the present rate."""
    instance = find(engine, name)
    allowance = of_instance(instance, engine.settings).aggregate
    directions = buckets(instance) if instance.state == "running" else {}
    return {
        "instance": instance.id,
        "type": instance.instance_type,
        "state": instance.state,
        **allowance.as_json(),
        "time_scale": engine.settings.credit_time_scale,
        "directions": {direction: _shown(bucket) for direction, bucket in directions.items()},
    }


def _shown(bucket: Bucket) -> dict[str, Any]:
    return {
        "level_bits": bucket.level_bits,
        "bps": bucket.bps,
        "seconds_to_empty": bucket.seconds_to_empty,
        "seconds_to_full": bucket.seconds_to_full,
    }


def levels(engine: Engine, buckets: Buckets, interface: NetworkInterface) -> dict[str, float]:
    """Bits in the buckets of an interface's instance, by resource ("<instance id> out" and "… in")."""
    assert interface.attachment is not None
    instance = engine.state.need(Instance, interface.attachment.instance_id)
    return {f"{instance.id} {way}": bucket.level_bits for way, bucket in buckets(instance).items()}
