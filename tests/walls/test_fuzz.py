"""Each door fuzzed from inside a hostile instance for a while; `make fuzz` does so for an hour.

ELASTINET_FUZZ_SECONDS is the time of all doors together, ELASTINET_FUZZ_SEED what to begin with.
"""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from elastinet.fabric.contract import client
from fuzz.place import METADATA, Place
from fuzz.run import DOORS, fuzz

SECONDS = float(os.environ.get("ELASTINET_FUZZ_SECONDS", "20")) / len(DOORS)
SEED = os.environ.get("ELASTINET_FUZZ_SEED", "1")
PAGES = (
    "/_elastinet/health",
    "/_elastinet/status",
    "/_elastinet/reset",
    "/moto-api/reset",
    "/?Action=DescribeVpcs",
)


def machine_s() -> list[str]:
    """The addresses of this machine itself."""
    told = subprocess.run(["ip", "-4", "-o", "addr"], check=True, capture_output=True, text=True).stdout
    return [line.split()[3].partition("/")[0] for line in told.splitlines()]


@pytest.mark.timeout(SECONDS + 180)
@pytest.mark.parametrize("door", DOORS)
def test_door(tmp_path: Path, door: str, record_property: Callable[[str, object], None]) -> None:
    outcome = fuzz(door, tmp_path / "state", SECONDS, SEED, lambda *_: None)
    record_property("told", str(outcome))
    assert outcome.batches > 2, "it goes on after it has been looked at"


def test_an_instance_reaches_no_engine(tmp_path: Path) -> None:
    place = Place(tmp_path / "state")
    try:
        port = place.world.port
        for host in ("127.0.0.1", place.router, place.resolver, METADATA, "203.0.113.1", *machine_s()):
            with pytest.raises(client.AgentGone):
                place.connected(place.hostile, host, port).close()
        for page in PAGES:
            for method in ("GET", "POST"):
                with place.connected(place.neighbour, METADATA, 80) as asked:
                    asked.sendall(f"{method} {page} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())
                    status = asked.recv(65536)[:12]
                assert status in (b"HTTP/1.1 404", b"HTTP/1.1 405") or page.startswith("/?"), (page, status)
    finally:
        place.close()
