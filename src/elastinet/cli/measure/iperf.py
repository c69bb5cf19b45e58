"""iperf3 between two instances: a receiver, a sender, the rates in between, and what arrived."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from elastinet.cli.common import CommandFailure
from elastinet.cli.measure.guests import beside, said
from elastinet.digits import decimal

_RATE = re.compile(r"\[(?:SUM| *\d+)\] .*?([0-9.]+) Kbits/sec")
_SUM = "[SUM]"


class IperfRun(NamedTuple):
    """A run of iperf3; `udp_bps` is the rate of each UDP flow in bits a second, `datagram` its bytes."""

    source: str
    target: str
    address: str
    port: int
    seconds: float
    connections: int = 1
    mptcp: bool = False
    udp_bps: float | None = None
    datagram: int = 1472


class IperfResult(NamedTuple):
    """The receiver's bits of data a second, and the number of TCP segments that were sent again."""

    bps: float
    retransmits: int | None


def need_programs(run: Path, guests: Sequence[str], *, mptcp: bool) -> None:
    """Look that the instances have what they need; raises CommandFailure."""
    programs = ["iperf3", "mptcpize", "ip"] if mptcp else ["iperf3"]
    for guest in guests:
        for program in programs:
            if said(run, guest, ["sh", "-c", f"command -v {program}"]).returncode:
                raise CommandFailure(
                    f"{program} is not installed on {guest}: it is this machine's package", 2
                )


def measure(run: Path, asked: IperfRun, heard: Callable[[float], None]) -> IperfResult:
    """Send, tell each second's rate (bits of data a second), and give what arrived; raises CommandFailure."""
    head = ["mptcpize", "run", "iperf3"] if asked.mptcp else ["iperf3"]
    port = ["-p", str(asked.port)]
    server = [*head, "-s", "-1", *port, "-i", "1", "-f", "k", "--forceflush"]
    with beside(run, asked.target, server) as receiver:
        _listening(receiver, asked)
        with beside(run, asked.source, [*head, "-c", asked.address, *port, *_options(asked), "-J"]) as sender:
            for bps in _rates(receiver, asked.connections):
                heard(bps)
            answer, _ = sender.communicate(timeout=asked.seconds + 30)
    return _measured(answer)


def _options(asked: IperfRun) -> list[str]:
    options = ["-t", f"{asked.seconds:.0f}", "-P", str(asked.connections), "--connect-timeout", "5000"]
    if asked.udp_bps is None:
        return options
    return [*options, "-u", "-b", f"{asked.udp_bps:.0f}", "-l", str(asked.datagram)]


def _listening(receiver: "subprocess.Popen[str]", asked: IperfRun) -> None:
    assert receiver.stdout is not None
    said = []
    for line in receiver.stdout:
        if "listening" in line:
            return
        said.append(line.strip())
    raise CommandFailure(f"iperf3 does not listen on {asked.target}: {' '.join(said) or 'it ended'}")


def _rates(receiver: "subprocess.Popen[str]", connections: int) -> Iterator[float]:
    """The rate of each interval, as the receiver tells of it while it lasts."""
    assert receiver.stdout is not None
    for line in receiver.stdout:
        if "receiver" in line:
            return
        found = _RATE.search(line)
        if found and (connections == 1 or line.startswith(_SUM)):
            yield (decimal(found[1], 0) or 0.0) * 1000


def _measured(answer: str) -> IperfResult:
    try:
        told: dict[str, Any] = json.loads(answer[answer.index("{") :])
    except ValueError as error:
        raise CommandFailure(f"iperf3 says: {answer.strip() or 'nothing'}") from error
    if "error" in told:
        raise CommandFailure(f"iperf3 says: {told['error']}")
    end = told["end"]
    return IperfResult(end["sum_received"]["bits_per_second"], end["sum_sent"].get("retransmits"))
