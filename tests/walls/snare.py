"""Runs in a guest: looks at every process that comes, and tries to change what it finds by it.

Prints a line for each file, not of the guest's mounts, that it could change or walk; ends when /tmp/enough is there.
"""

import os

NAMELESS = ("/memfd:", "pipe:", "socket:", "anon_inode:")
seen: set[str] = set()


def is_own(path: str) -> bool:
    """Whether what a path leads to is on a mount of the guest's."""
    fd = os.open(path, os.O_PATH)
    try:
        with open(f"/proc/self/fdinfo/{fd}") as told, open("/proc/self/mountinfo") as mounts:
            (number,) = (line.split()[1] for line in told if line.startswith("mnt_id"))
            return number in {line.split()[0] for line in mounts}
    finally:
        os.close(fd)


ATTEMPTS = {
    "chmod": lambda path: os.chmod(path, 0o4755),
    "utime": lambda path: os.utime(path),
    "open": lambda path: os.close(os.open(path, os.O_RDWR)),
    "list": lambda path: os.listdir(f"{path}/."),
}


def attempt(path: str) -> None:
    """Try all that one can do to a file that is not the guest's."""
    try:
        target = os.readlink(path)
        if target.startswith(NAMELESS) or is_own(path):
            return
    except OSError:
        return
    for name, change in ATTEMPTS.items():
        try:
            change(path)
        except OSError:
            continue
        print(name, path, target, flush=True)


def look(process: str) -> None:
    for place in ("exe", "root", "cwd"):
        attempt(f"{process}/{place}")
    for folder in ("fd", "map_files"):
        try:
            names = os.listdir(f"{process}/{folder}")
        except OSError:
            continue
        for name in names:
            attempt(f"{process}/{folder}/{name}")


print("ready", flush=True)
while not os.path.exists("/tmp/enough"):
    for name in os.listdir("/proc"):
        if name.isdecimal() and name != str(os.getpid()):
            seen.add(name)
            look(f"/proc/{name}")
print("seen", len(seen), flush=True)
