"""Metrics for Prometheus: the engine's, and instances' limits, and bytes and packets sent and received."""

from collections.abc import Iterator
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from elastinet.operator.readings import BANDWIDTH, DIRECTIONS, LINKLOCAL, UNLIMITED

CONTENT_TYPE = CONTENT_TYPE_LATEST
OF_INSTANCE = ("instance", "type")
OF_INTERFACE = ("instance", "interface", "type")
EXCEEDED = (*BANDWIDTH.values(), *UNLIMITED.values(), LINKLOCAL)
Traffic = dict[str, Any]
Figures = dict[str, float]
COUNTED = {
    "received_bytes": "rx_bytes",
    "received_packets": "rx_packets",
    "sent_bytes": "tx_bytes",
    "sent_packets": "tx_packets",
}
NAT_COUNTERS = {
    "ErrorPortAllocation": "error_port_allocation",
    "IdleTimeoutCount": "idle_timeouts",
    "PacketsDropCount": "packets_dropped",
}
ALLOWANCE_GAUGES = {
    "baseline_bits_per_second": ("baseline_bps", "What it may always send, and receive, as EC2 has it."),
    "peak_bits_per_second": ("peak_bps", "What it may send, and receive, while it has network I/O credits."),
    "credit_capacity_bits": ("credit_bits", "A full bucket of network I/O credits in each direction."),
}


def text(traffic: Traffic, engine: Figures, counts: Figures) -> bytes:
    """The page in Prometheus's own format; `engine` has figures by name, `counts` how many nouns."""
    return generate_latest(_Page(traffic, engine, counts))


class _Page(Collector):
    """Everything as it is at one moment: nothing is kept from scrape to scrape."""

    def __init__(self, traffic: Traffic, engine: Figures, counts: Figures) -> None:
        self._instances: list[dict[str, Any]] = traffic["instances"]
        self._engine = engine | {name: traffic[name] for name in ("bandwidth_scale", "credit_time_scale")}
        self._counts = counts
        self._gateways: list[dict[str, Any]] = traffic["nat_gateways"]

    def collect(self) -> Iterator[Metric]:
        """Give every metric."""
        for name, value in self._engine.items():
            yield GaugeMetricFamily(f"elastinet_{name}", f"The engine's {name.replace('_', ' ')}.", value)
        nouns = GaugeMetricFamily("elastinet_nouns", "How many there are, in all accounts.", labels=["noun"])
        for name, value in self._counts.items():
            nouns.add_metric([name], value)
        yield nouns
        yield from self._allowances()
        yield from self._directions()
        yield from self._counted()
        yield from self._of_gateways()

    def _allowances(self) -> Iterator[Metric]:
        for name, (key, about) in ALLOWANCE_GAUGES.items():
            found = GaugeMetricFamily(f"elastinet_instance_{name}", about, labels=OF_INSTANCE)
            for one in self._instances:
                found.add_metric(_labels(one), one[key])
            yield found

    def _directions(self) -> Iterator[Metric]:
        labels = (*OF_INSTANCE, "direction")
        name = "elastinet_instance_allowance_bits_per_second"
        allowance = GaugeMetricFamily(name, "What may pass now.", labels=labels)
        level = GaugeMetricFamily("elastinet_instance_credit_bits", "Credits that are left.", labels=labels)
        for one in self._instances:
            for way in DIRECTIONS:
                found = one["directions"][way]
                allowance.add_metric([*_labels(one), way], found["allowance_bps"])
                level.add_metric([*_labels(one), way], found["level_bits"])
        yield from (allowance, level)

    def _counted(self) -> Iterator[Metric]:
        names = {f"interface_{name}": counter for name, counter in COUNTED.items()}
        for name, counter in (names | {name: name for name in EXCEEDED}).items():
            about = f"{counter} of the instance's own device, since the instance has it."
            found = CounterMetricFamily(f"elastinet_{name}", about, labels=OF_INTERFACE)
            for one in self._instances:
                for interface in one["interfaces"]:
                    if interface["counters"] is not None:
                        labels = [one["instance"], interface["interface"], one["type"]]
                        found.add_metric(labels, interface["counters"][counter])
            yield found

    def _of_gateways(self) -> Iterator[Metric]:
        for name, metric in NAT_COUNTERS.items():
            about = f"CloudWatch's {name} of a NAT gateway, since it is there."
            found = CounterMetricFamily(f"elastinet_nat_gateway_{metric}", about, labels=["nat_gateway"])
            for one in self._gateways:
                if one[name] is not None:
                    found.add_metric([one["nat_gateway"]], one[name])
            yield found


def _labels(one: dict[str, Any]) -> list[str]:
    return [one["instance"], one["type"]]
