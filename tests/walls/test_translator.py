"""What instances send to a NAT gateway's translator, and to the resolver of DNS64, harms neither of them."""

from shlex import quote

import msgspec
import pytest

from elastinet.fabric.agent.abilities import translation_fault
from machine import Machine
from nat64_region import INTERNET64, region
from parts import group, guest, table
from probes import reaches
from sixparts import ALL6, eni6, network6, six

translating = pytest.mark.skipif(translation_fault(None) is not None, reason=str(translation_fault(None)))
SEND = """
import random, socket, struct
dice = random.Random(7)
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(("eth0", 0))
mac = bytes.fromhex(open("/sys/class/net/eth0/address").read().strip().replace(":", ""))
source = socket.inet_pton(socket.AF_INET6, "{source}")
for _ in range(600):
    target = socket.inet_pton(socket.AF_INET6, "64:ff9b::") [:12] + dice.randbytes(4)
    if dice.random() < 0.5:
        target = socket.inet_pton(socket.AF_INET6, "{target}")
    body = dice.randbytes(dice.choice((0, 1, 7, 8, 19, 20, 40, 200, 1400)))
    follows = dice.choice((0, 6, 17, 43, 44, 50, 58, 59, 60, 135, dice.randrange(256)))
    if dice.random() < 0.3:  # a chain of headers, a fragment among them
        body = bytes((dice.choice((6, 17, 44, 58)), 0)) + dice.randbytes(6) + body
    length = len(body) if dice.random() < 0.7 else dice.randrange(65536)
    head = struct.pack("!IHBB", 6 << 28 | dice.randrange(1 << 28), length, follows, dice.choice((0, 1, 2, 64, 255)))
    out.send(bytes.fromhex("0e0000000001") + mac + b"\\x86\\xdd" + head + source + target + body)
"""


def translator(machine: Machine) -> str:
    return machine.inside("nat-2", "busybox", "pidof", "tayga").strip()


@translating
def test_odd_packets_do_not_end_it(machine: Machine) -> None:
    machine.boot(*region())
    before = translator(machine)
    assert before
    assert reaches(machine, "i-3", INTERNET64)
    script = SEND.format(source=six(1, "10"), target=INTERNET64)
    machine.ok("i-1", f"python3 -c {quote(script)}")
    assert reaches(machine, "i-3", INTERNET64)
    assert reaches(machine, "i-1", INTERNET64)
    assert translator(machine) == before


ASK = """
import random, socket
dice = random.Random(7)
question = bytes.fromhex("12340100000100000000000005706c61696e0365633208696e7465726e616c00001c0001")
out = socket.socket(type=socket.SOCK_DGRAM)
for _ in range(600):
    asked = bytearray(question + dice.randbytes(dice.choice((0, 0, 1, 30, 900))))
    for _ in range(dice.choice((1, 2, 8))):
        asked[dice.randrange(len(asked))] = dice.randrange(256)
    out.sendto(bytes(asked[: dice.choice((len(asked), dice.randrange(len(asked))))]), ("10.0.0.2", 53))
"""
NAME = "plain.ec2.internal"


def test_odd_questions_do_not_end_its_resolver(machine: Machine) -> None:
    plain = network6(resolver="10.0.0.2")
    subnets = tuple(msgspec.structs.replace(subnet, dns64=True) for subnet in plain.subnets)
    one, two = (eni6(n, six(1, f"{n}0"), dns64=True, names=((NAME, "10.0.1.10"),) * (n == 1)) for n in (1, 2))
    network = msgspec.structs.replace(plain, subnets=subnets)
    machine.boot(network, table(), group(ALL6), guest(1), one, guest(2), two)
    before = machine.inside("vpc-1", "busybox", "pidof", "dnsmasq").split()
    assert len(before) == 2
    machine.ok("i-1", f"python3 -c {quote(ASK)}")
    machine.until(
        lambda: "64:ff9b::a00:10a" in machine.exec("i-2", f"busybox nslookup {NAME} 10.0.0.2")[1], "an answer"
    )
    assert machine.inside("vpc-1", "busybox", "pidof", "dnsmasq").split() == before
