"""The device that follows from a type and two attributes, for every type that there is."""

from collections import defaultdict

import pytest

from elastinet.catalog.instance_types import instance_types
from elastinet.rules.devices import device_of, driver_of

KINDS = instance_types()
INTEL = {"c3", "c4", "d2", "i2", "m4", "r3"}
MEDIATED = {"t1", "t2", "m1", "m2", "m3", "c1"}


def drivers(*, ena: bool, sriov: str | None) -> dict[str, set[str]]:
    """The families whose types have each driver."""
    found: dict[str, set[str]] = defaultdict(set)
    for kind in KINDS.values():
        if kind.name != "m4.16xlarge":
            driver = driver_of(kind, ena_support=ena, sriov_net_support=sriov)
            found[driver].add(kind.name.partition(".")[0])
    return found


def test_with_both_attributes() -> None:
    found = drivers(ena=True, sriov="simple")
    assert (found["ixgbevf"], found["vif"]) == (INTEL, MEDIATED)
    assert len(found["ena"]) > 100


def test_without_either() -> None:
    found = drivers(ena=False, sriov=None)
    assert found["vif"] == INTEL | MEDIATED | {"h1", "i3", "r4", "x1", "x1e"}
    assert not found["ixgbevf"]
    assert all(kind.nitro for kind in KINDS.values() if kind.name.partition(".")[0] in found["ena"])


@pytest.mark.parametrize(
    ("name", "ena", "sriov", "device"),
    [
        ("m4.16xlarge", True, "simple", ("ena", "virtual")),
        ("m4.16xlarge", False, "simple", ("vif", "none")),
        ("m4.10xlarge", True, "simple", ("ixgbevf", "virtual")),
        ("m4.10xlarge", True, None, ("vif", "none")),
        ("c5.large", True, None, ("ena", "virtual")),
        ("c5.metal", True, "simple", ("ena", "physical")),
        ("t2.micro", True, "simple", ("vif", "none")),
    ],
)
def test_device(name: str, ena: bool, sriov: str | None, device: tuple[str, str]) -> None:
    assert device_of(KINDS[name], ena_support=ena, sriov_net_support=sriov) == device
