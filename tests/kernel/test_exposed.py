"""`--expose`: the machine that a server runs on reaches public addresses; here it is a namespace of the test's own."""

import os
import subprocess
import sys

import pytest

from commands import wait_until
from outside import REGION, Outside
from world import ELASTINET

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may expose")


@pytest.fixture
def outside(tmp_path):
    outside = Outside(tmp_path)
    outside.start()
    yield outside
    if outside.server:
        outside.stop()
    outside.holder.kill()
    outside.holder.wait()


def test_it_reaches_public_addresses_until_it_stops(outside):
    id, public = outside.run(sys.executable, "-c", REGION, outside.server["url"]).stdout.split()
    assert "198.18.0.0/15 via 203.0.113.1 dev elastinet0" in outside.routes()
    assert outside.pings(public)
    port = ["--port", str(outside.server["port"])]
    listener = subprocess.Popen(
        ["nsenter", f"--net=/proc/{outside.holder.pid}/ns/net", "--", "busybox", "httpd", "-f", "-p", "8099"]
    )
    try:
        ask = ("curl", "-s", "--max-time", "5", "203.0.113.2:8099")
        wait_until(lambda: outside.run(*ask, check=False).returncode == 0)
        for asker in (id, "internet"):
            asked = [
                ELASTINET,
                "exec",
                *port,
                asker,
                "--",
                "curl",
                "-s",
                "--max-time",
                "1",
                "203.0.113.2:8099",
            ]
            assert outside.run(*asked, check=False).returncode == 28, "nobody reaches this machine's services"
            asked[-1] = "-V"
            assert outside.run(*asked).returncode == 0
    finally:
        listener.kill()
        listener.wait()
    again = outside.run(ELASTINET, "start", "--expose", "--port", "0", "--state", ":memory:", check=False)
    assert (again.returncode, "exposed here already" in again.stderr) == (1, True)
    outside.stop()
    wait_until(lambda: not outside.routes())
    assert "elastinet0" not in outside.run("ip", "link").stdout


def test_a_guest_has_no_way_into_it(outside):
    id, _ = outside.run(sys.executable, "-c", REGION, outside.server["url"]).stdout.split()
    port = ["--port", str(outside.server["port"])]
    for who in (id, "internet"):
        look = "for p in /proc/[0-9]*; do readlink $p/fd/* $p/ns/net; done 2>/dev/null | grep ^net: | sort -u"
        found = outside.run(ELASTINET, "exec", *port, who, "--", "sh", "-c", look).stdout
        own = outside.run(ELASTINET, "exec", *port, who, "--", "readlink", "/proc/self/ns/net").stdout
        assert found == own, "it sees its own, and no other"


def test_only_with_packets():
    refused = subprocess.run(
        [ELASTINET, "start", "--expose", "--fabric", "none", "--port", "0", "--state", ":memory:"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (refused.returncode, "--fabric none" in refused.stderr) == (1, True)
