"""What packets meet between instances: groups, checks, routes, and a router that shows itself to nobody."""

import socket

from elastinet.fabric.contract.objects import GroupRule, Members
from machine import PATIENCE, Machine
from parts import ALL, eni, group, guest, network, table
from probes import fetch, pings, public, reaches, serve

PING = GroupRule(1, 8, 0, "0.0.0.0/0")
TWO = (guest(1), eni(1, "10.0.1.10"), guest(2), eni(2, "10.0.1.20"))


def http(port: int = 80, peer: str = "0.0.0.0/0") -> GroupRule:
    return GroupRule(6, port, port, peer)


def test_neighbours_meet_in_and_between_subnets(machine: Machine) -> None:
    machine.boot(network(), table(), group(ALL), *TWO, guest(3), eni(3, "10.0.2.30"))
    assert reaches(machine, "i-1", "10.0.1.20")
    assert reaches(machine, "i-1", "10.0.2.30")
    assert reaches(machine, "i-1", "10.0.1.20", "-M do -s 8973")
    assert reaches(machine, "i-1", "10.0.1.1")
    assert not pings(machine, "i-1", "10.0.1.99")


def test_the_router_takes_no_hop(machine: Machine) -> None:
    machine.boot(network(), table(), group(ALL), *TWO, guest(3), eni(3, "10.0.2.30"))
    for ttl in (1, 2, 64, 128, 254):
        text = machine.ok("i-1", f"ping -n -c1 -W1 -t {ttl} 10.0.2.30; ping -n -c1 -W1 10.0.1.20")
        assert text.count("ttl=64") == 2
    assert machine.ok("i-1", "busybox traceroute -n -m 3 -q 1 -w 1 10.0.2.30").count("\n") == 2


def test_groups_open_and_close_while_packets_flow(machine: Machine) -> None:
    machine.boot(network(), table(), group(), *TWO)
    with serve(machine, "i-2"):
        assert machine.exec("i-1", fetch("10.0.1.20"))[0] != 0
        machine.desire(group(http()))
        assert machine.ok("i-1", fetch("10.0.1.20")) == "page\n"
        machine.desire(group(http(81), http(443), GroupRule(17, 80, 80, "0.0.0.0/0")))
        assert machine.exec("i-1", fetch("10.0.1.20"))[0] != 0
        machine.desire(group(http(), egress=()))
        assert machine.exec("i-1", fetch("10.0.1.20"))[0] != 0


def test_an_established_flow_outlives_its_rule(machine: Machine) -> None:
    machine.boot(network(), table(), group(GroupRule(6, 8080, 8080, "10.0.0.0/16")), *TWO)
    said = machine.disks / "i-2" / "root" / "root" / "said"
    with machine.server("i-2", "sleep 60 | busybox nc -l -p 8080 > /root/said", 8080):
        talk = "(echo before; while ! test -e /root/go; do sleep 0.1; done; echo after) | busybox nc 10.0.1.20 8080"
        with machine.background("i-1", talk):
            machine.until(lambda: said.exists() and "before" in said.read_text(), "the first line")
            machine.desire(group())
            machine.ok("i-1", "touch /root/go")
            machine.until(lambda: "after" in said.read_text(), "the second line")
    with serve(machine, "i-2", 8080):
        assert machine.exec("i-1", fetch("10.0.1.20", 8080))[0] != 0


def test_a_group_as_peer(machine: Machine) -> None:
    open_to = group(GroupRule(6, 80, 80, "sg-2"), id="sg-1")
    other = group(id="sg-2")
    objects = (network(), table(), open_to, other, guest(1), eni(1, "10.0.1.10", groups=("sg-2",)))
    members = Members("sg-2", "vpc-1", frozenset({"10.0.1.10"}))
    machine.boot(*objects, guest(2), eni(2, "10.0.1.20"), guest(3), eni(3, "10.0.1.30"), members)
    with serve(machine, "i-2"):
        assert machine.ok("i-1", fetch("10.0.1.20")) == "page\n"
        assert machine.exec("i-3", fetch("10.0.1.20"))[0] != 0
        machine.desire(Members("sg-2", "vpc-1", frozenset({"10.0.1.30"})))
        assert machine.ok("i-3", fetch("10.0.1.20")) == "page\n"
        assert machine.exec("i-1", fetch("10.0.1.20"))[0] != 0


def test_icmp_by_type_and_code(machine: Machine) -> None:
    machine.boot(network(), table(), group(GroupRule(1, 13, -1, "0.0.0.0/0")), *TWO)
    assert not pings(machine, "i-1", "10.0.1.20")
    machine.desire(group(PING))
    assert reaches(machine, "i-1", "10.0.1.20")
    machine.desire(group(GroupRule(1, 8, -1, "10.0.1.0/25")))
    assert reaches(machine, "i-1", "10.0.1.20")
    machine.desire(group(GroupRule(1, -1, -1, "10.0.2.0/24")))
    assert not pings(machine, "i-1", "10.0.1.20")


def test_an_icmp_rule_opens_no_tcp_port(machine: Machine) -> None:
    machine.boot(network(), table(), group(GroupRule(1, -1, -1, "0.0.0.0/0")), *TWO)
    with serve(machine, "i-2"):
        assert machine.exec("i-1", fetch("10.0.1.20"))[0] != 0


def test_overlapping_rules(machine: Machine) -> None:
    rules = (
        http(),
        GroupRule(6, 70, 90, "10.0.0.0/16"),
        GroupRule(6, 80, 80, "10.0.1.0/24"),
        http(peer="10.0.1.10/32"),
    )
    machine.boot(network(), table(), group(*rules, GroupRule(-1, -1, -1, "10.0.2.0/24")), *TWO)
    with serve(machine, "i-2"):
        assert machine.ok("i-1", fetch("10.0.1.20")) == "page\n"


def test_nobody_sends_in_another_name(machine: Machine) -> None:
    machine.boot(network(), table(), group(ALL), *TWO)
    machine.ok("i-1", "ip addr add 10.0.1.77/24 dev eth0")
    assert not pings(machine, "i-1", "10.0.1.20", "-I 10.0.1.77")
    assert not pings(machine, "i-1", "10.0.1.1", "-I 10.0.1.77")
    assert reaches(machine, "i-1", "10.0.1.20")
    machine.ok("i-1", "ip link set eth0 address 02:00:00:00:00:77")
    assert not pings(machine, "i-1", "10.0.1.20")


def test_the_check_decides_who_may_carry_for_others(machine: Machine) -> None:
    middle = {"groups": ("sg-1",)}
    routes = table(("198.18.0.0/15", "eni-2"))
    machine.boot(
        network(), routes, group(ALL), guest(1), eni(1, "10.0.1.10"), guest(2), eni(2, "10.0.2.20", **middle)
    )
    machine.ok("i-2", "ip addr add 198.18.0.1/32 dev lo; echo 1 > /proc/sys/net/ipv4/ip_forward")
    assert not pings(machine, "i-1", "198.18.0.1")
    machine.desire(eni(2, "10.0.2.20", check=False))
    assert reaches(machine, "i-1", "198.18.0.1")
    machine.desire(eni(2, "10.0.2.20", check=True))
    assert not pings(machine, "i-1", "198.18.0.1")


def test_an_instance_may_translate_for_others(machine: Machine) -> None:
    objects = (
        network(igw="igw-1"),
        table(("0.0.0.0/0", "eni-2")),
        table(("0.0.0.0/0", "igw"), id="rtb-2"),
        group(ALL),
    )
    machine.boot(
        *objects,
        guest(1),
        eni(1, "10.0.1.10"),
        guest(2),
        eni(2, "10.0.2.20", check=False, table="rtb-2"),
        public(2),
    )
    rule = "nft add table ip nat; nft 'add chain ip nat out { type nat hook postrouting priority 100; }'"
    machine.ok("i-2", f"echo 1 > /proc/sys/net/ipv4/ip_forward; {rule}; nft add rule ip nat out masquerade")
    assert reaches(machine, "i-1", "203.0.113.1")
    machine.desire(eni(2, "10.0.2.20", table="rtb-2"))
    assert not pings(machine, "i-1", "203.0.113.1")


def test_the_internet_and_public_addresses(machine: Machine) -> None:
    objects = (network(igw="igw-1"), table(("0.0.0.0/0", "igw")), group(ALL), guest(1), eni(1, "10.0.1.10"))
    machine.boot(*objects, guest(2), eni(2, "10.0.2.20"), public(1), public(2))
    assert reaches(machine, "i-1", "203.0.113.1")
    assert reaches(machine, "internet", "203.0.113.101")
    assert "203.0.113" not in machine.ok("i-1", "ip addr")
    with serve(machine, "i-1"), serve(machine, "internet"):
        assert machine.ok("internet", fetch("203.0.113.101")) == "page\n"
        assert machine.ok("i-1", fetch("203.0.113.1")) == "page\n"
        assert machine.ok("i-2", fetch("203.0.113.101")) == "page\n", "through its own gateway and back"
    machine.desire(drop=("mapping:203.0.113.101",))
    assert not pings(machine, "i-1", "203.0.113.1")
    assert not pings(machine, "internet", "203.0.113.101")
    machine.desire(public(1))
    assert reaches(machine, "i-1", "203.0.113.1")
    machine.desire(table())
    assert not pings(machine, "i-1", "203.0.113.1")


def test_two_vpcs_never_meet(machine: Machine) -> None:
    other = {"network": "vpc-2", "table": "rtb-2", "groups": ("sg-2",)}
    objects = (network(), network("vpc-2"), table(), table(id="rtb-2", network="vpc-2"), group(ALL))
    second = group(ALL, id="sg-2", network="vpc-2")
    machine.boot(*objects, second, guest(1), eni(1, "10.0.1.10"), guest(2), eni(2, "10.0.1.20", **other))
    assert not pings(machine, "i-1", "10.0.1.20")
    assert reaches(machine, "i-2", "10.0.1.1")


def test_the_metadata_socket_knows_who_asks(machine: Machine) -> None:
    machine.boot(network(), table(), group(egress=()), guest(1), eni(1, "10.0.1.10"))
    machine.wait(lambda fact: fact["type"] == "listener", "Listener") if not machine.fds else None
    with socket.socket(fileno=machine.fds.pop()) as listener:
        with machine.background("i-1", fetch("169.254.169.254")):
            listener.settimeout(PATIENCE)
            connection, (address, _port) = listener.accept()
            connection.close()
        assert address == "10.0.1.10"
    assert machine.exec("i-1", "busybox nc -w 1 10.0.1.1 80 < /dev/null")[0] != 0
