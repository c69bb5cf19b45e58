"""What a user puts into the namespace `internet` stays there, and what is ours is mended all the same."""

from machine import Machine
from parts import ALL, eni, group, guest, network, table

BASE = (network(igw="igw-1"), table(("0.0.0.0/0", "igw")), group(ALL))
OWN = (
    "ip addr add 198.51.100.7/24 dev lo",
    "ip link add far0 type veth peer name far1",
    "ip link set far0 up",
    "ip addr add 192.0.2.1/24 dev far0",
    "ip route add 198.18.0.0/16 dev far0",
    "ip route add 198.19.0.0/16 dev far0 proto static",
    "ip rule add from 192.0.2.9 lookup 300 prio 300",
    "ip route add default dev far0 table 300",
    "ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:55 dev far0 nud permanent",
)
SHOWN = (
    "ip addr show lo; ip addr show far0; ip route; ip rule; ip route show table 300; ip neigh show dev far0"
)


def test_it_stays(machine: Machine) -> None:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
    machine.ok("internet", "; ".join(OWN))
    before = machine.ok("internet", SHOWN)
    assert machine.desire(observe=True) == {}
    assert machine.desire(table(("0.0.0.0/0", "igw")), network("vpc-2", igw="igw-2")) == {}
    assert machine.ok("internet", SHOWN) == before


def test_what_is_ours_is_mended(machine: Machine) -> None:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
    machine.ok("internet", "; ".join(OWN))
    neighbours = "ip neigh show nud permanent dev $(ls /sys/class/net | grep ^v)"
    wanted = machine.ok("internet", neighbours)
    assert wanted
    machine.ok("internet", "ip neigh flush nud permanent; ip neigh flush nud all")
    assert machine.desire(observe=True) == {}
    assert machine.ok("internet", neighbours) == wanted
