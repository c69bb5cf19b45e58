"""Facts for a measurement between two instances: path, prediction, missing rules."""

from collections.abc import Mapping
from typing import Any

from elastinet.catalog.protocols import UDP
from elastinet.engine import Engine
from elastinet.forecast.asking import BadQuestion
from elastinet.forecast.prediction import predict_limits
from elastinet.model.fault import Fault
from elastinet.model.interface import NetworkInterface
from elastinet.operator.asked import PredictionQuery, asked
from elastinet.operator.predictions import Buckets, levels
from elastinet.rules.admission import Missing, missing
from elastinet.rules.interfaces import attachment_of
from elastinet.rules.paths import NoNetworkPath, flow, path_of
from elastinet.rules.performance import of_pair
from elastinet.rules.ranges import only

PORT, LAST_PORT = 5201, 5264
"""The port of iperf3's server, and the last of those that MPTCP's subflows may use."""
GROUP = "sg-"


def prepared(engine: Engine, buckets: Buckets, given: Mapping[str, str]) -> dict[str, Any]:
    """All that a measurement needs to know of two instances; raises Fault."""
    try:
        return _prepared(engine, buckets, asked(engine, given))
    except (BadQuestion, NoNetworkPath) as why:
        raise Fault("InvalidParameterValue", str(why)) from why


def _prepared(engine: Engine, buckets: Buckets, what: PredictionQuery) -> dict[str, Any]:
    one, other, question, public = what
    traffic = question.traffic
    limits = of_pair(engine.state, engine.settings, one, other, traffic, public=public)
    last = LAST_PORT if traffic.transport == "mptcp" else PORT
    flows = [flow(engine.state, one, other, public=public, ports=((PORT, last),))]
    if traffic.transport == "udp":
        flows.append(flow(engine.state, one, other, public=public, protocol=UDP, ports=only(PORT)))
    known = levels(engine, buckets, one) | levels(engine, buckets, other)
    shut = [rule for found in flows for rule in missing(engine.state, found)]
    return {
        "source": {
            "instance": attachment_of(one).instance_id,
            "interface": one.id,
            "address": one.first_address,
        },
        "target": {
            "instance": attachment_of(other).instance_id,
            "interface": other.id,
            "address": other.first_address,
        },
        "via": path_of(engine.state, flows[0]).via,
        "connect_to": flows[0].target_ip,
        "port": PORT,
        "last_port": last,
        "duration_s": question.duration_s,
        "bandwidth_scale": engine.settings.bandwidth_scale,
        "missing": [_shown(rule, one if rule.egress else other) for rule in shut],
        "prediction": predict_limits(limits, question.duration_s, None, known).as_json(),
    }


def _shown(rule: Missing, holder: NetworkInterface) -> dict[str, Any]:
    """A missing rule, and who may add it."""
    where = {"owner": holder.owner, "region": holder.region}
    return rule._asdict() | where | {"is_group": rule.holder.startswith(GROUP), "sentence": rule.sentence}
