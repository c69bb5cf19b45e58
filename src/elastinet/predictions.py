"""What a server tells of the traffic between its instances before there is any, and of their credits now."""

from collections.abc import Callable, Mapping
from typing import Any

from elastinet.engine import Engine
from elastinet.forecast.asking import BadQuestion, question
from elastinet.forecast.prediction import predict_caps
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.nics import find
from elastinet.rules.bandwidth import of_instance
from elastinet.rules.credits import Bucket
from elastinet.rules.interfaces import primary_of
from elastinet.rules.paths import NoPath
from elastinet.rules.performance import of_pair

Buckets = Callable[[Instance], Mapping[str, Bucket]]
"""An instance's buckets as they are now, by direction: "out" and "in"."""


def predicted(engine: Engine, buckets: Buckets, given: Mapping[str, str]) -> dict[str, Any]:
    """What a page's parameters ask of two instances: the prediction, from the credits that they have now."""
    udp, mptcp = (given.get(name) == "true" for name in ("udp", "mptcp"))
    flows, duration, size = given.get("flows", "1"), given.get("duration", ""), given.get("bytes", "")
    one, other = (interface(engine, given.get(name, "")) for name in ("source", "target"))
    try:
        asked = question(flows, duration, size, udp=udp, mptcp=mptcp)
        public = given.get("via") == "gateway"
        caps = of_pair(engine.state, engine.settings, one, other, asked.traffic, public=public)
    except (BadQuestion, NoPath) as why:
        raise Fault("InvalidParameterValue", str(why)) from why
    known = levels(engine, buckets, one) | levels(engine, buckets, other)
    told = predict_caps(caps, asked.duration_s, asked.data_bytes, known)
    ends = {"source": one.id, "target": other.id}
    return ends | told.shown() | {"credit_time_scale": engine.settings.credit_time_scale}


def credits(engine: Engine, buckets: Buckets, name: str) -> dict[str, Any]:
    """The buckets of an instance, and when they will be empty or full at the present rate."""
    instance = find(engine, name)
    given = of_instance(instance, engine.settings)
    directions = buckets(instance) if instance.state == "running" else {}
    return {
        "instance": instance.id,
        "type": instance.instance_type,
        "state": instance.state,
        "baseline_bps": given.aggregate.baseline_bps,
        "peak_bps": given.aggregate.peak_bps,
        "credit_bits": given.aggregate.credit_bits,
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


def interface(engine: Engine, name: str) -> NetworkInterface:
    """An interface by its id, or the primary one of an instance by its id or Name tag."""
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
    return primary


def levels(engine: Engine, buckets: Buckets, interface: NetworkInterface) -> dict[str, float]:
    """What is in the buckets of an interface's instance, by the resource that each belongs to."""
    assert interface.attachment is not None
    instance = engine.state.need(Instance, interface.attachment.instance_id)
    return {f"{instance.id} {way}": bucket.level_bits for way, bucket in buckets(instance).items()}
