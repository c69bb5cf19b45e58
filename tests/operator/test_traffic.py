"""The pages and verbs that show what instances are given and what the kernel has counted; here without a kernel.

With a fabric that carries nothing there are no counters, and that is said.
"""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from place import launch, make_place
from served import Served


def page(server: Served, path: str) -> Any:
    with urllib.request.urlopen(f"{server.url}/_elastinet/{path}", timeout=30) as reply:
        return json.loads(reply.read())


def scrape(server: Served) -> dict[str, Any]:
    """The metrics by name, read by Prometheus's own parser."""
    with urllib.request.urlopen(f"{server.url}/_elastinet/metrics", timeout=30) as reply:
        assert reply.headers["Content-Type"].startswith("text/plain; version=")
        families = list(text_string_to_metric_families(reply.read().decode()))
    assert len({family.name for family in families}) == len(families)
    assert all(family.documentation for family in families)
    return {family.name: family for family in families}


def values(family: Any, **labels: str) -> list[float]:
    return [s.value for s in family.samples if labels.items() <= s.labels.items()]


@pytest.fixture
def server(serve) -> Served:
    return serve(rules="2026", bandwidth_scale=0.5)


def test_what_instances_are_given(server: Served) -> None:
    ec2 = server.client()
    place = make_place(ec2)
    (small,), (big,) = launch(ec2, place), launch(ec2, place, InstanceType="c5.18xlarge")
    (stopped,) = launch(ec2, place)
    ec2.stop_instances(InstanceIds=[stopped["InstanceId"]])
    told = page(server, "traffic")
    assert (told["bandwidth_scale"], told["seconds"]) == (0.5, None)
    found = {one["instance"]: one for one in told["instances"]}
    assert found.keys() == {small["InstanceId"], big["InstanceId"]}
    one = found[small["InstanceId"]]
    assert (one["type"], one["baseline_bps"], one["peak_bps"]) == ("c5.large", 750e6, 10e9)
    assert one["credit_bits"] == (10e9 - 750e6) * 600
    for direction in one["directions"].values():
        assert (direction["allowance_bps"], direction["level_bits"]) == (10e9, one["credit_bits"])
    (eni,) = one["interfaces"]
    assert (eni["device"], eni["counters"]) == ("eth0", None)
    assert found[big["InstanceId"]]["credit_bits"] == 0
    (alone,) = page(server, f"traffic?instance={big['InstanceId']}")["instances"]
    assert alone == found[big["InstanceId"]]


def test_an_unknown_instance(server: Served) -> None:
    with pytest.raises(urllib.error.HTTPError) as error:
        page(server, "traffic?instance=i-0123456789abcdef0")
    with error.value as answer:
        assert (answer.code, "there is no instance" in answer.read().decode()) == (400, True)


def test_nat_gateways_count_nothing_here(server: Served) -> None:
    ec2 = server.client()
    place = make_place(ec2)
    made = ec2.create_nat_gateway(SubnetId=place.subnet, ConnectivityType="private")["NatGateway"]
    (shown,) = page(server, "nat")["nat_gateways"]
    figures = dict.fromkeys(("ErrorPortAllocation", "IdleTimeoutCount", "PacketsDropCount"))
    assert shown.items() >= ({"nat_gateway": made["NatGatewayId"], "vpc": place.vpc} | figures).items()
    assert scrape(server)["elastinet_nat_gateway_packets_dropped"].samples == []
    with pytest.raises(urllib.error.HTTPError) as error:
        page(server, "nat?id=nat-0123456789abcdef0")
    with error.value as answer:
        assert (answer.code, "there is no NAT gateway" in answer.read().decode()) == (400, True)


def test_metrics(server: Served) -> None:
    ec2 = server.client()
    (made,) = launch(ec2, make_place(ec2))
    found = scrape(server)
    labels = {"instance": made["InstanceId"], "type": "c5.large"}
    assert values(found["elastinet_instance_baseline_bits_per_second"], **labels) == [750e6]
    assert values(found["elastinet_instance_peak_bits_per_second"], **labels) == [10e9]
    for direction in ("in", "out"):
        way = labels | {"direction": direction}
        assert values(found["elastinet_instance_allowance_bits_per_second"], **way) == [10e9]
        assert values(found["elastinet_instance_credit_bits"], **way) == [(10e9 - 750e6) * 600]
    assert values(found["elastinet_nouns"], noun="Instance") == [1]
    assert values(found["elastinet_bandwidth_scale"]) == [0.5]
    assert values(found["elastinet_settled"]) == [1]
    assert found["elastinet_linklocal_allowance_exceeded"].samples == []
    ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
    assert scrape(server)["elastinet_instance_peak_bits_per_second"].samples == []
