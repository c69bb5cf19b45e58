"""Console output of instances."""

import base64
from collections.abc import Callable
from pathlib import Path

from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.instance import Instance

MOST_BYTES = 65536
"""EC2 shows the last 64 KB."""

Consoles = Callable[[str], bytes]


def read_console(disks: Path) -> Consoles:
    """The reader of consoles that are kept with the disks of instances."""

    def read(instance_id: str) -> bytes:
        path = disks / instance_id / "console.log"
        return path.read_bytes()[-MOST_BYTES:] if path.exists() else b""

    return read


def get_console_output(tx: Transaction, request: Request) -> Answer:
    """The end of an instance's console."""
    request.accept("Latest")  # it is always the latest
    instance = need(tx, Instance, "i", request["InstanceId"])
    text = tx.consoles(instance.id)
    output = base64.b64encode(text).decode()
    return {"InstanceId": instance.id, "Timestamp": moment(tx.now)} | ({"Output": output} if text else {})
