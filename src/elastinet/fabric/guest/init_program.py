"""The program that a plain instance's first process is: some 300 bytes, of no library, one page of memory.

Its signals are blocked before it begins, so that the kernel keeps them: those that nobody waits for would
not reach a first process. It waits for the ones that mean the end of the boot (`initctl` says which). At the
first it sends all others SIGTERM and SIGCONT, and tells the agent of it. When the last has ended, so does
it. Its exit code is the signal, and 64 more if that came from inside. The kernel reaps for it.

The agent sees to everything else: how long programs have, and what becomes of the instance.
"""

import os
import signal
import struct
from functools import cache
from typing import NamedTuple

from elastinet.fabric.guest import initctl

PATH = "/dev/.boot/init"
BASE = 0x400000
"""Where it lies in memory, as programs do that are linked to one place."""
ELF_HEADER, SEGMENT = struct.Struct("<16sHHIQQQIHHHHHH"), struct.Struct("<IIQQQQQQ")
DATA = struct.Struct("<QQQ")
"""The signals, and the pause between two looks in seconds and nanoseconds."""
PAUSE_NANOSECONDS = 10_000_000


class Architecture(NamedTuple):
    """An architecture's number in ELF, and the instructions, behind which the data comes at once."""

    number: int
    code: bytes


X86_64 = """
4881ec80010000                                              sub  rsp, 384        # room for a report
c7042469190903 c744240440000000                             mov  [rsp], MAGIC; mov [rsp+4], REPORT
b880000000 488d3d86000000 488d742408 31d2 41ba08000000 0f05 wait: rt_sigtimedwait(mask, rsp+8, NULL, 8)
85c0 7ee1 89c3                                              test eax, eax; jle wait; mov ebx, eax
b83e000000 48c7c7ffffffff be0f000000 0f05                   kill(-1, SIGTERM)
b83e000000 be12000000 0f05                                  kill(-1, SIGCONT)
b801000000 bf03000000 4889e6 ba80010000 0f05                write(3, rsp, 384)
48c7c7ffffffff                                              mov  rdi, -1
b83e000000 31f6 0f05                                        look: kill(-1, 0)
85c0 7812                                                   test eax, eax; js out  # nobody is left
57 b823000000 488d3d25000000 0f05 5f ebe1                   nanosleep(pause, 0); jmp look
837c241800 7403 83cb40                                      out: if [rsp+24]: or ebx, 64  # si_pid
89df b8e7000000 0f05 0f1f440000                                 exit_group(ebx)
"""
AARCH64 = """
ff0306d1                                                    sub  sp, sp, 384     # room for a report
292d8352 2961a072 0a088052 e92b0029                         stp  MAGIC, REPORT, [sp]
281180d2 80040010 e1230091 020080d2 030180d2 010000d4       wait: rt_sigtimedwait(mask, sp+8, NULL, 8)
1f000071 2dffff54 f303002a                                  cmp  w0, 0; b.le wait; mov w19, w0
281080d2 00008092 e10180d2 010000d4                         kill(-1, SIGTERM)
00008092 410280d2 010000d4                                  kill(-1, SIGCONT)
080880d2 600080d2 e1030091 023080d2 010000d4                write(3, sp, 384)
281080d2 00008092 010080d2 010000d4                         look: kill(-1, 0)
1f000071 ab000054                                           cmp  w0, 0; b.lt out  # nobody is left
a80c80d2 60010010 010000d4 f7ffff17                         nanosleep(pause, 0); b look
e91b40b9 49000034 73021a32                                  out: if [sp+24]: orr w19, w19, 64  # si_pid
e003132a c80b80d2 010000d4                                  exit_group(w19)
"""


def _code(listing: str) -> bytes:
    """The instructions of a listing, which ends each line with what they do."""
    return b"".join(bytes.fromhex(line.partition("  ")[0]) for line in _lines(listing))


def _lines(listing: str) -> list[str]:
    return [line[:60].rstrip() + "  " for line in listing.strip().splitlines()]


ARCHITECTURES = {"x86_64": Architecture(62, _code(X86_64)), "aarch64": Architecture(183, _code(AARCH64))}


MACHINE = os.uname().machine


def exists(machine: str = MACHINE) -> bool:
    """True if there is a program for this architecture: elsewhere the first process is deaf."""
    return machine in ARCHITECTURES


@cache
def program(machine: str = MACHINE) -> bytes:
    """The program as a file; raises KeyError where there is none."""
    number, code = ARCHITECTURES[machine]
    mask = sum(1 << wanted - 1 for wanted in initctl.SIGNALS)
    body = code + DATA.pack(mask, 0, PAUSE_NANOSECONDS)
    start = ELF_HEADER.size + SEGMENT.size
    ident = b"\x7fELF\x02\x01\x01"  # 64 bits, little-endian
    sizes = (ELF_HEADER.size, SEGMENT.size, 1, 0, 0, 0)
    header = ELF_HEADER.pack(ident, 2, number, 1, BASE + start, ELF_HEADER.size, 0, 0, *sizes)
    size = start + len(body)
    return header + SEGMENT.pack(1, 5, 0, BASE, BASE, size, size, 1 << 16) + body


def put() -> None:
    """Put the program into a guest's /dev, if there is one; runs in the guest's root, before all others."""
    if not exists():
        return
    os.makedirs(os.path.dirname(PATH), exist_ok=True)
    fd = os.open(PATH, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o555)
    try:
        os.write(fd, program())
    finally:
        os.close(fd)


def block_signals() -> None:
    """Have the kernel keep the signals that the program is going to wait for."""
    signal.pthread_sigmask(signal.SIG_SETMASK, initctl.SIGNALS)
