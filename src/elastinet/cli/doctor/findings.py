"""What the doctor finds: by the checks of `start`, by an agent that says what it lacks, and by programs."""

import os
import resource
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from elastinet import folders
from elastinet.catalog.network import JUMBO_MTU
from elastinet.cli.dpdk import driver
from elastinet.fabric.agent import descriptors, launch, permission, trial
from elastinet.fabric.contract.messages import Hello
from elastinet.fabric.guest import ids
from elastinet.fabric.kernel import features
from elastinet.operator.features import FEATURES, engine_fault
from elastinet.serve import places

NEEDED = (*features.PROGRAMS, "nftables", "overlay", "namespaces")
TOOLS = {
    "ip": "addresses and routes, in instances",
    "ping": "in instances",
    "curl": "the metadata service, in instances",
    "ethtool": "an interface's driver and counters, in instances",
    "iperf3": "elastinet perf, mpirun's measurements",
    "mptcpize": "elastinet perf --mptcp",
    "tayga": "NAT gateways that translate IPv6 to IPv4",
    "slirp4netns": "a way out for instances, by start --outside",
    "dpdk-testpmd": "DPDK's own programs, for elastinet dpdk",
    "fi_info": "libfabric, for what goes past the kernel by EFA",
    "mpirun.openmpi": "elastinet mpirun",
    "mpicc.openmpi": "elastinet mpirun --bench",
    "gcc": "elastinet mpirun --bench",
    "ssh": "elastinet ssh",
    "mmdebstrap": "elastinet image build",
    "zstd": "images that are packed by it",
}
FEW_INSTANCES = 100


class Finding(NamedTuple):
    """One thing and how it is here; `program` is what lacks, if it is one that a package has."""

    name: str
    state: Literal["ok", "missing", "limited", "untried"]
    why: str
    program: str = ""


def find() -> list[Finding]:
    """All that this machine has, or lacks, for the kernel fabric and for what runs on it."""
    lacking = launch.check()
    found = [*_needed(lacking)]
    hello = None
    if not lacking:
        hello, fault = _tried()
        found.append(Finding("agent", *(("missing", fault) if fault else ("ok", "starts here"))))
    return [*found, *_abilities(hello), *_limits(hello), *_tools()]


def can_run(found: list[Finding]) -> bool:
    """True if nothing is missing that the kernel fabric cannot do without."""
    return all(one.state != "missing" for one in found)


def _needed(lacking: dict[str, str]) -> Iterator[Finding]:
    """What `start` asks for."""
    for name in dict.fromkeys((*NEEDED, *lacking)):
        if name in lacking:
            yield Finding(name, "missing", lacking[name], name)
        elif name == "namespaces" and "unshare" in lacking:
            yield Finding(name, "untried", "there is no unshare to try them with")
        else:
            yield Finding(name, "ok", "needed for packets")


def _tried() -> tuple[Hello | None, str]:
    """What an agent says that is started for it, or why there is none; nothing of it is left."""
    try:
        above = folders.secure(places.runtime_folders())
        folder = Path(tempfile.mkdtemp(prefix="doctor-", dir=above))
        try:
            return trial.hello(folder), ""
        finally:
            places.remove(folder)
    except OSError as error:
        return None, str(error)


def _abilities(hello: Hello | None) -> Iterator[Finding]:
    """What features need, as `status` tells it, with the features that have it."""
    lacking = (hello.features if hello else {}) | ({} if ids.engine() else engine_fault())
    for need in dict.fromkeys(one.needs for one in FEATURES if one.needs):
        served = "; ".join(one.name for one in FEATURES if one.needs == need)
        if need in lacking:
            yield Finding(need, "limited", lacking[need])
        else:
            yield Finding(need, "ok" if hello else "untried", served)


def _limits(hello: Hello | None) -> Iterator[Finding]:
    """What this user may have of the machine."""
    yield _files()
    if hello:
        yield _locked(hello.lockable_bytes)
    if os.geteuid() != 0:
        yield _lent()


def _files() -> Finding:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = descriptors.MOST if most == resource.RLIM_INFINITY else min(most, descriptors.MOST)
    room = (most - descriptors.RESERVE) // descriptors.FOR_A_GUEST
    if room < FEW_INSTANCES:
        why = f"{most} descriptors are enough for {max(room, 0)} instances: raise `ulimit -Hn`"
        return Finding("open files", "limited", why)
    return Finding("open files", "ok", f"{most:,}, enough for {room:,} instances")


def _locked(lockable_bytes: int | None) -> Finding:
    """Memory that a program may lock, which DPDK's do."""
    try:
        driver.ring_frames(JUMBO_MTU, 1, lockable_bytes)
    except ValueError as error:
        return Finding("locked memory", "limited", str(error))
    return Finding("locked memory", "ok", "enough for elastinet dpdk")


def _lent() -> Finding:
    """Further ids of an ordinary user's, by newuidmap and /etc/subuid."""
    if launch.has_lent_ids():
        return Finding("subuid", "ok", "further users in instances without root")
    if permission.is_container():
        why = "instances have root as their only user: let this container have SETUID, SETGID, new privileges"
        return Finding("subuid", "limited", why)
    if features.find("newuidmap") is None:
        why = "instances have root as their only user: newuidmap is not installed"
        return Finding("subuid", "limited", why, "newuidmap")
    ranges = "--add-subuids 100000-165535 --add-subgids 100000-165535"
    why = f"instances have root as their only user: run `usermod {ranges} USER` as root"
    return Finding("subuid", "limited", why)


def _tools() -> Iterator[Finding]:
    """Programs that some verbs and users of instances run."""
    for program, use in TOOLS.items():
        if features.find(program):
            yield Finding(program, "ok", use)
        else:
            yield Finding(program, "limited", f"not installed: {use}", program)
    yield _ssh_server()


def _ssh_server() -> Finding:
    """The server that instances run; nothing here installs it: its package starts one of the machine's."""
    if features.find("sshd"):
        return Finding("sshd", "ok", "elastinet ssh, in instances")
    why = (
        "not installed: elastinet ssh; the package openssh-server has it, and may start one for this machine"
    )
    return Finding("sshd", "limited", why)
