"""Paths of a running elastinet's files, and the file by which another process finds it."""

import logging
import os
import sys
from pathlib import Path

import msgspec

from elastinet import folders
from elastinet.config import Config
from elastinet.deletion import remove_tree

log = logging.getLogger(__name__)

STATE_FILES = tuple(
    (
        "journal.* before-repair* identity.pem ca.* roles.key inside.* lock log* server.json disks images "
        "twin"
    ).split()
)
"""elastinet's own files in a state's folder, in which a user may have others."""
ANSWERING = "tls.pem"
"""The key and the certificates that a server answers TLS with, in its runtime folder."""
INSIDE, INSIDE_CA = "inside.pem", "inside.ca.pem"
"""The same for AWS's endpoints, and the certificate of their authority, which instances trust."""
GIVE_UP = 3
"""The exit code by which a child tells its supervisor not to start it again."""


class Server(msgspec.Struct, frozen=True):
    """A running server as other processes know it."""

    pid: int
    host: str
    port: int
    state: str
    fabric: str
    unix_socket: str = ""
    ca: str = ""
    """The file with the certificate of the authority that its own one is of, if it speaks TLS."""
    region: str = "us-east-1"
    """Where clients are sent that name no region."""

    @property
    def url(self) -> str:
        """The URL of its API."""
        if self.unix_socket:
            return f"unix:{self.unix_socket}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.ca else 'http'}://{host}:{self.port}"


def runtime_folder(port: int) -> Path:
    """The folder of sockets and logs of the server on a port; it lasts as long as the server."""
    return runtime_folders() / str(port)


def runtime_folders() -> Path:
    """The folder of this user's runtime folders."""
    if os.geteuid() == 0:
        return Path("/run/elastinet")
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        return Path(runtime) / "elastinet"
    return Path(f"/tmp/elastinet-{os.geteuid()}")


def make_private(folder: Path) -> Path:
    """A folder that only we can enter; raises Untrusted where others could replace it."""
    folders.secure(folder).chmod(folders.PRIVATE_FOLDER)
    return folder


def secure_state(state: Path) -> None:
    """See that a state is ours: nobody else writes to its folder or on the way to it, or reads our files."""
    folders.secure(state)
    for name in STATE_FILES:
        for path in state.glob(name):
            folders.tighten(path)


def disks_folder(config: Config, run: Path) -> Path:
    """The folder of instances' disks: in the state's folder, or with the runtime files without one."""
    state = config.state_folder
    return (state or run) / "disks"


def announce(server: Server, config: Config, run: Path) -> None:
    """Let other processes find a server: by its port, and by its state."""
    text = msgspec.json.encode(server)
    folders.write_private(run / "server.json", text)
    if config.state_folder:
        try:
            folders.write_private(config.state_folder / "server.json", text)
        except OSError as error:  # on a full disk it is found by its port
            log.warning("the server is not found by its state: %s", error)


def withdraw(config: Config, run: Path) -> None:
    """Leave nothing behind that lasts only as long as a server."""
    if config.state_folder:
        (config.state_folder / "server.json").unlink(missing_ok=True)
    remove(run)


def remove(folder: Path) -> None:
    """Delete a folder of ours, also what belongs in it to users of instances."""
    try:
        remove_tree(folder)
    except PermissionError:
        from elastinet.fabric.agent import launch

        if not launch.has_lent_ids():
            raise
        command = [sys.executable, "-P", "-m", "elastinet.deletion", str(folder)]
        launch.run_with_lent_ids(command)


def find(port: int | None, state: str | None, default_port: int) -> Server | None:
    """The running server on a port, or with a state; Untrusted if others could tell us of another."""
    folder = (
        Path(state)
        if port is None and state and state != ":memory:"
        else runtime_folder(port or default_port)
    )
    try:
        text = folders.read_own(folders.check(folder) / "server.json")
        server = msgspec.json.decode(text, type=Server)
    except folders.Untrusted:
        raise
    except (OSError, msgspec.DecodeError):
        return None
    return server if is_alive(server.pid) else None


def is_alive(pid: int) -> bool:
    """True if a process exists and is not a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return sys.platform != "linux"
