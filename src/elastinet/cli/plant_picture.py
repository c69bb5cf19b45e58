"""A zone's racks as a picture: a column for each, a box for each host, coloured by what is on it."""

from typing import Any
from xml.sax.saxutils import escape

BOX, GAP, HEAD, COLUMNS = 14, 4, 40, 32
FREE, USED, DOWN = "#e8edf2", "#3b7dd8", "#c0392b"


def picture(told: dict[str, Any]) -> str:
    """The picture as SVG."""
    hosts = {host["host"]: host for rack in told["used"] for host in rack["hosts"]}
    height = told["hosts_per_rack"] * (BOX + GAP) + HEAD
    rows = -(-told["racks"] // COLUMNS)
    width = min(told["racks"], COLUMNS) * (BOX + GAP) + GAP
    boxes = [
        _box(told, hosts, rack, place, height) for rack in range(told["racks"])
        for place in range(told["hosts_per_rack"])
    ]  # fmt: skip
    title = escape(f"{told['zone']} ({told['zone_id']})")
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{max(width, 240)}" height="{rows * height}" '
            'font-family="sans-serif" font-size="12">',
            f'<text x="{GAP}" y="20">{title}: a column is a rack, a box a host</text>',
            *boxes,
            "</svg>",
            "",
        ]
    )


def _box(told: dict[str, Any], hosts: dict[str, Any], rack: int, place: int, height: int) -> str:
    name = f"{told['zone_id']}-host-{rack * told['hosts_per_rack'] + place}"
    host = hosts.get(name)
    x = GAP + rack % COLUMNS * (BOX + GAP)
    y = HEAD - GAP + rack // COLUMNS * height + place * (BOX + GAP)
    colour = DOWN if host and host["down"] else USED if host and host["instances"] else FREE
    inside = ", ".join(one["id"] for one in host["instances"]) if host else "empty"
    tip = escape(f"{name} on {told['zone_id']}-rack-{rack}: {inside}")
    return f'<rect x="{x}" y="{y}" width="{BOX}" height="{BOX}" fill="{colour}"><title>{tip}</title></rect>'
