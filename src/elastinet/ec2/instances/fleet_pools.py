"""The pools of a fleet: each a template's version with one override of it, and their order."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from elastinet.catalog import regions
from elastinet.catalog.instance_types import instance_types
from elastinet.ec2.core import faults
from elastinet.ec2.core.as_it_is import refuse_wants
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.instances.launch_parameters import Parameters, in_subnet, over_template
from elastinet.ec2.instances.template_lookup import find_template, find_version
from elastinet.model.fault import Fault
from elastinet.model.launch_template import LaunchTemplateVersion
from elastinet.model.vpc import Subnet

OF_LAUNCH = (
    "InstanceType", "ImageId", "KeyName", "BlockDeviceMappings", "IamInstanceProfile", "MetadataOptions",
    "Placement",
)  # fmt: skip
"""What an override says in the same words as a launch."""

SHOWN = (
    "InstanceType", "ImageId", "SubnetId", "AvailabilityZone", "AvailabilityZoneId", "WeightedCapacity",
    "Priority", "BlockDeviceMappings",
)  # fmt: skip
"""What EC2 shows again of an override, as it was given."""


class Pool(NamedTuple):
    """One way to launch: `override` as the request has it, `parameters` as RunInstances takes them."""

    version: LaunchTemplateVersion
    override: Parameters
    parameters: Parameters
    zone: str | None

    @property
    def kind(self) -> str | None:
        """The name of the instance type, if any is named."""
        return self.parameters.get("InstanceType")

    @property
    def weight(self) -> float:
        """Number of units of capacity that one instance counts for."""
        return float(self.override.get("WeightedCapacity", 1))

    @property
    def shown(self) -> dict[str, Any]:
        """The template and the override as answers show them."""
        named = {"LaunchTemplateId": self.version.template_id, "Version": str(self.version.number)}
        return {"LaunchTemplateSpecification": named, "Overrides": shown_override(self.override)}


def shown_override(override: Parameters) -> dict[str, Any]:
    """An override as EC2 shows it: of its placement only the group's name."""
    shown = {name: override[name] for name in SHOWN if name in override}
    group = override.get("Placement", {}).get("GroupName")
    return shown | ({"Placement": {"GroupName": group}} if group else {})


def read_pools(tx: Transaction, configs: list[Request]) -> list[Pool]:
    """The pools of a request, in its order; a template or a version that is not there refuses all of it."""
    if not configs:
        raise faults.missing_parameter("LaunchTemplateConfigs")
    pools = [pool for config in configs for pool in _of_config(tx, config)]
    places = [(pool.kind, pool.zone, pool.parameters.get("ImageId")) for pool in pools if pool.zone]
    if len(set(places)) < len(places):
        raise Fault("InvalidFleetConfig", "The fleet configuration contains duplicate instance pools.")
    return pools


def _of_config(tx: Transaction, config: Request) -> Iterator[Pool]:
    named = config.get("LaunchTemplateSpecification")
    if named is None:
        raise faults.missing_parameter("LaunchTemplateSpecification")
    template, asked = find_template(tx, named, "launch a fleet"), named.get("Version")
    if asked is None:
        raise faults.missing_parameter("LaunchTemplateSpecification.Version")
    version = find_version(tx, template, asked)
    user_data = named.get("LaunchTemplateSpecificationUserData")
    data = over_template(version.data, {} if user_data is None else {"UserData": user_data})
    for item in config.get("Overrides") or [Request({})]:
        yield _pool(tx, version, data, item)


def _pool(tx: Transaction, version: LaunchTemplateVersion, data: Parameters, item: Request) -> Pool:
    override = item.raw()
    over = {name: override[name] for name in OF_LAUNCH if name in override}
    zones = ("AvailabilityZone", "AvailabilityZoneId")
    if place := {name: override[name] for name in zones if name in override}:
        over["Placement"] = over.get("Placement", {}) | place
    _accept(item)
    if (weight := override.get("WeightedCapacity", 1)) <= 0:
        raise faults.invalid(weight, "WeightedCapacity", "Value must be a positive number.")
    under = over_template(data, over)
    subnet = override.get("SubnetId")
    parameters = under if subnet is None else over_template(under, in_subnet(under, subnet))
    return Pool(version, override, parameters, _zone(tx, parameters))


def _accept(item: Request) -> None:
    """Take as read what a launch reads in its turn, and refuse the rest at once."""
    for name in OF_LAUNCH:
        if isinstance(inner := item.get(name), Request):
            inner.accept_all()
    for mapping in item.get("BlockDeviceMappings") or ():
        mapping.accept_all()
    item.accept("SubnetId", "AvailabilityZone", "AvailabilityZoneId", "WeightedCapacity", "Priority")
    refuse_wants(item, "CreateFleet")


def _zone(tx: Transaction, parameters: Parameters) -> str | None:
    """The zone that a pool's instances will be in, where its parameters say so."""
    listed = parameters.get("NetworkInterfaces") or [{}]
    subnet = tx.get(Subnet, listed[0].get("SubnetId") or parameters.get("SubnetId") or "")
    place = parameters.get("Placement", {})
    name = place.get("AvailabilityZone") or place.get("AvailabilityZoneId")
    found = regions.zone(tx.region, subnet.zone if subnet else name or "")
    return found.name if found else None


def ordered(pools: list[Pool], strategy: str) -> list[Pool]:
    """Pools in the order of an allocation strategy, and of the request where that says nothing.

    There are no prices here: a lower price is fewer vCPUs, then less memory, for a unit of capacity.
    """
    if strategy == "prioritized":
        return sorted(pools, key=lambda pool: pool.override.get("Priority", math.inf))
    return sorted(pools, key=_size)


def _size(pool: Pool) -> tuple[float, float]:
    kind = instance_types().get(pool.kind or "")
    if kind is None:
        return math.inf, math.inf
    return kind.vcpus / pool.weight, int(kind.row["memory_mib"]) / pool.weight
