"""Open MPI's parameters: how it finds the instances, and what its messages go by."""

from collections.abc import Mapping, Sequence
from typing import Literal

from elastinet.cli.common import CommandFailure, say_error

Wanted = Literal["auto", "efa", "tcp"]
Transport = Literal["efa", "tcp"]

LAUNCH = {
    "plm": "rsh",
    "plm_rsh_no_tree_spawn": "1",
    "orte_leave_session_attached": "1",
    "oob": "tcp",
    "oob_tcp_disable_ipv6_family": "1",
    "osc": "^ucx",  # it would look for ways of its own
    "mpi_yield_when_idle": "1",  # and share them, also with all else on this machine
    "hwloc_base_binding_policy": "none",  # instances do not know of each other's processors
}
MESSAGES: Mapping[Transport, Mapping[str, str]] = {
    # Open MPI's other way to libfabric, mtl, asks for providers that say to reach other hosts, and shm does
    # not say so. Made to (by a library before libfabric) it is faster, but eight ranks hang.
    "efa": {"pml": "ob1", "btl": "ofi,self", "btl_ofi_mode": "2", "opal_common_ofi_provider_include": "shm"},
    "tcp": {"pml": "ob1", "btl": "tcp,vader,self", "btl_tcp_disable_family": "6"},
}
PRIMARY = "eth0"
"""The primary interface by its device: of addresses, Open MPI takes no fewer than two, a /31."""


def chosen(wanted: Wanted, without_efa: Sequence[str]) -> Transport:
    """The transport for messages; raises CommandFailure if EFA is wanted and a pair may not use it."""
    if wanted == "tcp" or not without_efa:
        return "tcp" if wanted == "tcp" else "efa"
    if wanted == "efa":
        raise CommandFailure(f"EFA is not for {without_efa[0]}", 2)
    say_error(f"over TCP, for EFA is not for {without_efa[0]}")
    return "tcp"


def parameters(transport: Transport, folder: str, ports: tuple[int, int]) -> dict[str, str]:
    """Open MPI's parameters: all that listens has one of the ports, on the primary interface."""
    low, high = ports
    own = {
        "plm_rsh_agent": f"/bin/sh {folder}/rsh",
        "orte_tmpdir_base": folder,
        "oob_tcp_if_include": PRIMARY,
    }
    if transport == "tcp":
        own |= {
            "btl_tcp_if_include": PRIMARY,
            "btl_tcp_port_min_v4": str(low),
            "btl_tcp_port_range_v4": str(high - low + 1),
            "btl_vader_backing_directory": folder,
        }
    return {**LAUNCH, **MESSAGES[transport], **own}
