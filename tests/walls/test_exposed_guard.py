"""Nobody reaches the machine by `--expose`, not even who is root in the internet's namespace and does all he can."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import wait_until
from outside import REGION, Outside
from world import ELASTINET

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may expose")

SERVICE = """
import socket, threading
def stream():
    with socket.create_server(("0.0.0.0", 8099)) as listener:
        while True:
            with listener.accept()[0] as asker:
                asker.recv(1000)
                asker.sendall(b"reached")
def datagrams():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("0.0.0.0", 8099))
        while True:
            listener.sendto(b"reached", listener.recvfrom(100)[1])
threading.Thread(target=datagrams, daemon=True).start()
print("ready", flush=True)
stream()
"""
ASK_TCP = "curl -s --http0.9 --max-time 1 203.0.113.2:8099"
ASK_UDP = (
    'python3 -c "import socket; s = socket.socket(2, 2); s.settimeout(1); '
    's.sendto(b\\"hello\\", (\\"203.0.113.2\\", 8099)); print(s.recv(100))"'
)
ASK_PING = "ping -c 1 -W 1 203.0.113.2 >/dev/null && echo reached"
ASKED = f"{{ {ASK_TCP}; {ASK_UDP}; {ASK_PING}; }} 2>&1"
TRICKS = {
    "asks": "true",
    "flushes every rule": "nft flush ruleset",
    "adds a rule that accepts": "nft flush ruleset; nft add table ip a; "
    "nft add chain ip a o '{ type filter hook output priority -500; policy accept; }'",
    "sends from another address": "nft flush ruleset; ip addr add 203.0.113.77/32 dev lo; "
    "ip route replace 203.0.113.2 dev host0 src 203.0.113.77",
    "sends from the machine's own address": "ip addr add 203.0.113.2/32 dev host0; "
    "ip route flush table local; ip route add 203.0.113.2 dev host0",
    "asks what stands in between": "ip route add 203.0.113.3 dev host0; ip addr add 203.0.113.1/24 dev host0",
    "moves the link to a namespace of its own": "nft flush ruleset; unshare -n sleep 300 & p=$!; "
    "until [ $(readlink /proc/$p/ns/net) != $(readlink /proc/self/ns/net) ]; do sleep 0.1; done; "
    "until ip link set host0 netns $p 2>/dev/null; do sleep 0.1; done; "
    "nsenter -n -t $p sh -c 'ip link set host0 up; ip addr add 203.0.113.1/30 dev host0; "
    f"{ASKED}; true'; kill $p",
}
"""The last one takes the link away for good, so it is tried last."""


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Outside, str, str]]:
    """A machine that is a namespace of the test's own, with a service, an instance and its public address."""
    outside = Outside(tmp_path_factory.mktemp("exposed"))
    enter = ["nsenter", f"--net=/proc/{outside.holder.pid}/ns/net", "--", sys.executable, "-c", SERVICE]
    service = subprocess.Popen(enter, stdout=subprocess.PIPE, text=True)
    try:
        assert service.stdout
        assert service.stdout.readline() == "ready\n"
        outside.start()
        id, public = outside.run(sys.executable, "-c", REGION, outside.server["url"]).stdout.split()
        yield outside, id, public
        outside.stop()
    finally:
        for process in (service, outside.holder):
            process.kill()
            process.wait()
        service.stdout.close()


def inside(outside: Outside, who: str, script: str) -> subprocess.CompletedProcess[str]:
    port = str(outside.server["port"])
    done = outside.run(ELASTINET, "exec", "--port", port, who, "--", "sh", "-c", f"{script}; echo asked")
    assert done.stdout.endswith("asked\n"), done  # to the end: it has not failed
    return done


def test_the_machine_asks_and_is_answered(exposed: tuple[Outside, str, str]) -> None:
    outside, id, public = exposed
    assert "reached" in outside.run("curl", "-s", "--http0.9", "--max-time", "5", "203.0.113.2:8099").stdout
    assert outside.pings(public)
    inside(outside, id, "busybox httpd -p 80 -h /etc")
    assert outside.run("curl", "-sf", "--max-time", "5", f"{public}/hostname").stdout.startswith("ip-")


@pytest.mark.parametrize("trick", TRICKS)
def test_the_internets_root_does_not_reach_it(trick: str, exposed: tuple[Outside, str, str]) -> None:
    outside, id, _ = exposed
    done = inside(outside, "internet", f"{TRICKS[trick]}; {ASKED}")
    assert "reached" not in done.stdout, done.stdout
    assert "reached" not in inside(outside, id, ASKED).stdout


def test_what_the_guard_says_is_out_of_reach(exposed: tuple[Outside, str, str]) -> None:
    """Its namespace is the agent's alone: no process of anybody's is in it."""
    outside, id, _ = exposed
    for who in ("internet", id):
        look = "for p in /proc/[0-9]*; do nsenter -n -t ${p#/proc/} ip link; done"
        seen = inside(outside, who, look).stdout
        assert "lo:" in seen
        assert "outside0" not in seen


def test_all_of_it_goes_with_the_server(tmp_path: Path) -> None:
    outside = Outside(tmp_path)
    try:
        outside.start()
        outside.run(sys.executable, "-c", REGION, outside.server["url"])
        assert "elastinet0" in outside.run("ip", "link").stdout
        outside.stop()
        wait_until(lambda: "elastinet0" not in outside.run("ip", "link").stdout)
        outside.start()
        wait_until(lambda: "elastinet0" in outside.run("ip", "link").stdout)
        outside.stop()
        wait_until(lambda: "elastinet0" not in outside.run("ip", "link").stdout)
    finally:
        if outside.server:
            outside.stop()
        outside.holder.kill()
        outside.holder.wait()
