"""The options by which an ssh client reaches an instance: its own way in, and a key that is let in."""

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from elastinet.cli.common import CommandFailure, run_folder
from elastinet.fabric.kernel import features
from elastinet.serve.places import Server

Options = list[tuple[str, str]]
KEY = "id_ed25519"


def options(server: Server, row: dict[str, Any], identity: Path) -> Options:
    """All that a client needs for an instance.

    No host key is asked for: the way leads to this instance and to no other, by the agent's own socket.
    Nobody hears what goes that way, so that the cheapest of the key exchanges is asked for.
    """
    return [
        ("HostName", row["id"]),
        ("User", row["user"]),
        ("IdentityFile", _quoted(str(identity))),
        ("IdentitiesOnly", "yes"),
        ("StrictHostKeyChecking", "no"),
        ("UserKnownHostsFile", "/dev/null"),
        ("KexAlgorithms", "^curve25519-sha256"),
        ("LogLevel", "ERROR"),
        ("ProxyCommand", f"{_program()} ssh --port {server.port} --stdio {row['id']}"),
    ]


def _program() -> str:
    """This program, as ssh has a shell start it."""
    installed = Path(sys.executable).with_name("elastinet")
    words = [str(installed)] if installed.exists() else [sys.executable, "-c", _MAIN]
    return shlex.join(words).replace("%", "%%")


_MAIN = "from elastinet.cli import main; main()"


def _quoted(path: str) -> str:
    """A path in which ssh finds no blanks and no signs of its own."""
    if '"' in path or "\n" in path:
        raise CommandFailure(f"ssh takes no such path for a key: {path}")
    return '"{}"'.format(path.replace("\\", "\\\\").replace("%", "%%"))


def own_key(server: Server) -> Path:
    """The key of this server's user, made when it is first asked for; the public one is beside it.

    Who may run anything in an instance may log in to it, too.
    """
    folder = run_folder(server) / "ssh"
    if not (folder / KEY).exists():
        _make(folder)
    return folder / KEY


def public(key: Path) -> str:
    """The public half of a key."""
    return key.with_suffix(".pub").read_text(encoding="utf-8").strip()


def _make(folder: Path) -> None:
    fresh = Path(tempfile.mkdtemp(prefix=".ssh-", dir=folder.parent))
    command = [
        program("ssh-keygen"),
        "-q",
        "-t",
        "ed25519",
        "-N",
        "",
        "-C",
        "elastinet",
        "-f",
        str(fresh / KEY),
    ]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    try:
        os.rename(fresh, folder)
    except OSError:
        if not (folder / KEY).exists():  # else another has been faster
            raise
        for path in (*fresh.iterdir(), fresh):
            path.rmdir() if path.is_dir() else path.unlink()


def program(name: str) -> str:
    """The path of one of the client's programs; raises CommandFailure where it is not installed."""
    found = features.find(name)
    if found is None:
        raise CommandFailure(f"{name} is not installed: 'elastinet doctor' tells the package")
    return str(found)
