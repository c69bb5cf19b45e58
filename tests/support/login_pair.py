"""Two instances, one of which answers at port 22, and what logs in from the other."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from elastinet.fabric.agent.launch import has_lent_ids
from elastinet.fabric.kernel.features import find
from machine import Machine
from parts import ALL, eni, group, guest, network, table

NEEDS = [
    pytest.mark.skipif(not (find("sshd") and find("ssh")), reason="openssh-server is not installed"),
    pytest.mark.skipif(os.geteuid() != 0 and not has_lent_ids(), reason="there is no user but root"),
]
BASE = (network(), table(), group(ALL), group(id="sg-2"))
NOTE = "#!/bin/sh\nid -un ec2-user >/root/note; cat /home/ec2-user/.ssh/authorized_keys >>/root/note\n"
SSH = "ssh -i /root/{} -oConnectionAttempts=20 -oBatchMode=yes -oStrictHostKeyChecking=no -oUserKnownHostsFile=/dev/null -oLogLevel=ERROR ec2-user@10.0.1.10 {}"


@pytest.fixture(scope="module", params=["root", "lent"] if os.geteuid() == 0 else ["own"])
def running(request: pytest.FixtureRequest) -> Iterator[Machine]:
    machine = Machine("root" if request.param == "root" else "rootless", lent=request.param == "lent")
    yield machine
    machine.close()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """Two keys: each one's private and public half."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("mine", "other"):
        made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(folder / name)]
        subprocess.run(made, check=True, stdin=subprocess.DEVNULL)
    paths = {name: folder / name for name in ("mine", "other")}
    return {name: (path.read_text(), Path(f"{path}.pub").read_text().strip()) for name, path in paths.items()}


@pytest.fixture
def pair(machine: Machine, keys: dict[str, tuple[str, str]]) -> Machine:
    """An instance with a key, and a neighbour who has the private halves of two."""
    one = guest(1, user_data=NOTE, login_user="ec2-user", login_key=keys["mine"][1])
    machine.boot(*BASE, one, eni(1, "10.0.1.10"), guest(2), eni(2, "10.0.1.20"))
    for name, (private, _) in keys.items():
        machine.ok("i-2", f"umask 077; cat >/root/{name} <<'END'\n{private}END")
    return machine


def logs_in(machine: Machine, command: str, key: str = "mine") -> tuple[int, str]:
    return machine.exec("i-2", SSH.format(key, command))
