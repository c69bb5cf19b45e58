"""Forecast = kernel: what two instances of any kind exchange is what was predicted, and nothing was lost for it."""

import itertools
import json
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from world import World

SCALE = 0.02
LOW, HIGH, NEVER = 0.97, 1.01, 1.05
ATTEMPTS = 5
"""A machine that others use too is sometimes late, with packets and with reading the clock: then for longer."""
TYPES = ("t2.micro", "t3.micro", "m4.large", "c5.large", "m5.16xlarge", "c5n.18xlarge", "c6in.32xlarge")
groups = itertools.count(1)


class Pair(NamedTuple):
    """Two instances, and what they exchange."""

    edition: str
    types: tuple[str, str]
    cluster: bool
    express: bool
    flows: int
    udp: bool
    gateway: bool


pairs = st.builds(
    Pair,
    edition=st.sampled_from(("classic", "2026")),
    types=st.tuples(st.sampled_from(TYPES), st.sampled_from(TYPES)),
    cluster=st.booleans(),
    express=st.booleans(),
    flows=st.integers(1, 6),
    udp=st.booleans(),
    gateway=st.booleans(),
)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """A server for each edition of the rules, whose bandwidths two cores carry with ease."""
    made = {
        edition: World(tmp_path_factory.mktemp(edition), "--rules", edition, "--bandwidth-scale", str(SCALE))
        for edition in ("classic", "2026")
    }
    networks = {edition: world.vpc() for edition, world in made.items()}
    for edition, world in made.items():
        world.allow(networks[edition].group, "-1")
        world.ec2.modify_subnet_attribute(
            SubnetId=networks[edition].left, MapPublicIpOnLaunch={"Value": True}
        )
    yield {edition: (world, networks[edition]) for edition, world in made.items()}
    for world in made.values():
        world.stop()


def launched(world: World, network: Any, pair: Pair) -> list[str]:
    """The two instances, as near to one another as they can be."""
    name = f"near-{next(groups)}"
    world.ec2.create_placement_group(GroupName=name, Strategy="cluster")
    found = []
    for kind in pair.types:
        (shown,) = world.ec2.describe_instance_types(InstanceTypes=[kind])["InstanceTypes"]
        near = pair.cluster and "cluster" in shown["PlacementGroupInfo"]["SupportedStrategies"]
        own: dict[str, Any] = {"Placement": {"GroupName": name}} if near else {}
        interface = {"DeviceIndex": 0, "SubnetId": network.left, "Groups": [network.group]}
        if pair.express and pair.edition == "2026" and shown["NetworkInfo"]["EnaSrdSupported"]:
            interface["EnaSrdSpecification"] = {
                "EnaSrdEnabled": True,
                "EnaSrdUdpSpecification": {"EnaSrdUdpEnabled": True},
            }
        (one,) = world.launch("", "", InstanceType=kind, NetworkInterfaces=[interface], **own)
        found.append(one.id)
    return found


def measured(world: World, ids: list[str], pair: Pair, times: int) -> dict[str, Any]:
    # what waits in a queue at the end of a run of UDP arrives after it, and counts
    words = [*ids, "--flows", str(pair.flows), "--duration", str((5 if pair.udp else 2) * times), "--json"]
    words += ["--udp"] * pair.udp + ["--via", "gateway"] * pair.gateway
    told: dict[str, Any] = json.loads(world.cli("perf", *words).stdout)
    return told


@settings(
    max_examples=5, phases=(Phase.generate,), derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(pair=pairs)
def test_what_is_predicted_is_carried(worlds, pair):
    world, network = worlds[pair.edition]
    ids = launched(world, network, pair)
    try:
        world.settle()
        found = []
        for times in range(1, ATTEMPTS + 1):
            told = measured(world, ids, pair, times)
            found.append(told["ratio"])
            assert found[-1] < NEVER, (pair, found, told)
            if LOW <= found[-1] <= HIGH:
                break
        assert LOW <= found[-1] <= HIGH, (pair, found, told)
    finally:
        world.ec2.terminate_instances(InstanceIds=ids)
        world.settle()
