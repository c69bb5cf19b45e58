"""Port 22 of an instance whose server has not been started: who knocks, and what the instance makes of it."""

import os

import login_pair
from login_pair import NEEDS, SSH, logs_in
from machine import Machine
from parts import eni, guest

pytestmark = NEEDS
running, keys, pair = login_pair.running, login_pair.keys, login_pair.pair
KNOCK = """
import socket, time
found = []
for _ in range(40):
    found.append(socket.create_connection(('10.0.1.10', 22)))
for one in found[:20]:
    one.close()
time.sleep(0.5)
"""
THROUGHOUT = """
import socket, threading, time
def connect():
    return socket.create_connection(('10.0.1.10', 22), 20)
refused, heard = [], []
def knock():
    with connect() as way:
        heard.append(way.recv(100))
first = threading.Thread(target=knock)
first.start()
after = 100
while after:
    try:
        connect().close()
    except OSError as error:
        refused.append(error)
    after -= not first.is_alive()
    time.sleep(0.002)
print(heard, refused)
"""


def test_nobody_is_refused_while_the_port_changes_hands(pair: Machine) -> None:
    """Somebody connects all the time, from before the first knock to long after its session has begun."""
    _, said = pair.exec("i-2", f'python3 -c "{THROUGHOUT}"')
    assert said.startswith("[b'SSH-2.0-"), said
    assert said.endswith(" []\n"), said
    pair.until(lambda: pair.exec("i-1", "test -e /run/elastinet-sshd.pid")[0] == 0, "the server")
    pair.until(lambda: logs_in(pair, "whoami") == (0, "ec2-user\n"), "a login")
    if pair.exec("i-1", "command -v nft")[0] == 0:
        pair.until(lambda: "elastinet_port" not in pair.exec("i-1", "nft list tables")[1], "the end of it")


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
