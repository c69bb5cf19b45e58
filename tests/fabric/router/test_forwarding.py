"""What an interface lets pass for others, by its own groups and its own memory; the flow's ends keep theirs."""

import pytest

from elastinet.fabric.contract.objects import AnyObject, Group, GroupRule
from machine import Machine
from parts import ALL, eni, group, guest, network, table
from probes import pings, reaches, serve
from sixparts import ALL6, eni6, network6, six

BY_BOX = ("10.0.2.0/24", "eni-9")
BACK_BY_BOX = ("10.0.1.0/24", "eni-9")
WEB = GroupRule(6, 80, 80, "10.0.0.0/8")
WEB_OUT = GroupRule(6, 80, 80, "10.0.2.0/24")
SERVER, BOX = "10.0.2.20", "10.0.2.90"


def box(*ingress: GroupRule, egress: tuple[GroupRule, ...] = (ALL,)) -> Group:
    """The group of the one in between."""
    return group(*ingress, id="sg-9", egress=egress)


def region(there: bool, back: bool, *, frames: bool = False) -> tuple[AnyObject, ...]:
    """A client that lets nothing in, a server that lets the web in and nothing out, and one that forwards.

    `there` and `back` say what goes by the last one: questions, answers.
    """
    tables = (table(*[BY_BOX] * there), table(*[BACK_BY_BOX] * back, id="rtb-2"), table(id="rtb-9"))
    place = ("10.0.1.90", "rtb-1") if frames else (BOX, "rtb-9")
    own = eni(9, place[0], check=False, table=place[1], groups=("sg-9",))
    ends = (eni(1, "10.0.1.10"), eni(2, SERVER, groups=("sg-2",), table="rtb-2"))
    groups = (group(), group(WEB, id="sg-2", egress=()))
    return (network(), *tables, *groups, *map(guest, (1, 2, 9)), *ends, own)


def forwards(machine: Machine) -> None:
    machine.ok("i-9", "echo 1 > /proc/sys/net/ipv4/ip_forward")


def answers(machine: Machine, address: str = SERVER) -> bool:
    """Whether a page comes from a server."""
    ask = f"import http.client as h; print(h.HTTPConnection('{address}', 80, timeout=1).request('GET', '/'))"
    return machine.exec("i-1", f'python3 -c "{ask}"')[0] == 0


@pytest.mark.parametrize("back", [False, True])
def test_one_that_is_open_for_everybody_leaves_the_ends_memories_alone(machine: Machine, back: bool) -> None:
    machine.boot(*region(True, back), box(ALL))
    forwards(machine)
    with serve(machine, "i-2"):
        assert answers(machine)
        assert answers(machine)
        machine.desire(box())
        assert not answers(machine), "it lets nothing in any more"


def test_it_knows_the_answers_to_what_it_let_pass(machine: Machine) -> None:
    machine.boot(*region(True, True), box(WEB, egress=(WEB_OUT,)))
    forwards(machine)
    with serve(machine, "i-2"):
        assert answers(machine)
        machine.desire(box(WEB, egress=()))
        assert not answers(machine), "what it may not send on"


def test_answers_that_come_by_it_alone_begin_a_flow_there(machine: Machine) -> None:
    """It has not seen the question, so its groups are asked, whatever the ends know."""
    machine.boot(*region(False, True), box(WEB))
    forwards(machine)
    with serve(machine, "i-2"):
        assert not answers(machine)
        machine.desire(box(GroupRule(6, 32768, 60999, "10.0.2.0/24")))
        assert answers(machine)
        machine.desire(box(ALL, egress=()))
        assert not answers(machine)


TALKER = """
import os, socket, time
one = socket.create_connection(("10.0.2.20", 80), 30)
print("up", flush=True)
while not os.path.exists("/root/more"):
    time.sleep(0.02)
one.settimeout(3)
one.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
print(one.recv(4).decode(), flush=True)
"""


@pytest.mark.parametrize(("rule", "outlives"), [(WEB, True), (GroupRule(6, 80, 80, "0.0.0.0/0"), False)])
def test_what_it_tracks_outlives_the_rule(machine: Machine, rule: GroupRule, outlives: bool) -> None:
    """What is let through for everybody, both ways, is not tracked and ends with the rule."""
    machine.boot(*region(True, True), box(rule))
    forwards(machine)
    said = machine.disks / "i-1" / "root" / "root" / "said"
    with serve(machine, "i-2"):
        with machine.background("i-1", f"python3 -c '{TALKER}' > /root/said 2>&1; echo over >> /root/said"):
            machine.until(lambda: said.exists() and "up" in said.read_text(), "the connection")
            machine.desire(box())
            machine.ok("i-1", "touch /root/more")
            machine.until(lambda: "over" in said.read_text(), "the end")
        assert ("HTTP" in said.read_text()) == outlives, said.read_text()


def test_a_next_hop_inside_the_subnet(machine: Machine) -> None:
    machine.boot(*region(False, False, frames=True), box())
    forwards(machine)
    machine.ok("i-1", f"ip route add {SERVER} via 10.0.1.90")
    with serve(machine, "i-2"):
        assert not answers(machine)
        machine.desire(box(WEB))
        assert answers(machine)
        machine.desire(box(ALL))
        assert answers(machine)


def test_its_own_packets_are_none_of_it(machine: Machine) -> None:
    """As an end it is one like all others, and its memory of others' packets goes with its check's return."""
    machine.boot(*region(True, True), box(GroupRule(1, 8, -1, "10.0.0.0/8")))
    forwards(machine)
    assert reaches(machine, "i-1", BOX)
    machine.desire(group(WEB, GroupRule(1, -1, -1, "10.0.0.0/8"), id="sg-2", egress=()))
    assert reaches(machine, "i-9", SERVER)
    listed = ("vpc-1", "nft", "list", "table", "inet", "elastinet")
    assert "e9_passes" in machine.inside(*listed)
    machine.inside("vpc-1", "nft", "flush", "ruleset")
    assert machine.desire(observe=True) == {}
    assert "e9_passes" in machine.inside(*listed)
    assert machine.desire(eni(9, BOX, table="rtb-9", groups=("sg-9",))) == {}
    assert not {name for name in ("e9_passes", "through", "forwards_in") if name in machine.inside(*listed)}
    assert reaches(machine, "i-9", SERVER)
    assert machine.desire(observe=True) == {}


def test_so_with_ipv6(machine: Machine) -> None:
    one, two, own = six(1, "10"), six(2, "20"), six(2, "90")
    ask6 = GroupRule(58, 128, -1, "::/0")
    machine.boot(
        *(network6(), table((six(2, "").replace("::", "::/64"), "eni-9")), table(id="rtb-2")),
        *(group(egress=(ALL, ALL6)), group(ask6, GroupRule(6, 80, 80, "::/0"), id="sg-2", egress=())),
        *(box(ALL6, egress=(ALL6,)), *map(guest, (1, 2, 9)), eni6(1, one)),
        eni6(2, two, groups=("sg-2",), table="rtb-2"),
        eni6(9, own, check=False, groups=("sg-9",), table="rtb-2"),
    )
    machine.ok("i-9", "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding")
    with serve(machine, "i-2"):
        assert reaches(machine, "i-1", two)
        assert answers(machine, two)
        machine.desire(box(ALL, egress=(ALL6,)))
        assert not pings(machine, "i-1", two)
        assert not answers(machine, two)
