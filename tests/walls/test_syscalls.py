"""What programs of a guest ask the kernel for: the filter as a function, and each refused call really tried."""

import os
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Sequence
from errno import EAFNOSUPPORT, ENOSYS, EPROTONOSUPPORT
from pathlib import Path

import pytest

from elastinet.fabric.guest import seccomp
from elastinet.fabric.guest.seccomp import ALLOW, AT_LEAST, EQUAL, ERROR, LOAD, RETURN, Step, compiled
from elastinet.fabric.guest.syscalls import ARCHITECTURES, DENIED, FAMILIES, NUMBERS, OPENING
from machine import Machine
from parts import ALL, eni, group, guest, network, table

MACHINES = sorted(NUMBERS)
SEEN = {
    "x86_64": "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
    "aarch64": "/usr/include/asm-generic/unistd.h",
}
X32, I386, ARM = 0x40000000, 0x40000003, 0x40000028
needs_filter = pytest.mark.skipif(bool(seccomp.fault()), reason=str(seccomp.fault()))


def answer(program: Sequence[Step], number: int, architecture: int, *arguments: int) -> int:
    """Walk a filter as the kernel does."""
    data = struct.pack("=iIQ6Q", number, architecture, 0, *arguments, *[0] * (6 - len(arguments)))
    accumulator, at = 0, 0
    while True:
        code, value, if_so, if_not = program[at]
        at += 1
        if code == RETURN:
            return value
        if code == LOAD:
            (accumulator,) = struct.unpack_from("=I", data, value)
        else:
            holds = {EQUAL: accumulator == value, AT_LEAST: accumulator >= value}[code]
            at += if_so if holds else if_not


@pytest.mark.parametrize("machine", MACHINES)
def test_the_filter_is_the_table(machine: str) -> None:
    program, names = compiled(machine), {number: name for name, number in NUMBERS[machine].items()}
    assert len(names) == len(NUMBERS[machine])
    for number in range(601):
        name = names.get(number, "")
        wanted = ERROR | DENIED[name] if name in DENIED else ALLOW
        if name not in OPENING:
            assert answer(program, number, ARCHITECTURES[machine], 40) == wanted, (number, name)


@pytest.mark.parametrize("machine", MACHINES)
def test_only_divided_families_have_sockets(machine: str) -> None:
    """An int: what stands above it the kernel does not read either."""
    program = compiled(machine)
    for name in OPENING:
        for family in (*range(64), 0xFFFFFFFF):
            for above in (0, 1 << 32, 0xFFFFFFFF << 32):
                asked = NUMBERS[machine][name], ARCHITECTURES[machine], above | family, 1
                given = answer(program, *asked, above | 132)
                assert given == (ALLOW if family in FAMILIES.values() else ERROR | EAFNOSUPPORT), asked
                assert answer(program, *asked, above | 256) == ERROR | EPROTONOSUPPORT


@pytest.mark.parametrize("machine", MACHINES)
def test_no_other_entry_leads_past_it(machine: str) -> None:
    program = compiled(machine)
    for other in (I386, ARM, 0xC0000015, 0, *(a for m, a in ARCHITECTURES.items() if m != machine)):
        for number in range(601):
            assert answer(program, number, other, 2) == ERROR | ENOSYS
    for number in range(601) if machine == "x86_64" else ():
        assert answer(program, X32 | number, ARCHITECTURES[machine], 2) == ERROR | ENOSYS


@pytest.mark.parametrize("machine", MACHINES)
def test_every_refused_call_has_its_number(machine: str) -> None:
    """By the kernel's own header, where it is installed."""
    header = Path(SEEN[machine])
    if not header.exists():
        pytest.skip(f"no {header}")
    text = header.read_text()
    there = {name: int(n) for name, n in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)\b", text)}
    for name in (*DENIED, *OPENING):
        if name in there or name in NUMBERS[machine]:
            assert NUMBERS[machine].get(name) == there.get(name), name


@pytest.mark.skipif(not shutil.which("setarch"), reason="no setarch")
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="other machines play other ones")
def test_a_machine_without_a_table_says_that_it_has_no_filter() -> None:
    text = "from elastinet.fabric.guest import seccomp; print(seccomp.fault()); seccomp.load()"
    command = ["setarch", "i686", sys.executable, "-c", text]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said == "the numbers of system calls are known for x86_64 and aarch64, not for i686\n"


# --- really tried -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def up(running: Machine) -> Machine:
    user_data = "#!/bin/sh\ncp /proc/self/status /run/user-data; exec python3 -c 'import socket; socket.socket(40, 1)'"
    running.boot(network(), table(), group(ALL), guest(1, user_data=user_data), eni(1, "10.0.1.10"))
    return running


def python(up: Machine, text: str) -> str:
    return up.ok(
        "i-1",
        f"exec python3 - <<'END'\nimport ctypes, os, errno, socket\nlibc = ctypes.CDLL(None, use_errno=True)\n{text}\nEND",
    )


@needs_filter
def test_each_refused_call_is_refused(up: Machine) -> None:
    numbers = {name: NUMBERS[os.uname().machine].get(name) for name in DENIED}
    calls = {name: number for name, number in numbers.items() if number is not None}
    said = python(
        up,
        f"for name, number in {calls!r}.items():\n    print(name, libc.syscall(number, 0, 0, 0, 0, 0), ctypes.get_errno())",
    )
    assert said.splitlines() == [f"{name} -1 {DENIED[name]}" for name in calls]


TRY = """
for family in range(64):
    for kind in range(1, 7):
        for opened in socket.socket, socket.socketpair:
            try: opened(family, kind)
            except OSError as error: print(family, error.errno)
            else: print(family, 0)
"""


@needs_filter
def test_no_other_family_has_a_socket(up: Machine) -> None:
    said = [tuple(map(int, line.split())) for line in python(up, TRY).splitlines()]
    assert {error for family, error in said if family not in FAMILIES.values()} == {EAFNOSUPPORT}
    assert {family for family, error in said if error == 0} == set(FAMILIES.values())


MACHINE_CODE = """
import mmap
def entered(code, number, *arguments):
    room = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    room.write(code)
    at = ctypes.addressof(ctypes.c_char.from_buffer(room))
    return ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_int] * 4)(at)(number, *arguments)
by_int_80 = bytes.fromhex("5389f889f389d14889ca31f631ffcd805bc3")
by_syscall = bytes.fromhex("89f889f789d689ca0f05c3")
print(entered(by_syscall, 39, 0, 0, 0) == os.getpid())
"""


@needs_filter
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the code is x86-64's")
def test_neither_i386_s_entry_nor_x32_s_leads_past_it(up: Machine) -> None:
    """socket, socketcall, keyctl, bpf, even getpid: every call of theirs."""
    text = (
        MACHINE_CODE
        + f"""
print({{entered(by_int_80, number, 40, 1, 0) for number in (20, 359, 102, 288, 357)}},
      {{entered(by_syscall, {X32} | number, 40, 1, 0) for number in (39, 41, 250, 321)}})"""
    )
    assert python(up, text).split("\n")[:2] == ["True", f"{{-{ENOSYS}}} {{-{ENOSYS}}}"]


@needs_filter
def test_every_process_of_a_guest_is_filtered(up: Machine) -> None:
    """Its init, the DHCP client, user data, commands, and none of them by a promise to gain no privileges."""

    def log() -> str:
        return (up.disks / "i-1" / "console.log").read_text()

    up.until(lambda: "ended with status 1" in log(), "the end of the user data")
    assert f"[Errno {EAFNOSUPPORT}]" in log()
    look = "grep -hs -e ^Seccomp: -e ^NoNewPrivs /proc/[0-9]*/status /run/user-data"
    said = up.ok("i-1", f"{look}; true").split()  # some may have ended when grep comes to them
    assert said == ["NoNewPrivs:", "0", "Seccomp:", "2"] * (len(said) // 4)
    assert len(said) >= 4 * 4  # of these, and the last is the shell that looks


PROGRAMS = {
    "bash": "bash -c 'echo $((6*7))' | grep 42",
    "ping": "ping -c1 -W5 127.0.0.1",
    "nft": "nft add table inet t && nft list tables | grep t && nft delete table inet t",
    "ip": "ip link add one type veth peer name two && ip link del one && ip netns add inner && ip netns exec inner ip link && ip netns del inner",
    "unshare": "unshare -Urm true && unshare -m true",
    "su": "su -s /bin/sh root -c true",
    "gcc": "echo 'int main(void){return 0;}' >/tmp/a.c && gcc -o /tmp/a /tmp/a.c && /tmp/a",
    "strace": "strace -f -e trace=none true",
    "iperf3": "iperf3 -s -1 -D -p 5999 && for n in $(seq 300); do iperf3 -c 127.0.0.1 -p 5999 -t 1 && exit; sleep 0.05; done; exit 1",
    "dpkg": "mkdir -p /tmp/p/DEBIAN /tmp/p/opt && printf 'Package: wall\\nVersion: 1\\nArchitecture: all\\nMaintainer: a\\nDescription: a\\n'"
    " >/tmp/p/DEBIAN/control && echo 1 >/tmp/p/opt/wall && dpkg-deb --root-owner-group -b /tmp/p /tmp/p.deb && dpkg -i /tmp/p.deb"
    " && grep 1 /opt/wall",
    "openssl": "openssl speed -seconds 1 -bytes 16 sha256",
    "busybox": "busybox udhcpc -n -q -i eth0 -s /bin/true",
    "perl": "perl -e 'fork || exit; wait; exit($? >> 8)'",
    "python3": 'python3 -c \'import socket, asyncio, multiprocessing as m; socket.socket(17, 3, 3).bind(("lo", 3));'
    " asyncio.run(asyncio.sleep(0)); p = m.Process(target=print); p.start(); p.join(); exit(p.exitcode)'",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_go_on(up: Machine, name: str) -> None:
    if not shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin"):
        pytest.skip(f"no {name}")
    if name in ("dpkg", "su") and up.mode == "rootless":
        pytest.skip("one user id has no others to change to")
    up.ok("i-1", f"({PROGRAMS[name]}) 2>&1")
