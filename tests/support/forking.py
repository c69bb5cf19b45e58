"""The loop of a program that is imported once and forks for each command that it is asked for.

A command is a packet, with the descriptors of its output, of its errors, of what is told its process id and
then its exit code, and of what else it is given: FD among its words is the number of that.
"""

import gc
import json
import os
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Callable

LARGEST = 1 << 17
FD = "{fd}"
PID = struct.Struct("=i")

Main = Callable[[], object]


def serve(fd: int, main: Main, name: str, own: tuple[str, ...] = ()) -> None:
    """Fork until nobody asks any more. Variables that are the program's `own` stay in every environment."""
    gc.collect()
    gc.freeze()
    asked = socket.socket(fileno=fd)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody need wait for the children
    while True:
        data, ends, _, _ = socket.recv_fds(asked, LARGEST, 4)
        if not data:
            return
        if not os.fork():
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            asked.close()
            words, environ, cwd = json.loads(data)
            kept = {variable: os.environ[variable] for variable in own}
            os.write(ends[2], PID.pack(os.getpid()))
            given = [str(ends[3]) if word == FD else word for word in words]
            _become([name, *given], environ | kept, cwd, ends[:2])
            _end(main, ends[2])
        for end in ends:
            os.close(end)


def _become(argv: list[str], environ: dict[str, str], cwd: str, output: list[int]) -> None:
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(cwd)
    sys.argv = argv
    for fd, target in zip((os.open(os.devnull, os.O_RDONLY), *output), (0, 1, 2), strict=True):
        os.dup2(fd, target)
        os.close(fd)


def _end(main: Main, told: int) -> None:
    """Run the program, and tell its exit code as Python would give it."""
    code = 1
    try:
        code = _code(main())
    except SystemExit as end:
        code = _code(end.code)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(told, bytes([code]))
        os._exit(code)


def _code(given: object) -> int:
    if given is None or isinstance(given, int):
        return given or 0
    print(given, file=sys.stderr)
    return 1
