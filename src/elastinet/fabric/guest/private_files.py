"""The files of a new disk that must never be the host's: what it is called, and what it is known by."""

import contextlib
import os

MACHINE_ID = "etc/machine-id"
OTHER_MACHINE_ID = "var/lib/dbus/machine-id"
"""Where D-Bus looks; on many machines a link to the other."""
LOCAL = "127.0.0.1 localhost\n::1 localhost ip6-localhost\n"


def write(disk: str, hostname: str, own_names: str, *, is_whole: bool = False) -> list[str]:
    """Write them above the host's, or a whole image's; `own_names` is a line of hosts(5), or nothing.

    Gives what was made.
    """
    upper = f"{disk}/upper"
    files = {
        "etc/hostname": f"{hostname}\n",
        "etc/hosts": LOCAL + own_names,
        "etc/resolv.conf": "",
        MACHINE_ID: f"{os.urandom(16).hex()}\n",
    }
    for name, text in files.items():
        _write(f"{upper}/{name}", text)
    made = [f"{upper}/{name}" for name in files]
    if not is_whole and os.path.isfile(f"/{OTHER_MACHINE_ID}") and not os.path.islink(f"/{OTHER_MACHINE_ID}"):
        folders = ("var/lib", "var/lib/dbus")
        for name in folders:
            with contextlib.suppress(FileExistsError):  # a start that was broken off may have left it
                os.mkdir(f"{upper}/{name}")
        with contextlib.suppress(FileExistsError):
            os.symlink(f"/{MACHINE_ID}", f"{upper}/{OTHER_MACHINE_ID}")
        made += [f"{upper}/{name}" for name in (*folders, OTHER_MACHINE_ID)]
    return made


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)
