"""`elastinet capture`."""

import socket
import struct
import sys
import time
from pathlib import Path
from typing import Annotated, BinaryIO, Literal
from urllib.parse import quote

import typer

from elastinet.cli.common import CommandFailure, Port, State, ask, find_server, run_folder
from elastinet.fabric.contract import client

# The classic pcap format: microseconds, whole frames, Ethernet.
HEADER = struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1)
LARGEST = 262144


def capture(
    interface: Annotated[str, typer.Argument(help="A network interface's id.")],
    write: Annotated[Path, typer.Option("--write", "-w", help="The pcap file; - for standard output.")],
    side: Annotated[str, typer.Option(help="Which end: instance, or router (the VPC's).")] = "instance",
    count: Annotated[int | None, typer.Option("--count", "-c", help="Stop after this many packets.")] = None,
    port: Port = None,
    state: State = None,
) -> None:
    """Write the packets of an interface to a file, until Ctrl-C."""
    if side not in ("instance", "router"):
        raise CommandFailure(f"--side is instance or router, not {side}", 2)
    server = find_server(port, state)
    place = ask(server, "GET", f"/_elastinet/interface?id={quote(interface)}")
    at: Literal["guest", "router"] = "guest" if side == "instance" else "router"
    namespace, device = place[at]
    try:
        packets = client.open_socket(run_folder(server), namespace, device=device)
    except client.AgentGone as error:
        raise CommandFailure(str(error)) from error
    print(f"capturing {device} of {namespace}", file=sys.stderr, flush=True)
    if str(write) == "-":
        _record(packets, sys.stdout.buffer, count)
        return
    with write.open("wb") as file:
        _record(packets, file, count)


def _record(packets: socket.socket, file: BinaryIO, count: int | None) -> None:
    """Write each frame with its time, at once, so that a file is whole whenever one looks."""
    file.write(HEADER)
    file.flush()
    seen = 0
    while count is None or seen < count:
        frame = packets.recv(LARGEST)
        seconds, fraction = divmod(time.time(), 1)
        file.write(struct.pack("=IIII", int(seconds), int(fraction * 1e6), len(frame), len(frame)) + frame)
        file.flush()
        seen += 1
