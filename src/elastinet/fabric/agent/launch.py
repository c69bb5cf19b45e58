"""The command that starts the agent, and a check that this machine has all that it needs."""

import os
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from elastinet.fabric.agent import permission
from elastinet.fabric.kernel import features

AS_ROOT = ("--user", "--map-root-user")
AS_LENT = (*AS_ROOT, "--map-auto")


def agent_command(
    run: Path,
    disks: Path,
    host: int | None = None,
    engine: int | None = None,
    authority: Path | None = None,
    outside: int | None = None,
) -> list[str]:
    """Give the command that starts the agent in namespaces of its own; it ends with its parent.

    With a descriptor of a network namespace, `host`, public addresses are routed from there. `engine` is
    the engine's user, if that is not the agent's own. With the certificate of an authority, `authority`,
    AWS's endpoints are on the internet, and guests trust it. With a descriptor of a socket to the carrier's
    starter, `outside`, there is a way to the machine's network.
    """
    agent = [
        sys.executable,
        "-P",
        "-S",
        str(Path(__file__).with_name("seal.py")),
        "-P",
        "-m",
        "elastinet.fabric.agent.agent",
        "--run",
        str(run),
        "--disks",
        str(disks),
    ]
    agent += ["--host", str(host)] if host is not None else []
    agent += ["--outside", str(outside)] if outside is not None else []
    agent += ["--engine", str(engine)] if engine is not None else []
    agent += ["--authority", str(authority)] if authority is not None else []
    return [features.find("setpriv") or "setpriv", "--pdeathsig", "TERM", "--", *_unshare(), "--", *agent]


def _unshare() -> list[str]:
    if os.geteuid() == 0:
        return [_program(), "--net", "--mount", "--pid"]
    ids = AS_LENT if has_lent_ids() else AS_ROOT
    return [_program(), "--net", "--mount", "--pid", *ids]


def _program() -> str:
    return features.find("unshare") or "unshare"


@cache
def has_lent_ids() -> bool:
    """True if this user has been lent further ids (/etc/subuid), and can use them.

    Where a user namespace is refused, unshare with --map-auto leaves a process that waits for it for ever.
    """
    if os.geteuid() == 0 or features.find("newuidmap") is None:
        return False
    return all(
        subprocess.run([_program(), *ids, "--", "true"], capture_output=True, check=False).returncode == 0
        for ids in (AS_ROOT, AS_LENT)
    )


def run_with_lent_ids(command: Sequence[str]) -> None:
    """Run a command that may do with files of instances what it likes, whichever lent id owns them."""
    subprocess.run([_program(), *AS_LENT, "--", *command], check=True)


def check() -> dict[str, str]:
    """Say what is missing: for each feature one line of what to do. Empty when all is there."""
    missing = features.outside()
    if not missing.keys() & {"unshare", "busybox", "namespaces"}:
        missing |= permission.lacking(_unshare())
    return missing
