"""`elastinet top` and the counters of `elastinet nic`, without packets: what a terminal, a pipe and a program get."""

import os
import pty
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3

from commands import NONE, PROGRAM, Run, refused, told, wait_until
from programs import Program


def one_instance(server: dict[str, Any]) -> str:
    """Launch a c5.large."""
    key = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    ec2 = boto3.client("ec2", endpoint_url=server["url"], **key)
    (image,) = ec2.describe_images(Filters=[{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}])[
        "Images"
    ]
    asked = {"ImageId": image["ImageId"], "InstanceType": "c5.large", "MinCount": 1, "MaxCount": 1}
    return str(ec2.run_instances(**asked)["Instances"][0]["InstanceId"])


def test_top_and_counters(run: Run) -> None:
    """Without a terminal it is one table; without packets that is said, and there are no counters."""
    id = one_instance(told(run("start", *NONE, "--state", "state")))
    wait_until(lambda: "running" in run("nic", id, "--state", "state").stdout)
    head, out, received, caption = run("top", "--state", "state").stdout.splitlines()
    assert head.split()[:4] == ["instance", "type", "rate", "of"]
    assert out.split() == [id, "c5.large", "out", *"0 bit/s 0% 10.000 Gbit/s 100%".split()]
    assert received.split()[0] == "in"
    assert "No packets are carried" in caption
    out, received = told(run("top", "--json", "--state", "state"))
    assert (out["instance"], out["direction"], out["bps"], out["allowance_bps"]) == (id, "out", 0, 10**10)
    assert (received["credits"], received["seconds_to_empty"], received["binding"]) == (1, None, None)
    refused(run("nic", id, "--stats", "--state", "state"), 1, id, "no packets are carried")
    (eni,) = told(run("nic", id, "--stats", "--json", "--state", "state"))["interfaces"]
    assert (eni["device"], eni["counters"]) == ("eth0", None)
    wrong = run("top", "--interval", "0", "--state", "state")
    assert (wrong.returncode, "--interval" in wrong.stderr) == (2, True)


def test_top_in_a_terminal_until_ctrl_c(run: Run, tmp_path: Path) -> None:
    id = one_instance(told(run("start", *NONE, "--state", "state")))
    mine, its = pty.openpty()
    environ = os.environ | {"TERM": "xterm", "COLUMNS": "120", "LINES": "20"}
    command = [*PROGRAM, "top", "--interval", "0.1", "--state", str(tmp_path / "state")]
    with Program(command, stdin=its, stdout=its, stderr=its, env=environ, start_new_session=True) as top:
        os.close(its)
        screen = drawn(mine, until=lambda text: text.count(id) >= 2)
        top.send_signal(signal.SIGINT)
        screen += drawn(mine, until=lambda text: False)
        assert top.wait(30) == 0
    os.close(mine)
    assert screen.index("\x1b[?1049h") < screen.index(id) < screen.rindex("\x1b[?1049l")
    assert "Traceback" not in screen


def drawn(terminal: int, until: Callable[[str], bool]) -> str:
    """What a program draws on a terminal, until it is enough or the program has ended."""
    text, end = "", time.monotonic() + 30
    while not until(text):
        assert time.monotonic() < end, text
        try:
            text += os.read(terminal, 1 << 16).decode()
        except OSError:  # the other end is closed
            return text
    return text
