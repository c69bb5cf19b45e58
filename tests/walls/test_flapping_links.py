"""A guest whose root sets its devices down and up without an end keeps the agent from nothing."""

from machine import Machine
from parts import ALL, eni, group, guest, network, table

FLAP = "while :; do ip link set eth0 down; ip link set eth0 up; ip link add d0 type veth peer name d1; ip link del d0; done"


def test_others_boot_and_it_has_its_routes_in_the_end(machine: Machine) -> None:
    machine.boot(network(), table(), group(ALL), guest(1), eni(1, "10.0.1.10"))
    routes = machine.ok("i-1", "ip route")
    machine.ok("i-1", f"({FLAP}) >/dev/null 2>&1 & echo $! > /run/flap")
    machine.boot(guest(2), eni(2, "10.0.1.20"), guest(3), eni(3, "10.0.1.30"))
    machine.ok("i-2", "ping -c1 -W2 10.0.1.30")
    machine.ok("i-1", "kill $(cat /run/flap); sleep 0.1; ip link set eth0 up")
    machine.until(lambda: machine.ok("i-1", "ip route") == routes, "its routes")
    machine.until(lambda: machine.exec("i-2", "ping -c1 -W1 10.0.1.10")[0] == 0, "its answer")
