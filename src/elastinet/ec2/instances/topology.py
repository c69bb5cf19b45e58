"""DescribeInstanceTopology: which network nodes an instance hangs on (facts sheet, section 10.3)."""

import hashlib
from typing import Any

from elastinet.catalog import regions
from elastinet.catalog.plant import Plant, place_of
from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.filters import Filter
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.instances.placement_groups import by_name
from elastinet.model.instance import Instance
from elastinet.model.placement import PlacementGroup
from elastinet.model.view import StateView
from elastinet.rules.placement.capacity import family

THREE = frozenset(
    """
    g6e g7e hpc6a hpc6id hpc7a hpc7g hpc8a p3dn p4d p4de p5 p5e p5en p6e-gb200 trn1 trn1n trn2 trn2u
    """.split()
)
FOUR = frozenset(("p6-b200", "p6-b300"))
"""Families whose instances show three network nodes, or four; the others show none."""
LAYERS = ("spine", "core", "node", "rack")
MOST_NAMED = 100


def node_id(account: str, zone_id: str, layer: str, number: int) -> str:
    """The id of a network node as an account sees it; every account sees another one."""
    text = f"{account}/{zone_id}/{layer}/{number}"
    return f"nn-{hashlib.sha256(text.encode()).hexdigest()[:17]}"


def nodes(instance: Instance, plant: Plant) -> list[str]:
    """The network nodes above an instance, from the top; none for types and states that show none."""
    kind = family(instance.instance_type)
    count = 4 if kind in FOUR else 3 if kind in THREE else 0
    zone = regions.zone(instance.region, instance.zone)
    if instance.host is None or instance.state != "running" or zone is None or not count:
        return []
    place = place_of(instance.host, plant)
    return [node_id(instance.owner, zone.id, layer, place[layer]) for layer in LAYERS[-count:]]


def view(tx: Transaction, instance: Instance) -> StateView:
    """An instance's place in the network, in the shape of the API."""
    group = tx.state.get(PlacementGroup, instance.placement_group or "")
    zone = regions.zone(instance.region, instance.zone)
    shown: dict[str, Any] = {
        "InstanceId": instance.id,
        "InstanceType": instance.instance_type,
        "NetworkNodes": nodes(instance, tx.plants.plant),
        "AvailabilityZone": instance.zone,
        "ZoneId": zone.id if zone else "",
    }
    return StateView(shown | ({"GroupName": group.group_name} if group else {}))


TOPOLOGY = Describable(
    Instance,
    "i",
    "Instances",
    "InstanceIds",
    view,
    paths("availability-zone instance-type zone-id group-name"),
    pages_with_ids=False,
    least_page=1,
    usual_page=20,
)


def describe_instance_topology(tx: Transaction, request: Request) -> Answer:
    """Instances with the network nodes above them, the nearest one last."""
    names = [by_name(tx, name).group_name for name in request.ids("GroupNames")]
    for what, given in (("InstanceIds", request.ids("InstanceIds")), ("GroupNames", names)):
        if len(given) > MOST_NAMED:
            raise faults.invalid(len(given), what, f"At most {MOST_NAMED} may be named.")
    also = [Filter("group-name", names)] if names else []
    return describe(tx, request, TOPOLOGY, also=also)
