"""The agent's process: into namespaces of its own, then a socket, a spawner, a fabric, and a loop."""

import gc
import os
import signal
import sys
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from elastinet.fabric.guest import cgroups

ENDING = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
ENDING_SECONDS = 5.0


class Options(NamedTuple):
    """What the agent is started with."""

    run: Path
    """The folder of its socket."""
    disks: Path
    """The folder of the instances' disks."""
    host: int | None
    """The descriptor of a network namespace to expose to."""
    outside: int | None
    """The descriptor of a socket to who starts the way out."""
    engine: int | None
    """The engine's user, if not this one."""
    authority: str | None
    """The file of an authority's certificate: there are AWS's endpoints, of which guests trust this."""


def main() -> NoReturn:
    """Fork the first process of the new PID namespace, and stay to end it and to tidy up after it."""
    gc.disable()  # until it serves: what is imported stays
    options = _options(sys.argv[1:])
    os.umask(0o077)  # what guests see is made with a mask of its own
    ready, parent = os.pipe()
    groups = cgroups.make(os.getpid())
    child = os.fork()
    if not child:
        os.close(parent)
        _be_first(options, groups, ready)
    try:
        sys.exit(_guard(child, options.run / "agent.sock"))
    finally:
        cgroups.leave(groups)
        cgroups.remove(groups, ENDING_SECONDS)


def _options(given: list[str]) -> Options:
    """The options, each a name and a value, as `launch.agent_command` gives them; argparse takes its time."""
    named = dict(zip(given[::2], given[1::2], strict=True))
    authority, numbers = named.pop("--authority", None), ("--host", "--outside", "--engine")
    host, outside, engine = (int(named.pop(name)) if name in named else None for name in numbers)
    options = Options(Path(named.pop("--run")), Path(named.pop("--disks")), host, outside, engine, authority)
    if named:
        raise ValueError(f"no options of the agent's: {' '.join(named)}")
    return options


def _guard(child: int, path: Path) -> int:
    """Wait for the agent; end it at once when asked to end.

    Signals are waited for, not handled: a handler that is due as a wait for the child begins runs after it.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {*ENDING, signal.SIGCHLD})
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if signal.sigwait({*ENDING, signal.SIGCHLD}) in ENDING:
            os.kill(child, signal.SIGKILL)
    path.unlink(missing_ok=True)
    code = os.waitstatus_to_exitcode(ended[1])
    return 0 if code == -signal.SIGKILL else abs(code)


def _be_first(options: Options, groups: tuple[Path, ...], parent: int) -> NoReturn:
    """Be the agent; what cannot go on is said in one line."""
    from elastinet.fabric.kernel import kernel

    code = 1
    try:
        kernel.die_with_parent(signal.SIGKILL)
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        _serve(options, groups)
    except Exception as error:
        if "ELASTINET_DEBUG" in os.environ:
            raise
        print(f"elastinet agent: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def _serve(options: Options, groups: tuple[Path, ...]) -> None:
    from elastinet.fabric.agent import descriptors
    from elastinet.fabric.contract.names import images_beside
    from elastinet.fabric.guest import spawning, ucounts
    from elastinet.fabric.guest.contents import Contents
    from elastinet.fabric.guest.image import build
    from elastinet.fabric.kernel import isolate, kernel, privileges

    run, disks = options.run.resolve(), options.disks.resolve()
    authority = options.authority and Path(options.authority).read_text()
    images = images_beside(disks)
    folders = (run, disks, images)
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    isolate.enter((*folders, *groups))
    isolate.cover_run(folders)
    privileges.lock_memory()
    kernel.join_new_keyring()
    if rootless := isolate.is_rootless():
        ucounts.confine_all()
    offered = None
    if options.outside is not None:
        from elastinet.rules import proxies

        offered = proxies.offered(os.environ)
    image = build(folders, rootless, authority, offered, cgroups.divided(groups))
    connection = spawning.fork_spawner(image, Contents(images, image, authority), _make_content)
    outside = None
    if options.outside is not None:
        from elastinet.fabric.agent.outside import Home

        outside = options.outside, Home()
    descriptors.raise_limit()  # the spawner keeps the old limit, and so do guests

    from elastinet.fabric.agent.server import AgentServer

    AgentServer(
        run, disks, connection, groups, image, options.host, options.engine,
        endpoints=authority is not None, outside=outside,
    ).serve()  # fmt: skip


def _make_content(asked: dict[str, Any], fds: list[int]) -> None:
    """Be a process that makes the content of an image; what it needs no other process has to have."""
    from elastinet.fabric.images import work

    work.main(asked, fds)
