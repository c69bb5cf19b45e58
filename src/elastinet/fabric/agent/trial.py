"""A trial of the fabric: an agent is started, says what this machine lacks, and is ended."""

import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO

import msgspec

from elastinet.fabric.agent import launch
from elastinet.fabric.contract.messages import Hello
from elastinet.fabric.contract.protocol import Inbox, connect_to_own

PATIENCE_SECONDS = 20
ENDING_SECONDS = 10


def hello(folder: Path) -> Hello:
    """What an agent says first of all, with its files in a folder of ours; OSError if it cannot start."""
    run = folder / "run"
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        command = launch.agent_command(run, folder / "disks")
        agent = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            with _connected(agent, run / "agent.sock", said) as connection:
                return _heard(connection)
        finally:
            _end(agent)


def _connected(agent: "subprocess.Popen[bytes]", path: Path, said: IO[str]) -> socket.socket:
    end = time.monotonic() + PATIENCE_SECONDS
    while agent.poll() is None and time.monotonic() < end:
        try:
            return connect_to_own(path)
        except (FileNotFoundError, ConnectionRefusedError):
            time.sleep(0.02)
    said.seek(0)
    lines = said.read().strip().splitlines()
    raise OSError(f"the agent does not start: {lines[-1] if lines else 'it says nothing'}")


def _heard(connection: socket.socket) -> Hello:
    connection.settimeout(PATIENCE_SECONDS)
    inbox = Inbox()
    while inbox.fill(connection):
        for line in inbox.lines():
            return msgspec.json.decode(line, type=Hello)
    raise OSError("the agent has ended without a word")


def _end(agent: "subprocess.Popen[bytes]") -> None:
    agent.terminate()
    try:
        agent.wait(ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        agent.kill()
        agent.wait()
