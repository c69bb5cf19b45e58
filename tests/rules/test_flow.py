"""The cap of one flow, by where two instances are."""

from typing import Any

import pytest

from elastinet.catalog.settings import Settings
from elastinet.model.instance import Instance
from elastinet.model.placement import PlacementGroup
from elastinet.model.state import State
from elastinet.rules.performance import flow_bps

ALL: dict[str, Any] = {"owner": "1", "region": "us-east-1"}
GIGA = 10**9


def instance(kind: str, group: str | None = None, **more: Any) -> Instance:
    where = {"vpc_id": "vpc-1", "subnet_id": "subnet-1", "zone": "us-east-1a", "private_ip": "10.0.0.4"}
    start = {
        "reservation_id": "r-1",
        "launch_index": 0,
        "image_id": "ami-1",
        "state": "running",
        "launch_time": 0.0,
    }
    return Instance(id="i-1", instance_type=kind, placement_group=group, **where, **start, **ALL, **more)  # type: ignore[arg-type]


def state() -> State:
    made = State()
    for id, strategy in (("pg-1", "cluster"), ("pg-2", "cluster"), ("pg-3", "spread")):
        made.replace(PlacementGroup, id, PlacementGroup(id=id, group_name=id, strategy=strategy, **ALL))  # type: ignore[arg-type]
    return made


@pytest.mark.parametrize(
    ("one", "other", "rules", "express", "expected"),
    [
        (("c5n.18xlarge", None), ("c5n.18xlarge", None), "classic", False, 5),
        (("c5n.18xlarge", "pg-1"), ("c5n.18xlarge", "pg-1"), "classic", False, 10),
        (("c5n.18xlarge", "pg-1"), ("c5n.18xlarge", "pg-2"), "classic", False, 5),
        (("c5n.18xlarge", "pg-3"), ("c5n.18xlarge", "pg-3"), "classic", False, 5),
        (("c5n.18xlarge", "pg-1"), ("c5n.18xlarge", None), "classic", False, 5),
        (("c6in.32xlarge", None), ("c6in.32xlarge", None), "2026", True, 25),
        (("c6in.32xlarge", "pg-1"), ("c6in.32xlarge", "pg-1"), "2026", True, 25),
        (("c6in.32xlarge", None), ("c6in.32xlarge", None), "classic", True, 5),
        (("m6i.8xlarge", None), ("c6in.32xlarge", None), "2026", True, 12.5),
        (("t2.micro", None), ("c5n.18xlarge", None), "classic", False, 1.024),
    ],
)
def test_flow(
    one: tuple[str, str | None], other: tuple[str, str | None], rules: Any, express: bool, expected: float
) -> None:
    found = flow_bps(state(), Settings(rules=rules), instance(*one), instance(*other), express=express)
    assert found == expected * GIGA


def test_a_cluster_group_helps_enhanced_networking_only() -> None:
    enhanced, mediated = instance("m4.16xlarge", "pg-1"), instance("m4.16xlarge", "pg-1", ena_support=False)
    assert flow_bps(state(), Settings(), enhanced, enhanced, express=False) == 10 * GIGA
    assert flow_bps(state(), Settings(), enhanced, mediated, express=False) == 5 * GIGA
