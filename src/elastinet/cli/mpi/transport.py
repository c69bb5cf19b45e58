"""Open MPI's parameters: how it finds the instances, and what its messages go by."""

from collections.abc import Mapping, Sequence
from typing import Literal

from elastinet.cli.common import CommandFailure, say_error
from elastinet.cli.mpi.flavour import Flavour

Wanted = Literal["auto", "efa", "tcp"]
Transport = Literal["efa", "tcp"]

LAUNCH = {"oob": "tcp", "oob_tcp_disable_ipv6_family": "1"}
RANKS = {
    "osc": "^ucx",  # it would look for ways of its own
    "mpi_yield_when_idle": "1",  # instances share this machine's processors
}
MESSAGES: Mapping[Transport, Mapping[str, str]] = {
    # Open MPI's other way to libfabric, mtl, asks for providers that say to reach other hosts, and shm does
    # not say so. Made to (by a library before libfabric) it is faster, but eight ranks hang.
    "efa": {"pml": "ob1", "btl": "ofi,self", "btl_ofi_mode": "2", "opal_common_ofi_provider_include": "shm"},
    "tcp": {"pml": "ob1", "btl_tcp_disable_family": "6"},
}
PRIMARY = "eth0"
"""The primary interface by its device: of addresses, Open MPI takes no fewer than two, a /31."""


def chosen(flavour: Flavour, wanted: Wanted, without_efa: Sequence[str]) -> Transport:
    """What messages go by; raises CommandFailure where EFA is insisted on and a pair may not use it."""
    if wanted == "tcp":
        return "tcp"
    refused = f"EFA is not for {without_efa[0]}" if without_efa else ""
    if wanted == "efa" and refused:
        raise CommandFailure(refused, 2)
    why = refused or flavour.efa_fault
    if wanted == "efa" or not why:
        return "efa"
    say_error(f"over TCP, for {why}")
    return "tcp"


def launching(flavour: Flavour, folder: str) -> dict[str, str]:
    """The parameters of Open MPI's daemons, which listen on the primary interface only."""
    own = {flavour.agent: f"/bin/sh {folder}/rsh", flavour.folder: folder, flavour.interface: PRIMARY}
    return {**LAUNCH, **flavour.launch, **own}


def messages(flavour: Flavour, transport: Transport, folder: str, ports: tuple[int, int]) -> dict[str, str]:
    """The parameters of ranks: all that listens has one of the ports, on the primary interface."""
    low, high = ports
    own = {}
    if transport == "tcp":
        own = {
            "btl": f"tcp,{flavour.memory},self",
            "btl_tcp_if_include": PRIMARY,
            "btl_tcp_port_min_v4": str(low),
            "btl_tcp_port_range_v4": str(high - low + 1),
            "btl_tcp_port_min_v6": str(low),  # nobody connects to them, but some Open MPIs listen there
            "btl_tcp_port_range_v6": str(high - low + 1),
            f"btl_{flavour.memory}_backing_directory": folder,
        }
    return {**RANKS, **MESSAGES[transport], **own}
