"""Network device of an instance: a vif mediated by the hypervisor, or a function of a network card (SR-IOV).

The type and two attributes decide it (facts sheet, section 7). A type that can have a device whose attribute
is off has the mediated one.
"""

from typing import Literal, NamedTuple

from elastinet.catalog.instance_types import InstanceType, instance_types
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.rules.efa.efa import is_efa

Driver = Literal["vif", "ixgbevf", "ena", "efa"]
"""As `ethtool -i` calls it: the mediated device, Intel's 82599 VF, ENA, EFA."""
PassedFunction = Literal["none", "virtual", "physical"]
"""The part of a network card that the instance has: none, a virtual function, or the whole card."""

INTEL_82599 = ("c3", "c4", "d2", "i2", "m4", "r3")
"""The families that have Intel's 82599 VF, but for m4.16xlarge, which supports ENA."""


class Device(NamedTuple):
    """A network device as an instance has it."""

    driver: Driver
    function: PassedFunction

    @property
    def mediated(self) -> bool:
        """True if every packet passes through the hypervisor."""
        return self.function == "none"


MEDIATED = Device("vif", "none")


def driver_of(kind: InstanceType, *, ena_support: bool, sriov_net_support: str | None) -> Driver:
    """The driver of the interfaces of a type, with these two attributes."""
    support = kind.row["ena_support"]
    if support == "required" or (support == "supported" and ena_support):
        return "ena"
    return "ixgbevf" if has_82599(kind) and sriov_net_support == "simple" else "vif"


def has_82599(kind: InstanceType) -> bool:
    """True if the type supports Intel's 82599 VF."""
    return kind.row["ena_support"] == "unsupported" and kind.name.partition(".")[0] in INTEL_82599


def device_of(kind: InstanceType, *, ena_support: bool, sriov_net_support: str | None) -> Device:
    """The device of a type with these two attributes; bare metal has whole cards."""
    driver = driver_of(kind, ena_support=ena_support, sriov_net_support=sriov_net_support)
    if driver == "vif":
        return MEDIATED
    return Device(driver, "physical" if kind.flag("bare_metal") else "virtual")


def device(instance: Instance) -> Device:
    """The device that the interfaces of an instance have."""
    return device_of(
        instance_types()[instance.instance_type],
        ena_support=instance.ena_support,
        sriov_net_support=instance.sriov_net_support,
    )


def driver(instance: Instance, interface: NetworkInterface) -> Driver:
    """The driver of one of an instance's interfaces: that of its device, or EFA's."""
    return "efa" if is_efa(interface) else device(instance).driver
