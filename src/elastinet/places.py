"""Where a running elastinet keeps its files, and how another process finds it."""

import os
import shutil
import stat
import sys
from pathlib import Path

import msgspec

from elastinet.config import Config

GIVE_UP = 3
"""The exit code by which a child tells its supervisor not to start it again."""


class Server(msgspec.Struct, frozen=True):
    """What a running server tells about itself."""

    pid: int
    host: str
    port: int
    state: str
    fabric: str
    unix_socket: str = ""

    @property
    def url(self) -> str:
        """Where its API answers."""
        if self.unix_socket:
            return f"unix:{self.unix_socket}"
        return f"http://[{self.host}]:{self.port}" if ":" in self.host else f"http://{self.host}:{self.port}"


def runtime_folder(port: int) -> Path:
    """The folder of sockets and logs of the server on a port; it lasts as long as the server."""
    if os.geteuid() == 0:
        base = Path("/run/elastinet")
    elif runtime := os.environ.get("XDG_RUNTIME_DIR"):
        base = Path(runtime) / "elastinet"
    else:
        base = Path(f"/tmp/elastinet-{os.geteuid()}")
    return base / str(port)


def make_private(folder: Path) -> Path:
    """A folder that is ours alone; refuses one that somebody else has put there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.geteuid():
        raise PermissionError(f"{folder} belongs to somebody else")
    return folder


def disks_folder(config: Config, run: Path) -> Path:
    """Where the disks of instances are: with the state, or with the runtime files if none is kept."""
    state = config.state_folder
    return (state or run) / "disks"


def announce(server: Server, config: Config, run: Path) -> None:
    """Let other processes find a server: by its port, and by its state."""
    text = msgspec.json.encode(server)
    (run / "server.json").write_bytes(text)
    if config.state_folder:
        (config.state_folder / "server.json").write_bytes(text)


def withdraw(config: Config, run: Path) -> None:
    """Leave nothing behind that lasts only as long as a server."""
    if config.state_folder:
        (config.state_folder / "server.json").unlink(missing_ok=True)
    remove_tree(run)


def remove_tree(folder: Path) -> None:
    """Delete a folder, also what an overlay has left unreadable in it; one that is not there is no fault."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except PermissionError:
        _open_up(folder)
        shutil.rmtree(folder)


def _open_up(folder: Path) -> None:
    """Let the owner into every folder below one; links are not followed."""
    for path, names, _ in os.walk(folder):
        for inner in (Path(path) / name for name in names):
            if not inner.is_symlink():
                inner.chmod(stat.S_IRWXU)


def find(port: int | None, state: str | None, default_port: int) -> Server | None:
    """The running server on a port, or with a state."""
    folder = (
        Path(state)
        if port is None and state and state != ":memory:"
        else runtime_folder(port or default_port)
    )
    try:
        server = msgspec.json.decode((folder / "server.json").read_bytes(), type=Server)
    except (OSError, msgspec.DecodeError):
        return None
    return server if is_alive(server.pid) else None


def is_alive(pid: int) -> bool:
    """Whether a process is there, and is more than a zombie that its parent has not buried yet."""
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
