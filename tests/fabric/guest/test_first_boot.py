"""User data in its envelopes, as it runs in an instance."""

import base64
import gzip
import random
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

from msgspec.structs import replace

from elastinet.fabric.contract.objects import Guest
from machine import Machine
from parts import ALL, eni, group, guest, network, table

BASE = (network(), table(), group(ALL))


def with_data(data: bytes, boot: int = 1) -> Guest:
    return replace(guest(1, boot=boot), user_data=base64.b64encode(data).decode())


def log(machine: Machine) -> str:
    return (machine.disks / "i-1" / "console.log").read_text()


def boot(machine: Machine, data: bytes, word: str) -> None:
    """Boot anew, until the console has a word as often as there were boots."""
    number = log(machine).count(word) + 1 if (machine.disks / "i-1" / "console.log").exists() else 1
    machine.boot(*BASE, with_data(data, number), eni(1, "10.0.1.10"))
    machine.until(lambda: log(machine).count(word) == number, f"{word} for the {number}. time")


def test_parts_run_in_order_and_as_often_as_they_say(machine: Machine) -> None:
    parts = {
        "x-shellscript": "#!/bin/sh\necho script >> /root/runs; exit 7\n",
        "x-shellscript-per-boot": "#!/bin/sh\necho each boot >> /root/runs\n",
        "x-shellscript-per-once": "#!/bin/sh\necho once >> /root/runs\n",
        "cloud-boothook": "#!/bin/sh\necho hook of $INSTANCE_ID >> /root/runs\n",
        "cloud-config": "packages: [nginx]\n",
    }
    message = MIMEMultipart()
    for kind, text in parts.items():
        message.attach(MIMEText(text, kind))
    boot(machine, message.as_bytes(), "user data: ended with status")
    first = ["hook of i-1", "once", "each boot", "script"]
    assert machine.ok("i-1", "cat /root/runs").splitlines() == first
    assert "user data: /var/lib/cloud/instance/scripts/part-001 ended with status 7\n" in log(machine)
    assert "user data: ended with status 7\n" in log(machine)
    assert "user data: #cloud-config needs an image with cloud-init, and is not run\n" in log(machine)
    boot(machine, message.as_bytes(), "user data: ended with status")
    assert machine.ok("i-1", "cat /root/runs").splitlines() == [*first, "hook of i-1", "each boot"]


def test_a_script_may_be_large_when_it_is_unpacked(machine: Machine) -> None:
    """Larger than any message between two processes, in the 16 KiB that user data has."""
    filler = b"# the same words again, and again\n" * 60_000
    script = b"#!/bin/sh\n" + filler + b"wc -c < $0 > /root/size; printf '%d' 42 >> /root/size\n"
    packed = gzip.compress(script)
    assert len(packed) < 16384 < 1 << 20 < len(script)
    boot(machine, packed, "user data: ended with status 0")
    assert machine.ok("i-1", "cat /root/size") == f"{len(script)}\n42"


def test_what_is_no_user_data_is_said(machine: Machine) -> None:
    noise = random.Random(1).randbytes(2000)
    boot(machine, noise, "is of no kind that cloud-init knows, and is not run")
    assert "ended with status" not in log(machine)
