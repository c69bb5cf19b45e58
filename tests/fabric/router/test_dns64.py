"""DNS64: a resolver's answers for IPv4-only names, to those whose subnet has it and to nobody else."""

import msgspec
import pytest

from elastinet.fabric.contract.names import DNS64_PORT
from elastinet.fabric.contract.objects import Network
from machine import Machine
from parts import group, guest, table
from sixparts import ALL6, eni6, network6, six

PLAIN, BOTH, ONLY6 = "ip-10-0-1-10.ec2.internal", "both.ec2.internal", "i-1.ec2.internal"
SYNTHESISED = "64:ff9b::a00:10a"
RESOLVERS = ("10.0.0.2", "169.254.169.253", "fd00:ec2::253")
NAMES = ((PLAIN, "10.0.1.10"), (BOTH, "10.0.1.10"), (BOTH, six(1, "10")), (ONLY6, six(1, "10")))


def resolving(*with_dns64: int) -> Network:
    """A network with a resolver, and DNS64 for some of its two subnets."""
    plain = network6(resolver="10.0.0.2")
    subnets = tuple(
        msgspec.structs.replace(subnet, dns64=number in with_dns64)
        for number, subnet in enumerate(plain.subnets, 1)
    )
    return msgspec.structs.replace(plain, subnets=subnets)


ONE = eni6(1, six(1, "10"), names=NAMES)
TWO, THREE = eni6(2, six(2, "20"), dns64=True), eni6(3, six(1, "30"))


@pytest.fixture
def up(machine: Machine) -> Machine:
    """Instance 2 is in a subnet with DNS64, the others in one without."""
    machine.boot(resolving(2), table(), group(ALL6), guest(1), ONE, guest(2), TWO, guest(3), THREE)
    return machine


def ask(machine: Machine, id: str, question: str, server: str = RESOLVERS[0]) -> str:
    return machine.exec(id, f"timeout 2 busybox nslookup {question} {server}")[1]


def addresses(machine: Machine, id: str, name: str, server: str = RESOLVERS[0]) -> set[str]:
    """The addresses that an instance hears of a name."""
    lines = ask(machine, id, name, server).splitlines()
    return {line.split()[1] for line in lines if line.startswith("Address: ")}


def test_ipv4_only_names_have_an_ipv6_address(up: Machine) -> None:
    for server in RESOLVERS:
        assert addresses(up, "i-2", PLAIN, server) == {"10.0.1.10", SYNTHESISED}, server
        assert addresses(up, "i-3", PLAIN, server) == {"10.0.1.10"}, server
    for id in ("i-2", "i-3"):
        assert addresses(up, id, BOTH) == {"10.0.1.10", six(1, "10")}, "it has one of its own"
        assert addresses(up, id, ONLY6) == {six(1, "10")}
        assert addresses(up, id, "nobody.ec2.internal") == set()


def test_names_of_endpoints(up: Machine) -> None:
    names = (("ec2.amazonaws.com", "10.0.1.10"), ("*.s3.amazonaws.com", "10.0.1.10"))
    up.desire(msgspec.structs.replace(resolving(2), names=names))
    for name in ("ec2.amazonaws.com", "bucket.s3.amazonaws.com"):
        up.until(lambda name=name: addresses(up, "i-2", name) == {"10.0.1.10", SYNTHESISED}, name)
        up.until(lambda name=name: addresses(up, "i-3", name) == {"10.0.1.10"}, name)
    up.desire(resolving(2))
    up.until(lambda: not addresses(up, "i-2", "bucket.s3.amazonaws.com"), "the end of the name")


def answers(machine: Machine, id: str, port: int, socket_type: str) -> str:
    """What the resolver says of an IPv4-only name's IPv6 address at a port, from whatever port it answers."""
    name = b"".join(bytes((len(part),)) + part.encode() for part in PLAIN.split(".")) + b"\0"
    question = (b"\x12\x34\x01\0\0\1\0\0\0\0\0\0" + name + b"\0\x1c\0\1").hex()
    script = (
        f"import socket; q = bytes.fromhex('{question}'); s = socket.socket(type=socket.SOCK_{socket_type});"
        f"s.settimeout(3); to = ('10.0.0.2', {port});"
    )
    if socket_type == "STREAM":
        script += "s.connect(to); q = len(q).to_bytes(2, 'big') + q; to = None;"
    script += "s.sendto(q, to) if to else s.sendall(q); print(s.recv(512)[-16:].hex())"
    return machine.exec(id, f'python3 -c "{script}"')[1].strip()


TOLD = (b"\0\x64\xff\x9b" + bytes(8) + bytes((10, 0, 1, 10))).hex()


def test_nobody_else_hears_the_other_resolver(up: Machine) -> None:
    """Not even at the port that it listens on."""
    assert answers(up, "i-2", DNS64_PORT, "DGRAM") == TOLD
    for kind in ("DGRAM", "STREAM"):
        assert TOLD not in answers(up, "i-3", DNS64_PORT, kind)


def test_over_tcp_and_backwards(up: Machine) -> None:
    assert answers(up, "i-2", 53, "STREAM") == TOLD
    for id in ("i-2", "i-3"):
        assert PLAIN in ask(up, id, "10.0.1.10")
        assert BOTH in ask(up, id, six(1, "10"))
    assert PLAIN in ask(up, "i-2", SYNTHESISED)
    assert PLAIN not in ask(up, "i-3", SYNTHESISED)


def test_it_comes_and_goes(up: Machine) -> None:
    up.inside("vpc-1", "busybox", "killall", "-9", "dnsmasq")
    up.until(lambda: SYNTHESISED in addresses(up, "i-2", PLAIN), "both resolvers again")
    up.desire(msgspec.structs.replace(ONE, names=((ONLY6, six(1, "10")),)))
    up.until(lambda: addresses(up, "i-2", PLAIN) == set(), "the end of a name")
    up.desire(ONE)
    up.until(lambda: SYNTHESISED in addresses(up, "i-2", PLAIN), "the name again")
    up.desire(resolving(), msgspec.structs.replace(TWO, dns64=False))
    up.until(lambda: addresses(up, "i-2", PLAIN) == {"10.0.1.10"}, "the end of DNS64")
    up.desire(resolving(1), msgspec.structs.replace(THREE, dns64=True))
    up.until(lambda: SYNTHESISED in addresses(up, "i-3", PLAIN), "DNS64 of the other subnet")
