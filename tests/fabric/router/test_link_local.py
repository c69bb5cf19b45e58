"""How fast an interface may ask the link-local services: what is above is dropped, whatever the service.

Every packet that gets through is answered, by a reset: it belongs to no connection. So the answers are the
packets that were let through, and the time that it took bounds them, however fast this machine is.
"""

import contextlib
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest

from elastinet.fabric.contract.names import ROUTER_MAC
from elastinet.rules.allowances import Allowance, AllowanceUnit, flat
from frames import checked, frame, mac, packets
from machine import Machine, in_thread
from parts import ALL, group, guest, table
from probes import reaches
from sixparts import ALL6, eni6, network6, six

ONE, TWO = six(1, "10"), six(1, "20")
MAC = "02:00:00:00:00:01"
RATE, SENT, TCP = 1024, 6000, 6
SERVICES = ("169.254.169.254", "fd00:ec2::254")
REGION = (network6(resolver="10.0.0.2"), table(), group(ALL, ALL6, egress=(ALL, ALL6)), guest(1),
          eni6(1, ONE), guest(2), eni6(2, TWO))  # fmt: skip


def stray(number: int, service: str) -> bytes:
    """A segment of no connection."""
    body = struct.pack("!HHIIBBHHH", 1024 + number % 60000, 80, 1, 1, 0x50, 0x10, 1024, 0, 0)
    if ":" in service:
        return frame(ONE, service, MAC, ROUTER_MAC, TCP, checked(ONE, service, TCP, body, 16))
    ends = socket.inet_aton("10.0.1.10") + socket.inet_aton(service)
    body = body[:16] + summed(ends + struct.pack("!HH", TCP, len(body)) + body) + body[18:]
    header = struct.pack("!BBHHHBBH", 0x45, 0, 40, 1, 0, 64, TCP, 0) + ends
    return mac(ROUTER_MAC) + mac(MAC) + b"\x08\x00" + header[:10] + summed(header) + header[12:] + body


def summed(data: bytes) -> bytes:
    """The internet checksum."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF)


def resets(device: socket.socket) -> int:
    """How many resets have come by now."""
    count = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            data = device.recv(65535)
            at = 54 if data[12:14] == b"\x86\xdd" else 34
            count += (
                data[:6] == mac(MAC)
                and data[at - (34 if at == 54 else 11)] == TCP
                and bool(data[at + 13] & 4)
            )
    return count


def flood(device: socket.socket, *services: str) -> tuple[int, float]:
    """Send many packets as fast as possible; give how many were answered, and how long it took."""
    device.setblocking(False)
    answered, began = 0, time.monotonic()
    for number in range(SENT):
        with contextlib.suppress(BlockingIOError):
            device.send(stray(number, services[number % len(services)]))
        answered += resets(device)
    took = time.monotonic() - began
    time.sleep(0.1)
    return answered + resets(device), took


@contextlib.contextmanager
def unceasing(device: socket.socket) -> Iterator[None]:
    """Send packets as fast as possible meanwhile."""
    over = threading.Event()

    def go_on() -> None:
        while not over.is_set():
            with contextlib.suppress(BlockingIOError):
                device.send(stray(0, SERVICES[0]))

    device.setblocking(False)
    sending = in_thread(go_on)
    try:
        yield
    finally:
        over.set()
        sending.join()


def counts(machine: Machine) -> dict[str, int]:
    """How many packets of each interface were dropped."""
    listed = machine.inside("vpc-1", "nft", "list", "set", "inet", "elastinet", "link_local_exceeded")
    return {mac: int(count) for mac, count in re.findall(r"([0-9a-f:]{17}) counter packets (\d+)", listed)}


def test_all_services_together_and_each_interface_alone(machine: Machine) -> None:
    machine.boot(*REGION)
    with packets(machine, "i-1", "eth0") as device:
        for services in (SERVICES[:1], SERVICES[1:], SERVICES):
            time.sleep(1.2)
            answered, took = flood(device, *services)
            assert RATE <= answered <= RATE * (1 + took) * 1.1 + 50, (services, answered, took)
            assert answered < SENT, "this machine is too slow to tell"
        assert reaches(machine, "i-1", "10.0.1.20"), "other packets are not counted"
        asked = "busybox nslookup -type=a x.ec2.internal 10.0.0.2"
        assert "NXDOMAIN" in machine.exec("i-2", asked)[1], "nobody else is held up"
        time.sleep(1.2)
        assert "NXDOMAIN" in machine.exec("i-1", "timeout 2 busybox nslookup example.com 10.0.0.2")[1]


@pytest.mark.parametrize(
    ("allowance", "most"),
    [(flat(300, AllowanceUnit.PACKETS), 300), (flat(40 * 8 * 500), 500)],
    ids=["packets", "bits"],
)
def test_the_allowance_is_what_the_engine_says(machine: Machine, allowance: Allowance, most: int) -> None:
    """In its own unit: a limit in bytes counts packets without their frames, which are of 40 here."""
    machine.boot(*REGION, network6(resolver="10.0.0.2", link_local=allowance))
    with packets(machine, "i-1", "eth0") as device:
        answered, took = flood(device, SERVICES[0])
    assert most <= answered <= most * (1 + took) * 1.1 + 50, (answered, took)
    assert machine.desire(observe=True) == {}


def test_others_are_not_slowed(machine: Machine) -> None:
    machine.boot(*REGION)
    with packets(machine, "i-1", "eth0") as mine, unceasing(mine):
        machine.until(lambda: counts(machine).get(MAC, 0) > SENT, "too much")
        asked = "timeout 4 busybox nslookup -type=a example.com 10.0.0.2"
        assert "NXDOMAIN" in machine.exec("i-2", asked)[1]


def test_the_counts_are_not_mended_away(machine: Machine) -> None:
    machine.boot(*REGION)
    with packets(machine, "i-1", "eth0") as mine:
        flood(mine, *SERVICES)
    assert machine.desire(observe=True) == {}
    listed = machine.inside("vpc-1", "nft", "list", "set", "inet", "elastinet", "link_local_rate")
    assert "limit rate over 1024/second" in listed


def sent_whole(device: socket.socket) -> int:
    """Send many packets to all services, each for certain; give how many were answered."""
    device.setblocking(False)
    answered, number = 0, 0
    while number < SENT:
        with contextlib.suppress(BlockingIOError):
            device.send(stray(number, SERVICES[number % len(SERVICES)]))
            number += 1
        answered += resets(device)
    time.sleep(0.2)
    return answered + resets(device)


def test_what_is_dropped_is_counted_for_its_interface(machine: Machine) -> None:
    """Every packet was either answered or counted; the counts of both families are one, and outlive idleness."""
    machine.boot(*REGION)
    before = counts(machine).get(MAC, 0)
    with packets(machine, "i-1", "eth0") as mine:
        answered = sent_whole(mine)
    dropped = counts(machine)
    assert dropped.keys() == {MAC}
    assert dropped[MAC] - before + answered == SENT
    assert machine.desire(observe=True) == {}
    assert counts(machine) == dropped
