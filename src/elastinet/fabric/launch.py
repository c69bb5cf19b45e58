"""How the agent is started, and whether it can be."""

import os
import subprocess
import sys
from pathlib import Path

from elastinet.fabric import features


def agent_command(run: Path, disks: Path, host: int | None = None, engine: int | None = None) -> list[str]:
    """Give the command that starts the agent in namespaces of its own; it ends with its parent.

    With a descriptor of a network namespace, `host`, public addresses are routed from there. `engine` is
    the engine's user, if that is not the agent's own.
    """
    agent = [sys.executable, "-P", "-m", "elastinet.fabric.agent", "--run", str(run), "--disks", str(disks)]
    agent += ["--host", str(host)] if host is not None else []
    agent += ["--engine", str(engine)] if engine is not None else []
    return [features.find("setpriv") or "setpriv", "--pdeathsig", "TERM", "--", *_unshare(), "--", *agent]


def _unshare() -> list[str]:
    command = [features.find("unshare") or "unshare", "--net", "--mount", "--pid"]
    return command if os.geteuid() == 0 else [*command, "--user", "--map-root-user"]


def check() -> dict[str, str]:
    """Say what is missing: for each feature one line of what to do. Empty when all is there."""
    missing = features.outside()
    if missing:
        return missing
    tried = subprocess.run([*_unshare(), "--", "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        return {"namespaces": f"this user may not make namespaces ({tried.stderr.strip()}): run as root"}
    return {}
