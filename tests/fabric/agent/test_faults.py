"""A fault of the agent's own ends nobody but whom it concerns, who is made anew."""

from msgspec.structs import replace

from machine import Machine
from parts import ALL, eni, group, guest, network, table

SPOILT = replace(guest(1, boot=2), user_data="a")
"""What is no base64: the engine never says so, and nothing looks at it before the guest runs."""


def test_a_fault_about_a_guest(machine: Machine) -> None:
    machine.boot(network(), table(), group(ALL), guest(2), eni(2, "10.0.1.20"))
    pid = machine.ok("i-2", "sleep 4747 >/dev/null 2>&1 & echo $!").strip()
    machine.say(SPOILT, eni(1, "10.0.1.10"))
    key = "guest:i-1"
    failed = machine.wait(lambda fact: key in fact.get("failed", {}), "its failure")["failed"]
    assert "a fault of elastinet's own: " in failed[key]
    assert machine.ok("i-2", f"cat /proc/{pid}/comm") == "sleep\n", "nobody else has noticed"
    machine.say(guest(1, boot=3))
    machine.wait(lambda fact: (fact["type"], fact.get("boot")) == ("running", 3), "its next boot")
    assert machine.ok("i-1", "cat /proc/1/comm") == "init\n"
