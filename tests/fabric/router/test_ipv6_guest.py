"""What an instance finds of IPv6 when it boots, and what comes and goes while it runs."""

import ipaddress
import struct

import msgspec

from frames import (
    ADVERTISE_ROUTER,
    ICMP6,
    SOLICIT_ROUTER,
    address,
    group_mac,
    icmp6,
    mac,
    packets,
    received,
    udp6,
)
from machine import PATIENCE, Machine
from parts import ALL, group, guest, table
from probes import pings, reaches, serve
from sixparts import ALL6, BLOCKS, INTERNET, ROUTER, eni6, network6, six

ONE, TWO, THREE = six(1, "10"), six(1, "20"), six(2, "30")
BASE = (network6(), table(), group(ALL, ALL6, egress=(ALL, ALL6)))
PAIR = (guest(1), eni6(1, ONE), guest(2), eni6(2, TWO))
LOCAL, MAC = "fe80::ff:fe00:1", "02:00:00:00:00:01"
ROUTERS, DHCP_SERVERS = "ff02::2", "ff02::1:2"
SOLICIT, REQUEST = 1, 3
DUID = bytes.fromhex("00030001") + mac(MAC)


def addresses(machine: Machine, guest: str, device: str = "eth0") -> str:
    return machine.ok(guest, f"ip -6 addr show {device} scope global")


def test_addresses_and_the_default_route_are_there_when_it_runs(machine: Machine) -> None:
    machine.boot(*BASE, guest(1), eni6(1, ONE, six(1, "11")), guest(2), eni6(2, TWO))
    text = addresses(machine, "i-1")
    assert f"{ONE}/128" in text
    assert f"{six(1, '11')}/128" in text
    assert "tentative" not in text
    assert f"default via {ROUTER} dev eth0" in machine.ok("i-1", "ip -6 route")
    assert reaches(machine, "i-2", six(1, "11"))


def test_the_router_advertises_itself(machine: Machine) -> None:
    machine.boot(*BASE, *PAIR)
    with packets(machine, "i-1", "eth0") as device:
        device.send(icmp6(LOCAL, ROUTERS, MAC, group_mac(ROUTERS), SOLICIT_ROUTER, bytes(4), hops=255))
        found = next(p for p in received(device, 5) if p[6] == ICMP6 and p[40] == ADVERTISE_ROUTER)
    flags, lifetime = struct.unpack_from("!BH", found, 45)
    assert found[7] == 255
    assert found[8:24] == address(ROUTER)
    assert flags & 0x80, "addresses come by DHCPv6"
    assert lifetime > 0
    options = dict(each_option(found[56:]))
    assert options[1] == mac("0e:00:00:00:00:01")
    assert struct.unpack("!2xI", options[5]) == (9001,)
    length, marks = options[3][0], options[3][1]
    assert (length, marks & 0xC0) == (64, 0x80), "on the link, but not to make addresses of"
    assert options[3][14:] == address(BLOCKS[0].removesuffix("/64"))


def each_option(data: bytes):  # type: ignore[no-untyped-def]
    while data:
        yield data[0], data[2 : 8 * data[1]]
        data = data[8 * data[1] :]


def dhcp6(kind: int, *options: tuple[int, bytes]) -> bytes:
    body = b"".join(struct.pack("!HH", number, len(value)) + value for number, value in options)
    message = bytes((kind, 1, 2, 3)) + body
    return udp6(LOCAL, DHCP_SERVERS, MAC, group_mac(DHCP_SERVERS), (546, 547), message)


def dhcp_options(data: bytes) -> dict[int, bytes]:
    found = {}
    while data:
        number, length = struct.unpack_from("!HH", data)
        found[number] = data[4 : 4 + length]
        data = data[4 + length :]
    return found


def test_a_client_gets_its_address_by_dhcp(machine: Machine) -> None:
    resolving = network6(resolver="10.0.0.2")
    machine.boot(resolving, *BASE[1:], guest(1), eni6(1, ONE, six(1, "11")))
    asked = (3, struct.pack("!III", 7, 0, 0)), (6, struct.pack("!H", 23))
    with packets(machine, "i-1", "eth0") as device:
        offer = ask(device, dhcp6(SOLICIT, (1, DUID), *asked))
        answer = ask(device, dhcp6(REQUEST, (1, DUID), (2, offer[2]), *asked))
    for found in (offer, answer):
        assert found[1] == DUID
        given = dhcp_options(found[3][12:])[5]
        assert ipaddress.IPv6Address(given[:16]) == ipaddress.IPv6Address(ONE)
        assert found[23] == address("fd00:ec2::253")


def ask(device, question: bytes) -> dict[int, bytes]:  # type: ignore[no-untyped-def]
    device.send(question)
    answer = next(p for p in received(device, 5) if p[6] == 17 and p[40:44] == struct.pack("!HH", 547, 546))
    assert answer[8:24] == address(ROUTER)
    return dhcp_options(answer[52:])


def test_addresses_come_and_go_while_it_runs(machine: Machine) -> None:
    machine.boot(*BASE, guest(1), eni6(1, ONE, addresses6=()), guest(2), eni6(2, TWO))
    assert "inet6" not in addresses(machine, "i-1")
    for wanted in ((ONE,), (ONE, six(1, "11")), (six(1, "11"),), (), (six(1, "12"),)):
        assert machine.desire(eni6(1, ONE, addresses6=wanted)) == {}
        text = addresses(machine, "i-1")
        for host in ("10", "11", "12"):
            assert (f"{six(1, host)}/128" in text) == (six(1, host) in wanted)
            is_there = six(1, host) in wanted
            machine.until(
                lambda host=host, is_there=is_there: pings(machine, "i-2", six(1, host)) == is_there,
                "an address that was not there before is asked for anew",
            )


def test_each_interface_answers_by_its_own_router(machine: Machine) -> None:
    second = eni6(3, THREE, guest="i-1", device="eth1", table="rtb-2")
    routes = (table(("::/0", "blackhole")), table(("::/0", "igw"), id="rtb-2"))
    machine.boot(network6(igw="igw-1"), *routes, BASE[2], *PAIR, second)
    assert f"default via {ROUTER} dev eth1" in machine.ok("i-1", "ip -6 route show table 10001")
    assert reaches(machine, "i-2", THREE)
    assert reaches(machine, "internet", THREE)
    assert reaches(machine, "i-1", INTERNET, f"-I {THREE}")
    assert not pings(machine, "i-1", INTERNET)
    assert machine.desire(msgspec.structs.replace(second, addresses6=(six(2, "31"),))) == {}
    assert reaches(machine, "internet", six(2, "31"))
    assert not pings(machine, "internet", THREE)
    assert THREE not in machine.ok("i-1", "ip -6 rule")


def test_an_interface_takes_its_addresses_along(machine: Machine) -> None:
    machine.boot(*BASE, *PAIR)
    moved = eni6(3, THREE, guest="i-1", device="eth1")
    machine.desire(moved)
    machine.wait(lambda fact: fact["type"] == "attached" and fact["interface"] == "eni-3")
    assert reaches(machine, "i-2", THREE)
    machine.desire(msgspec.structs.replace(moved, guest="i-2", attachment="attach-2"))
    machine.wait(lambda fact: fact["type"] == "attached" and fact["attachment"] == "attach-2")
    assert f"{THREE}/128" in addresses(machine, "i-2", "eth1")
    assert reaches(machine, "i-1", THREE)


def test_a_renamed_device_is_the_guest_s_own_matter(machine: Machine) -> None:
    machine.boot(*BASE, *PAIR)
    machine.ok("i-1", "ip link set eth0 down; ip link set eth0 name lan0; ip link set lan0 up")
    assert machine.desire(eni6(1, ONE, six(1, "11"))) == {}
    assert reaches(machine, "i-2", "10.0.1.1")


def test_the_resolver_answers_in_ipv6_and_of_it(machine: Machine) -> None:
    name = "i-1.ec2.internal"
    mine = eni6(1, ONE, names=((name, "10.0.1.10"), (name, ONE)))
    machine.boot(network6(resolver="10.0.0.2"), *BASE[1:], guest(1), mine, guest(2), eni6(2, TWO))
    for server in ("fd00:ec2::253", "10.0.0.2"):
        text = machine.ok("i-2", f"busybox nslookup {name} {server}")
        assert "10.0.1.10" in text
        assert ONE in text
        assert name in machine.ok("i-2", f"busybox nslookup {ONE} {server}")
    machine.desire(network6())
    machine.until(
        lambda: ONE not in machine.exec("i-2", f"timeout 1 busybox nslookup {name} fd00:ec2::253")[1],
        "silence",
    )


def test_the_metadata_socket_of_ipv6_knows_who_asks(machine: Machine) -> None:
    import socket

    machine.boot(*BASE, *PAIR)
    machine.wait(lambda fact: fact["type"] == "listener" and fact["family"] == "ipv6")
    listeners = [socket.socket(fileno=fd) for fd in machine.fds]
    machine.fds.clear()
    listener = next(one for one in reversed(listeners) if one.family == socket.AF_INET6)
    with machine.background("i-1", "curl -s -m 5 http://[fd00:ec2::254]/"):
        listener.settimeout(PATIENCE)
        connection, (source, *_rest) = listener.accept()
        connection.close()
    for one in listeners:
        one.close()
    assert source == ONE


def test_other_ports_of_the_router_are_closed(machine: Machine) -> None:
    machine.boot(*BASE, *PAIR)
    with serve(machine, "i-2"):
        for at in (six(1, "1"), f"{ROUTER}%eth0", "fd00:ec2::254"):
            assert machine.exec("i-1", f"busybox nc -w 1 {at} 53 < /dev/null")[0] != 0
