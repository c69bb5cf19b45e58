"""Network ACLs: stateless lists at a subnet's border."""

from elastinet.fabric.contract.objects import Acl, AclEntry
from machine import Machine
from parts import ALL, eni, group, guest, network, table
from probes import fetch, pings, public, reaches, serve

EVERYONE = "0.0.0.0/0"
OPEN = AclEntry(100, -1, -1, -1, EVERYONE, True)
EPHEMERAL = AclEntry(200, 6, 1024, 65535, EVERYONE, True)


def acl(*ingress: AclEntry, egress: tuple[AclEntry, ...] = (OPEN,), id: str = "acl-2") -> Acl:
    return Acl(id, "vpc-1", ingress, egress)


def tcp(number: int, port: int, allow: bool = True, cidr: str = EVERYONE) -> AclEntry:
    return AclEntry(number, 6, port, port, cidr, allow)


def region(*more, **changes):  # type: ignore[no-untyped-def]
    """One guest in each subnet and a second in the other; the second subnet has the ACL."""
    there = {"acl": "acl-2"}
    base = (network(**changes), table(("0.0.0.0/0", "igw")), group(ALL), *more)
    one = (guest(1), eni(1, "10.0.1.10", acl="acl-1"))
    return (*base, *one, guest(2), eni(2, "10.0.2.20", **there), guest(3), eni(3, "10.0.2.30", **there))


def test_both_directions_of_a_flow_are_judged(machine: Machine) -> None:
    machine.boot(*region(acl(OPEN), acl(OPEN, id="acl-1")))
    with serve(machine, "i-2"):
        assert machine.ok("i-1", fetch("10.0.2.20")) == "page\n"
        machine.desire(acl(tcp(100, 80)))
        assert machine.ok("i-1", fetch("10.0.2.20")) == "page\n"
        assert not pings(machine, "i-1", "10.0.2.20")
        machine.desire(acl(tcp(100, 80), egress=(tcp(100, 80),)))
        assert machine.exec("i-1", fetch("10.0.2.20"))[0] != 0, "the answer's port is not allowed out"
        machine.desire(acl(tcp(100, 80), egress=(EPHEMERAL,)))
        assert machine.ok("i-1", fetch("10.0.2.20")) == "page\n"
        machine.desire(acl(OPEN, id="acl-1", egress=(tcp(100, 80, allow=False), OPEN)))
        assert machine.exec("i-1", fetch("10.0.2.20"))[0] != 0, "the list of the sender's own subnet"


def test_it_judges_only_at_the_border(machine: Machine) -> None:
    machine.boot(*region(acl(egress=()), acl(OPEN, id="acl-1")))
    assert reaches(machine, "i-2", "10.0.2.30")
    assert not pings(machine, "i-1", "10.0.2.20")
    assert not pings(machine, "i-2", "10.0.1.10")
    assert reaches(machine, "i-2", "10.0.2.1"), "the router's own services are not filtered"
    machine.ok("i-2", "busybox udhcpc -n -q -i eth0 -s /bin/true")


def test_the_lowest_number_decides(machine: Machine) -> None:
    machine.boot(*region(acl(tcp(90, 80, allow=False, cidr="10.0.1.10/32"), OPEN)))
    with serve(machine, "i-2"):
        assert machine.exec("i-1", fetch("10.0.2.20"))[0] != 0
        assert machine.ok("i-3", fetch("10.0.2.20")) == "page\n"
        machine.desire(acl(OPEN, tcp(110, 80, allow=False)))
        assert machine.ok("i-1", fetch("10.0.2.20")) == "page\n"
        machine.desire(acl(OPEN, tcp(99, 80, allow=False)))
        assert machine.exec("i-1", fetch("10.0.2.20"))[0] != 0
        assert reaches(machine, "i-1", "10.0.2.20")


def test_icmp_by_type_and_code(machine: Machine) -> None:
    echo, reply = AclEntry(1, 1, 8, -1, EVERYONE, True), AclEntry(1, 1, 0, 0, EVERYONE, True)
    machine.boot(*region(acl(echo, egress=(reply,))))
    assert reaches(machine, "i-1", "10.0.2.20")
    assert not pings(machine, "i-2", "10.0.1.10")
    machine.desire(acl(AclEntry(1, 17, -1, -1, EVERYONE, True), egress=(reply,)))
    assert not pings(machine, "i-1", "10.0.2.20")


def test_the_internet_meets_it_too(machine: Machine) -> None:
    machine.boot(*region(acl(OPEN), public(2), igw="igw-1"))
    assert reaches(machine, "i-2", "203.0.113.1")
    machine.desire(acl(AclEntry(1, -1, -1, -1, "203.0.113.1/32", False), OPEN))
    assert not pings(machine, "i-2", "203.0.113.1")
    assert not pings(machine, "internet", "203.0.113.102")


def test_what_is_changed_by_hand_is_mended(machine: Machine) -> None:
    machine.boot(*region(acl(tcp(100, 80))))
    machine.inside("vpc-1", "nft", "flush chain inet elastinet acl_2_in")
    machine.inside("vpc-1", "nft", "flush map inet elastinet acl_in")
    assert machine.desire(observe=True) == {}
    assert not pings(machine, "i-1", "10.0.2.20")
    assert "tcp dport 80" in machine.inside("vpc-1", "nft", "list chain inet elastinet acl_2_in")
