"""The limits of the desired network: bits as this machine plays them, packets as EC2 counts them."""

from typing import Any

import pytest
from msgspec.structs import replace

from elastinet.fabric.contract.keys import Key
from elastinet.fabric.desired.desired import build
from elastinet.rules.allowances import Allowance, AllowanceUnit
from small_region import Region


@pytest.mark.parametrize("scale", [1.0, 0.1])
def test_bits_are_scaled_and_packets_are_not(scale: float) -> None:
    region = Region()
    vpc = region.vpc("10.0.0.0/16")
    instance = region.instance(region.launch(region.subnet(vpc, "10.0.1.0/24"), "c5.large"))
    settings = replace(region.settings, bandwidth_scale=scale)
    limits: Any = build(region.state, Key("bandwidth", instance.id), settings)
    assert limits.allowance == Allowance(
        round(750e6 * scale), round(10e9 * scale), round((10e9 - 750e6) * 600 * scale)
    )
    network: Any = build(region.state, Key("network", vpc), settings)
    assert network.link_local == Allowance(1024, 1024, 0, AllowanceUnit.PACKETS)


OPTIONS = {"CpuOptions": {"CoreCount": 2, "ThreadsPerCore": 1}}


@pytest.mark.parametrize(("more", "limits", "cpus"), [({}, True, 8), (OPTIONS, True, 2), ({}, False, 0)])
def test_processors_are_those_of_the_type_if_asked_for(more: Any, limits: bool, cpus: int) -> None:
    """Or of the launch's CPU options."""
    region = Region()
    vpc = region.vpc("10.0.0.0/16")
    made = region.instance(region.launch(region.subnet(vpc, "10.0.1.0/24"), "c5.2xlarge", **more))
    guest: Any = build(region.state, Key("guest", made.id), replace(region.settings, limits=limits))
    assert guest.cpus == cpus
