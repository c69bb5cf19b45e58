"""`elastinet start`."""

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from elastinet.cli.beginning import Beginning, prepared
from elastinet.cli.common import CommandFailure, Json, ask, configuration, print_json, say_error
from elastinet.cli.serving import become_daemon, end, ended, serve_here, stop, wait_for_child, wait_healthy
from elastinet.cli.terminal import progress
from elastinet.config import Config, unread
from elastinet.serve import logs, places
from elastinet.serve.listening import ListenError, listen
from elastinet.serve.supervisor import (
    StartError,
    Supervisor,
    check_exposure,
    check_fabric,
    check_outside,
    lock,
)

if TYPE_CHECKING:
    from elastinet.twin.original import Original

LOOPBACK = ("127.", "::1", "localhost")


def start(
    port: Annotated[int | None, typer.Option(help="Port of the API; 0 picks a free one.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    unix_socket: Annotated[
        str | None, typer.Option(help="Listen on this path instead of a port: no other user can.")
    ] = None,
    tls: Annotated[
        bool | None,
        typer.Option("--tls", help="Speak HTTPS, by an authority of its own; see 'elastinet env'."),
    ] = None,
    state: Annotated[str | None, typer.Option(help="Folder of the state, or :memory: to keep none.")] = None,
    fabric: Annotated[str | None, typer.Option(help="kernel: real packets; none: the API only.")] = None,
    rules: Annotated[str | None, typer.Option(help="Edition of EC2's rules: classic or 2026.")] = None,
    bandwidth_scale: Annotated[float | None, typer.Option(help="A factor for all bandwidths.")] = None,
    credit_time_scale: Annotated[
        float | None, typer.Option(help="Network I/O credits run out, and come back, so many times sooner.")
    ] = None,
    idle_time_scale: Annotated[
        float | None, typer.Option(help="Idle flows are forgotten so many times sooner.")
    ] = None,
    expose: Annotated[
        bool | None, typer.Option("--expose", help="Route public addresses from this machine (root only).")
    ] = None,
    outside: Annotated[
        str | None,
        typer.Option(
            metavar="[=lan]",
            help="Give instances a way to this machine's network; lan: also to private addresses.",
        ),
    ] = None,
    api_inside: Annotated[
        bool | None,
        typer.Option(help="Let instances call EC2 by AWS's own names, with the credentials of their roles."),
    ] = None,
    limits: Annotated[
        bool | None, typer.Option(help="Give instances no more processor time than their types' vCPUs.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="A configuration file (ELASTINET_CONFIG).")] = None,
    twin: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Be the twin of an account: of its dump in a folder.")
    ] = None,
    only: Annotated[str, typer.Option(metavar="VPC", help="Of a dump one VPC only, by its id or Name.")] = "",
    seed: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.py|DIR|SNAPSHOT",
            help="Begin with what a program, Terraform's files or a snapshot make.",
        ),
    ] = None,
    seed_keep: Annotated[
        bool, typer.Option("--seed-keep", help="Leave what a seed has made that fails half-way.")
    ] = False,
    foreground: Annotated[bool, typer.Option("--foreground", help="Stay in this terminal.")] = False,
    json: Json = False,
) -> None:
    """Start a server: an EC2 endpoint whose instances carry real packets."""
    if (ignored := unread(config)) is not None:
        say_error(f"{ignored} is not read: ask for it by --config or ELASTINET_CONFIG")
    settings = configuration(
        config,
        port=port,
        host=host,
        unix_socket=unix_socket,
        tls=tls,
        state=state,
        fabric=fabric,
        rules=rules,
        bandwidth_scale=bandwidth_scale,
        credit_time_scale=credit_time_scale,
        idle_time_scale=idle_time_scale,
        expose=expose,
        outside=outside,
        api_inside=api_inside,
        limits=limits,
    )
    beginning = prepared(settings, seed, keep=seed_keep, is_twin=twin is not None)
    original = _original(settings, twin, only)
    os.umask(0o077)  # for all processes of the server: what they make is nobody else's to read
    supervisor, handle = _prepare(settings, original)
    if not settings.unix_socket and not settings.host.startswith(LOOPBACK):
        say_error(f"warning: {settings.host} is not loopback, and any credentials are accepted by this API")
    path = logs.path_of(settings.state_folder, supervisor.run)
    if foreground:
        sys.exit(_here(supervisor, path, beginning))
    log = open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600), "ab+")  # noqa: SIM115
    log.seek(0, os.SEEK_END)
    pid = os.fork()
    if pid == 0:
        become_daemon(supervisor, path)
    supervisor.listener.close()
    supervisor.holder.close()
    if handle is not None:
        os.close(handle)
    with log:
        _report(supervisor, pid, log, beginning, as_json=json)


def _original(config: Config, dump: Path | None, only: str) -> "Original | None":
    """What the server is to be a twin of: of a dump, or of what its state is the twin of already."""
    if dump is None:
        if only:
            raise CommandFailure("--only is a VPC of a dump: name that by --twin", 2)
        folder = config.state_folder
        return _kept(folder) if folder and (folder / "twin").exists() else None
    from elastinet.dumps.finding import DumpError
    from elastinet.twin.original import read

    try:
        found = read(dump, only)
    except DumpError as error:
        raise CommandFailure(str(error), 2) from None
    for finding in found.findings:
        say_error(finding)
    return found


def _kept(folder: Path) -> "Original | None":
    from elastinet.serve.twins import kept
    from elastinet.store import JournalError

    try:
        return kept(folder)
    except JournalError as error:
        raise CommandFailure(str(error)) from None


def _prepare(config: Config, original: "Original | None") -> tuple[Supervisor, int | None]:
    try:
        check_exposure(config)
        check_outside(config)
        check_fabric(config)
        handle = lock(config.state_folder)
        return Supervisor(config, *listen(config), twin=_handed(original)), handle
    except (StartError, ListenError) as error:
        raise CommandFailure(str(error)) from error
    except OSError as error:
        raise CommandFailure(f"cannot start: {error}") from error


def _handed(original: "Original | None") -> tuple[int, str] | None:
    if original is None:
        return None
    from elastinet.serve.twins import handed

    return handed(original), original.region


def _here(supervisor: Supervisor, path: Path, beginning: Beginning) -> int:
    """Serve in this process, and begin beside it; gives the exit code."""
    own = os.getpid()
    child = os.fork() if beginning else 0
    if beginning and child == 0:
        code = 1
        supervisor.listener.close()
        supervisor.holder.close()
        try:
            code = _begin_beside(supervisor.server(own), beginning)
        finally:
            os._exit(code)
    served = serve_here(supervisor, path)
    supervisor.listener.close()  # who still calls is told at once that nobody is there
    supervisor.holder.close()
    return served or (ended(child) if child else 0)


def _begin_beside(server: places.Server, beginning: Beginning) -> int:
    """Begin once the server is healthy, and say what goes wrong; gives the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):  # whoever started us may have them ignored
        signal.signal(number, signal.default_int_handler)
    try:
        wait_healthy(server)
        beginning.run(server, end)
    except CommandFailure as error:
        say_error(str(error))
        return error.code
    except KeyboardInterrupt:
        return 130
    say_error(f"ready at {server.url}")
    return 0


def _report(supervisor: Supervisor, pid: int, log: BinaryIO, beginning: Beginning, *, as_json: bool) -> None:
    server = supervisor.server(pid)
    began, before = time.monotonic(), log.tell()
    try:
        with progress(f"starting on {server.url} …"):
            wait_for_child(server, log, before, pid)
    except BaseException:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        raise
    took = time.monotonic() - began
    beginning.run(server, stop)
    if as_json:
        ca = {"ca": server.ca} if server.ca else {}
        print_json({"url": server.url, "port": server.port, "pid": pid, "state": server.state} | ca)
        return
    from rich.console import Console  # which --json has no use for

    client = f'For any AWS client: [bold]eval "$(elastinet env --port {server.port})"[/]'
    if server.unix_socket:
        client = f"For curl: [bold]curl --unix-socket {server.unix_socket} http://localhost/[/]"
    Console().print(
        f"[green]ready[/] at [bold]{server.url}[/] in {took:.1f} s "
        f"(fabric {server.fabric}, state {server.state})\n{client}"
    )
    told = ask(server, "GET", "/_elastinet/progress")
    if told["up"] < told["guests"]:
        print(f"{told['guests']} instances come back: 'elastinet wait' waits for them")
