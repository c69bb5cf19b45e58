"""A region of a running server in which things are built, commands run and packets sent."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from elastinet.cli.common import CommandFailure, ask, run_folder
from elastinet.cli.lab.building import Building, Host
from elastinet.cli.lab.checks import Check
from elastinet.cli.measure.guests import said
from elastinet.cli.reach.probe import probe
from elastinet.cli.why import Asked, question
from elastinet.serve.places import Server

CLIENT = (sys.executable, "-P", "-m", "elastinet.fabric.contract.client")
PROGRAM = (sys.executable, "-P", "-c", "from elastinet.cli import main; main()")
INTERNET = "internet"


class Region(Building):
    """What is built in one account of a server, and what was checked there."""

    def __init__(self, server: Server, ec2: Any, account: str) -> None:
        self.server, self.account, self.folder = server, account, run_folder(server)
        self.checks: list[Check] = []
        self.heard: Callable[[Check], object] = lambda check: None
        super().__init__(ec2, self._settle)

    def _settle(self) -> None:
        """Wait until packets go by what the API was told; on EC2 one waits and hopes."""
        told = ask(self.server, "POST", "/_elastinet/settle?timeout=60", timeout=90)
        if told["failed"]:
            raise CommandFailure("; ".join(f"{key}: {why}" for key, why in told["failed"].items()))

    def check(self, claim: str, holds: bool, seen: str = "", *, expected: str = "yes") -> None:
        """Keep what was checked."""
        self.checks.append(Check(claim, expected, seen or ("yes" if holds else "no"), holds))
        self.heard(self.checks[-1])

    def reaches(self, claim: str, source: str, target: str, port: int | None = None, **how: bool) -> None:
        """Check that packets get from one end to another and back: TCP to a port, without one a ping."""
        reached, seen = self.sent(source, target, port, **how)
        self.check(claim, reached is True, seen, expected="an answer")

    def blocked(self, claim: str, source: str, target: str, port: int | None = None, **how: bool) -> None:
        """Check that they do not."""
        reached, seen = self.sent(source, target, port, **how)
        self.check(claim, reached is False, seen, expected="none")

    def sent(
        self, source: str, target: str, port: int | None = None, ipv6: bool = False
    ) -> tuple[bool | None, str]:
        """Whether packets got through, None where none could be sent, and what was seen."""
        protocol, number = ("icmp", "") if port is None else ("tcp", str(port))
        told = self.why(source, target, protocol, number, ipv6=ipv6)
        return probe(self.server, self.folder, told["packet"])

    def why(
        self, source: str, target: str, protocol: str = "tcp", port: str = "", *, ipv6: bool = False
    ) -> dict[str, Any]:
        """What `elastinet why` says of two ends."""
        return question(self.server, Asked(source, target, protocol, port, ipv6, False))

    def works(self, where: str, script: str) -> bool:
        """Whether a shell script ends well, inside an instance or on 'internet'."""
        self.settle()
        return said(self.folder, where, ["sh", "-c", script]).returncode == 0

    def run(self, where: str, script: str) -> str:
        """What a shell script that must succeed prints."""
        self.settle()
        done = said(self.folder, where, ["sh", "-c", script])
        if done.returncode:
            raise CommandFailure(f"{where}: {(done.stderr or done.stdout or script).strip()}")
        return done.stdout

    def pings(self, where: str, address: str) -> bool:
        """Whether an address answers a ping."""
        return self.works(where, f"ping -c 1 -W 1 {address}")

    def fetch(self, where: str, address: str) -> str:
        """What a web server says, or nothing if it does not answer within a second."""
        return self.run(where, f"curl -s --max-time 1 http://{address}/ || true").strip()

    def elastinet(self, verb: str, *words: str) -> str:
        """What another verb of the command line prints."""
        command = [*PROGRAM, verb, *words, "--port", str(self.server.port)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CommandFailure(done.stderr.strip().removeprefix("elastinet: "))
        return done.stdout

    def perf(self, one: str, other: str, *words: str) -> dict[str, Any]:
        """What `elastinet perf` measures; `figures` has the predicted and the measured Gbit/s as on EC2."""
        self.settle()
        told = json.loads(self.elastinet("perf", one, other, "--json", *words))
        figures = [f"{told[name] / 1e9:.2f}" for name in ("predicted_bps", "measured_bps")]
        return dict(told) | {"figures": figures}

    def racks(self) -> dict[str, str]:
        """The rack that each instance is on."""
        used = json.loads(self.elastinet("plant", "--json"))["used"]
        return {i["id"]: rack["rack"] for rack in used for host in rack["hosts"] for i in host["instances"]}

    def gap_ms(self, client: Host, address: str, change: Callable[[], object]) -> float:
        """The longest silence that a client polling an address sees while something changes."""
        self.settle()
        poll = f"ping -D -i 0.005 -c 400 -W 1 {address}"
        command = [*CLIENT, str(self.folder), client.id, "sh", "-c", poll]
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        ) as polling:
            time.sleep(0.5)  # of the two seconds that it polls
            change()
            changed = time.time()
            replies = [float(at) for at in re.findall(r"\[([\d.]+)\] 64 bytes", polling.communicate()[0])]
        if not replies or replies[-1] < changed:
            raise CommandFailure("the client had done with polling before the change was over")
        return max(after - before for before, after in pairwise(replies)) * 1000
