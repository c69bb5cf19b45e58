"""The hardware of a zone: how many of what hold one another, and how a host's place follows from its number.

EC2 documents layers of network nodes (facts sheet, section 10.3) and racks with power of their own; it
publishes no sizes. The sizes here are the operator's to set.
"""

from collections.abc import Callable
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from elastinet.digits import whole

Some = Annotated[int, Meta(ge=1)]
LAYERS = ("zone", "spine", "core", "node", "rack", "host")
"""Layers, outermost first: each contains the next. Those from spine to rack are the API's network nodes."""
MOST_HOSTS = 100_000
MOST_CARDS = 32
"""No instance type has more."""
MOST_FUNCTIONS = 256
"""The virtual functions of a card: a function's number on a PCI bus has eight bits."""


class Plant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sizes of one zone; every zone of every region has the same.

    `families` reserves hosts of a zone for instance families (family: hosts); the others serve the family
    of the first instance that they get, for as long as they have any. Without `cards_per_host` a host has as
    many network cards as its family's types.
    """

    spines: Some = 1
    cores_per_spine: Some = 2
    nodes_per_core: Some = 4
    racks_per_node: Some = 4
    hosts_per_rack: Some = 12
    cards_per_host: Annotated[int, Meta(ge=1, le=MOST_CARDS)] | None = None
    functions_per_card: Annotated[int, Meta(ge=1, le=MOST_FUNCTIONS)] = MOST_FUNCTIONS
    families: dict[str, Some] = {}

    @property
    def widths(self) -> tuple[int, int, int, int, int]:
        """The number of units of each layer, from spines to hosts, in one unit of the layer above."""
        return (self.spines, self.cores_per_spine, self.nodes_per_core, self.racks_per_node,
                self.hosts_per_rack)  # fmt: skip

    @property
    def racks(self) -> int:
        """The racks of a zone."""
        return self.spines * self.cores_per_spine * self.nodes_per_core * self.racks_per_node

    @property
    def hosts(self) -> int:
        """The hosts of a zone."""
        return self.racks * self.hosts_per_rack

    def fault(self, is_family: Callable[[str], bool]) -> str:
        """The fault of these sizes as a sentence; "" if they are valid."""
        if unknown := next((name for name in self.families if not is_family(name)), None):
            return f"there is no instance family {unknown}"
        if self.hosts > MOST_HOSTS:
            return f"{self.hosts} hosts a zone are more than {MOST_HOSTS}: lower hosts_per_rack"
        if sum(self.families.values()) > self.hosts:
            return f"a zone has {self.hosts} hosts, fewer than are reserved for families"
        return ""

    def spans(self) -> tuple[int, ...]:
        """The number of racks in a rack (1), a node, a core, a spine and the zone."""
        node, core = self.racks_per_node, self.racks_per_node * self.nodes_per_core
        spine = core * self.cores_per_spine
        return (1, node, core, spine, self.racks)


class Unit(NamedTuple):
    """One thing of the plant: a zone, a network node of a layer, a rack or a host, by its number there."""

    zone_id: str
    layer: str
    number: int

    def __str__(self) -> str:
        return self.zone_id if self.layer == "zone" else f"{self.zone_id}-{self.layer}-{self.number}"


def read_unit(text: str) -> Unit | None:
    """The unit of this name; None if no unit could be called so."""
    head, _, number = text.rpartition("-")
    zone_id, _, layer = head.rpartition("-")
    if layer in LAYERS[1:] and (of_layer := whole(number, 0, MOST_HOSTS)) is not None:
        return Unit(zone_id, layer, of_layer)
    return Unit(text, "zone", 0) if "-az" in text else None


def hosts_of(unit: Unit, plant: Plant) -> range:
    """The numbers of the hosts that a unit holds; empty where there is no such unit."""
    if unit.layer == "host":
        return range(unit.number, unit.number + 1) if unit.number < plant.hosts else range(0)
    span = dict(zip(("rack", "node", "core", "spine", "zone"), plant.spans(), strict=True))[unit.layer]
    first = unit.number * span
    return (
        range(first * plant.hosts_per_rack, (first + span) * plant.hosts_per_rack)
        if first < plant.racks
        else range(0)
    )


def place_of(host: int, plant: Plant) -> dict[str, int]:
    """The numbers of the spine, core, node and rack that hold a host."""
    rack = host // plant.hosts_per_rack
    layers = ("rack", "node", "core", "spine")
    return {layer: rack // span for layer, span in zip(layers, plant.spans(), strict=False)}
