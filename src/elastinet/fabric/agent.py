"""The agent's process: into namespaces of its own, then a socket, a spawner, a fabric, and a loop.

Start it through `launch.agent_command`, which makes the namespaces.
"""

import argparse
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn


def main() -> NoReturn:
    """Fork the first process of the new PID namespace, and stay to end it and to tidy up after it."""
    arguments = argparse.ArgumentParser(prog="elastinet-agent", description=__doc__)
    arguments.add_argument("--run", type=Path, required=True, help="folder of the agent's socket")
    arguments.add_argument("--disks", type=Path, required=True, help="folder of the instances' disks")
    arguments.add_argument("--host", type=int, help="descriptor of a network namespace to expose to")
    options = arguments.parse_args()
    os.umask(0o077)  # what guests see is made with a mask of its own
    ready, parent = os.pipe()
    child = os.fork()
    if not child:
        os.close(parent)
        _be_first(options.run.resolve(), options.disks.resolve(), options.host, ready)
    sys.exit(_guard(child, options.run / "agent.sock"))


def _guard(child: int, path: Path) -> int:
    """Wait for the agent; end it at once when asked to end."""

    def end(number: int, _frame: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    _, status = os.waitpid(child, 0)
    path.unlink(missing_ok=True)
    code = os.waitstatus_to_exitcode(status)
    return 0 if code == -signal.SIGKILL else abs(code)


def _be_first(run: Path, disks: Path, host: int | None, parent: int) -> NoReturn:
    """Be the agent; what cannot go on is said in one line."""
    from elastinet.fabric import kernel

    code = 1
    try:
        kernel.die_with_parent(signal.SIGKILL)
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        _serve(run, disks, host)
    except Exception as error:
        if "ELASTINET_DEBUG" in os.environ:
            raise
        print(f"elastinet agent: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def _serve(run: Path, disks: Path, host: int | None) -> None:
    from elastinet.fabric import descriptors, isolate, privileges, spawning
    from elastinet.fabric.image import build

    run.mkdir(parents=True, exist_ok=True, mode=0o700)
    disks.mkdir(parents=True, exist_ok=True, mode=0o700)
    isolate.enter()
    isolate.cover_run((run, disks))
    privileges.lock_memory()
    connection = spawning.fork_spawner(build((run, disks), isolate.is_rootless()))
    descriptors.raise_limit()  # the spawner keeps the old limit, and so do guests

    from elastinet.fabric.server import Server

    Server(run, disks, connection, host).serve()


if __name__ == "__main__":
    main()
