"""The packet of an answer, sent for real from one instance to another."""

import secrets
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from elastinet.cli.common import ask
from elastinet.cli.measure.guests import beside, said
from elastinet.serve.places import Server

TEXT = Path(__file__).with_name("in_guest.py")
UNREACHABLE = (
    "silent",
    "No route to host",
    "Network is unreachable",
    "Permission denied",
    "Host is unreachable",
)
"""What a sender says whose packets, or their answers, were lost or refused on the way."""
PING = {4: "ping", 6: "ping6"}


class Probe(NamedTuple):
    """Whether packets got through, None where none could be sent, and what was seen."""

    reachable: bool | None
    seen: str


def probe(server: Server, run: Path, packet: dict[str, Any] | None) -> Probe:
    """Send the packet of an answer, and say what became of it."""
    if server.fabric != "kernel":
        return Probe(None, "this server carries no packets (fabric none)")
    if packet is None:
        return Probe(None, "an end has no address of this version of IP")
    for end in ("sender", "receiver"):
        if not packet[end]:
            return Probe(None, f"the {end} is no instance")
    ask(server, "POST", "/_elastinet/settle?timeout=30")
    if fault := _fault(run, packet):
        return Probe(None, fault)
    return _ping(run, packet) if packet["protocol"] == "icmp" else _exchange(run, packet)


def _fault(run: Path, packet: dict[str, Any]) -> str:
    """Why an end cannot take part; "" where both can."""
    program = "busybox" if packet["protocol"] == "icmp" else "python3"
    for guest in (packet["sender"], packet["receiver"]):
        done = said(
            run, guest, ["sh", "-c", f"command -v {program} || echo {program} is not installed there >&2"]
        )
        if done.stderr:
            return f"{guest}: {done.stderr.strip().splitlines()[-1]}"
    return ""


def _ping(run: Path, packet: dict[str, Any]) -> Probe:
    bound = ["-I", packet["source"]] if packet["sender"] != "internet" else []
    command = ["busybox", PING[packet["version"]], "-c", "2", "-W", "1", *bound, packet["destination"]]
    done = said(run, packet["sender"], command)
    return Probe(done.returncode == 0, "answered" if done.returncode == 0 else "silent")


def _exchange(run: Path, packet: dict[str, Any]) -> Probe:
    """Listen at the receiver, send from the sender, and hear both."""
    text, word = TEXT.read_text(), secrets.token_hex(8)
    kind = (packet["protocol"], str(packet["version"]), str(packet["port"]))
    source = "" if packet["sender"] == "internet" else packet["source"]
    with beside(run, packet["receiver"], ["python3", "-c", text, "listen", *kind]) as listener:
        assert listener.stdout is not None
        state = listener.stdout.readline().strip()
        if state != "ready" and (state != "taken" or packet["protocol"] == "udp"):
            taken = f"another program has UDP port {packet['port']} there"
            return Probe(None, taken if state == "taken" else f"{packet['receiver']}: {state or 'it ended'}")
        command = ["python3", "-c", text, "send", *kind, source, packet["destination"], word]
        seen = said(run, packet["sender"], command)
        listener.terminate()
        heard = listener.communicate()[0]
    return _verdict(seen, arrived=word in heard.split())


def _verdict(seen: "subprocess.CompletedProcess[str]", *, arrived: bool) -> Probe:
    words = seen.stdout.strip() or seen.stderr.strip().rpartition("\n")[2]
    if words in ("answered", "refused"):
        return Probe(True, words)
    if arrived:
        return Probe(True, "arrived, without an answer")
    return Probe(False if words in UNREACHABLE else None, words)
