"""The files of a new disk that must never be the host's: what it is called, and what it is known by."""

import contextlib
import os

MACHINE_ID = "etc/machine-id"
OTHER_MACHINE_ID = "var/lib/dbus/machine-id"
"""Where D-Bus looks; on many machines a link to the other."""
LOCAL = "127.0.0.1 localhost\n::1 localhost ip6-localhost\n"


def write(disk: str, hostname: str, own_names: str, *, is_whole: bool = False) -> None:
    """Write them above the host's, or a whole image's; `own_names` is a line of hosts(5), or nothing."""
    upper = f"{disk}/upper"
    _write(f"{upper}/etc/hostname", f"{hostname}\n")
    _write(f"{upper}/etc/hosts", LOCAL + own_names)
    _write(f"{upper}/etc/resolv.conf", "")
    _write(f"{upper}/{MACHINE_ID}", f"{os.urandom(16).hex()}\n")
    if not is_whole and os.path.isfile(f"/{OTHER_MACHINE_ID}") and not os.path.islink(f"/{OTHER_MACHINE_ID}"):
        os.makedirs(os.path.dirname(f"{upper}/{OTHER_MACHINE_ID}"), exist_ok=True)
        with contextlib.suppress(FileExistsError):  # a start that was broken off may have left it
            os.symlink(f"/{MACHINE_ID}", f"{upper}/{OTHER_MACHINE_ID}")


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
