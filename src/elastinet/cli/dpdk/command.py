"""The command that runs in the instance: the program, EAL's options, and behind a `--` the program's own."""

from collections.abc import Sequence
from typing import NamedTuple

from elastinet.cli.dpdk import driver, eal

SHORT = {"testpmd": "dpdk-testpmd"}
TESTPMD = "dpdk-testpmd"
TESTPMD_BUFFERS = 8192
PACKAGE = "dpdk-dev"
"""Debian's package of DPDK's own programs and all of its drivers."""


class ProgramArguments(NamedTuple):
    """A program as the user has written it; None where there is no `--` before its own arguments."""

    program: str
    eal: list[str]
    own: list[str] | None


def asked(words: Sequence[str]) -> ProgramArguments:
    """Take a user's words apart."""
    program, *rest = words
    program = SHORT.get(program, program)
    if "--" not in rest:
        return ProgramArguments(program, rest, None)
    at = rest.index("--")
    return ProgramArguments(program, rest[:at], rest[at + 1 :])


def largest_packet(program: ProgramArguments, mtu: int | None) -> int:
    """The MTU of the program's ports, if none is asked for: of testpmd we know that it has the buffers."""
    if mtu is not None:
        return mtu
    return driver.LARGEST_MTU if _has_our_buffers(program) else driver.USUAL_MTU


def line(
    program: ProgramArguments, links: Sequence[str], mtu: int, cores: str, lockable_bytes: int | None
) -> list[str]:
    """The whole command; raises ValueError."""
    devices = driver.devices(links, mtu, lockable_bytes)
    prefix = "-".join(("elastinet", *links))
    words = [program.program, *eal.options(devices, cores, prefix, program.eal)]
    own = [*_of_testpmd(program, mtu), *(program.own or [])]
    return [*words, "--", *own] if own or program.own is not None else words


def _has_our_buffers(program: ProgramArguments) -> bool:
    return program.program == TESTPMD and not _sets_buffers(program)


def _sets_buffers(program: ProgramArguments) -> bool:
    return any(word.startswith("--mbuf-size") for word in program.own or [])


def _of_testpmd(program: ProgramArguments, mtu: int) -> list[str]:
    """Options for testpmd, which else wants more memory than there is and has small buffers."""
    if program.program != TESTPMD:
        return []
    ours = ["--no-mlockall", f"--total-num-mbufs={TESTPMD_BUFFERS}"]
    return ours if _sets_buffers(program) else [*ours, f"--mbuf-size={driver.buffer_bytes(mtu)}"]
