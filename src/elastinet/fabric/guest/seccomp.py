"""The filter of a guest's system calls: compiled from `syscalls` to the kernel's classic filter language.

Every process of a guest has it, for they inherit it from the init or from the process that entered, which
load it while they still have power over the guest's user namespace: so it needs no promise to gain no
privileges, and programs in the guest may be setuid.
"""

import ctypes
import os
import struct
from collections.abc import Iterable, Sequence
from errno import EAFNOSUPPORT, ENOSYS, EPROTONOSUPPORT
from functools import cache
from typing import NamedTuple

from elastinet.fabric.guest.syscalls import (
    ARCHITECTURES,
    DENIED,
    FAMILIES,
    FOREIGN_BIT,
    NUMBERS,
    OPENING,
    PROTOCOL_OF_SMC,
)
from elastinet.fabric.kernel import kernel

LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
NUMBER_AT, ARCHITECTURE_AT, FAMILY_AT, PROTOCOL_AT = 0, 4, 16, 32
"""Offsets in struct seccomp_data; of an argument, that of the half that an int is in."""
ALLOW, ERROR = 0x7FFF0000, 0x00050000
SUPPORT = "/proc/sys/kernel/seccomp/actions_avail"


class Step(NamedTuple):
    """One instruction: a comparison skips some of the next, by whether it holds."""

    code: int
    value: int
    if_so: int = 0
    if_not: int = 0


def compiled(machine: str) -> list[Step]:
    """The filter of an architecture; raises KeyError where it is not known."""
    numbers = NUMBERS[machine]
    native = [Step(LOAD, ARCHITECTURE_AT), *_unless(ARCHITECTURES[machine], ENOSYS), Step(LOAD, NUMBER_AT)]
    if machine in FOREIGN_BIT:
        native += [Step(AT_LEAST, FOREIGN_BIT[machine], 0, 1), _error(ENOSYS)]
    protocol = [Step(LOAD, PROTOCOL_AT), *_all_of([PROTOCOL_OF_SMC], EPROTONOSUPPORT)]
    family = [Step(LOAD, FAMILY_AT), *_among(FAMILIES.values(), EAFNOSUPPORT)]
    for number in (numbers[name] for name in OPENING):
        native += _if(number, [*protocol, *family])
    for error in sorted(set(DENIED.values())):
        calls = [numbers[name] for name, given in DENIED.items() if given == error and name in numbers]
        native += _all_of(calls, error)
    return [*native, Step(RETURN, ALLOW)]


def _error(number: int) -> Step:
    return Step(RETURN, ERROR | number)


def _unless(value: int, error: int) -> list[Step]:
    """Go on with this value only."""
    return [Step(EQUAL, value, 1, 0), _error(error)]


def _if(value: int, then: Sequence[Step]) -> list[Step]:
    """Do something with this value only; it must not come back."""
    return [Step(EQUAL, value, 0, len(then)), *then]


def _among(values: Iterable[int], error: int) -> list[Step]:
    """The end for all: these values are allowed, and no others."""
    found = sorted(values)
    tests = [Step(EQUAL, value, len(found) - at, 0) for at, value in enumerate(found)]
    return [*tests, _error(error), Step(RETURN, ALLOW)]


def _all_of(values: Iterable[int], error: int) -> list[Step]:
    """Refuse all of these values."""
    found = sorted(values)
    tests = [Step(EQUAL, value, len(found) - at - 1, 0) for at, value in enumerate(found)]
    tests[-1] = tests[-1]._replace(if_not=1)
    return [*tests, _error(error)]


@cache
def fault() -> str | None:
    """The reason why guests have no filter of system calls here; None if they have one."""
    machine = os.uname().machine
    if machine not in NUMBERS:
        return f"the numbers of system calls are known for {' and '.join(NUMBERS)}, not for {machine}"
    if not os.path.exists(SUPPORT):
        return "guests' system calls are filtered by seccomp, which this kernel was built without"
    return None


@cache
def _program() -> bytes:
    steps = compiled(os.uname().machine)
    return b"".join(struct.pack("=HBBI", step.code, step.if_so, step.if_not, step.value) for step in steps)


def prepare() -> None:
    """Have all that `load` needs ready before a fork, which need not make it then."""
    if not fault():
        _program()


def load() -> None:
    """Have this process, and all that it becomes or starts, filtered for good, where that can be."""
    if fault():
        return
    program = _program()
    room = ctypes.create_string_buffer(program, len(program))
    kernel.filter_system_calls(struct.pack("HP", len(program) // 8, ctypes.addressof(room)))
