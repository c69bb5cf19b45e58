"""Port 22 of an instance whose server has not been started: who knocks, and what the instance makes of it."""

import os

import login_pair
from login_pair import NEEDS, SSH, logs_in
from machine import Machine
from parts import eni, guest

pytestmark = NEEDS
running, keys, pair = login_pair.running, login_pair.keys, login_pair.pair
KNOCK = """
import contextlib, socket, time
found = []
for _ in range(40):
    with contextlib.suppress(ConnectionRefusedError):  # while the server takes the port over
        found.append(socket.create_connection(('10.0.1.10', 22)))
for one in found[:20]:
    one.close()
time.sleep(0.5)
"""


def test_who_knocks_and_goes_or_says_nothing_keeps_nobody_out(pair: Machine) -> None:
    """The first are many, and go at once or stay silent; the agent has nothing to do with them later."""
    before = len(os.listdir(f"/proc/{pair.agent_pid()}/fd")) if pair.mode == "root" else 0
    pair.ok("i-2", f'python3 -c "{KNOCK}"')
    pair.until(lambda: logs_in(pair, "whoami") == (0, "ec2-user\n"), "a login")
    if before:
        pair.until(
            lambda: len(os.listdir(f"/proc/{pair.agent_pid()}/fd")) <= before, "the end of its descriptors"
        )


def test_a_shell_of_the_instances_own_harms_nobody_else(pair: Machine) -> None:
    """What is run for who knocks is the instance's: if it fails, the console says that nobody can log in."""
    pair.ok("i-1", "printf '#!/bin/false\\n' >/root/sh; chmod 755 /root/sh; mv /root/sh /usr/bin/sh")
    pair.exec("i-2", SSH.format("mine", "true"))
    log = pair.disks / "i-1" / "console.log"
    pair.until(lambda: "nobody can log in at port 22" in log.read_text(), "the sentence")
    pair.boot(guest(3), eni(3, "10.0.1.30"))
