"""`elastinet start`."""

import logging
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer
from rich.console import Console

from elastinet.cli.calling import call
from elastinet.cli.common import CommandFailure, Json, configuration, print_json, say_error
from elastinet.config import Config, unread
from elastinet.serve import logs, places
from elastinet.serve.listening import ListenError, listen
from elastinet.serve.supervisor import StartError, Supervisor, check_exposure, check_fabric, lock

if TYPE_CHECKING:
    from elastinet.twin.original import Original

PATIENCE_SECONDS = 20
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
    config: Annotated[Path | None, typer.Option(help="A configuration file (ELASTINET_CONFIG).")] = None,
    twin: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Be the twin of an account: of its dump in a folder.")
    ] = None,
    only: Annotated[str, typer.Option(metavar="VPC", help="Of a dump one VPC only, by its id or Name.")] = "",
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
    )
    original = _original(settings, twin, only)
    os.umask(0o077)  # for all processes of the server: what they make is nobody else's to read
    supervisor, handle = _prepare(settings, original)
    if not settings.unix_socket and not settings.host.startswith(LOOPBACK):
        say_error(f"warning: {settings.host} is not loopback, and any credentials are accepted by this API")
    if foreground:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s start %(levelname)s %(message)s")
        sys.exit(supervisor.serve())
    path = logs.path_of(settings.state_folder, supervisor.run)
    log = open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600), "ab+")  # noqa: SIM115
    log.seek(0, os.SEEK_END)
    pid = os.fork()
    if pid == 0:
        _become_daemon(supervisor, path)
    supervisor.listener.close()
    supervisor.holder.close()
    if handle is not None:
        os.close(handle)
    with log:
        _report(supervisor, pid, log, as_json=json)


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


def _become_daemon(supervisor: Supervisor, path: Path) -> None:
    """Go on in the background: a session of our own, the log instead of the terminal."""
    os.setsid()
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    keeper = logs.Keeper(path)
    for source, target in ((null, 0), (keeper.pipe, 1), (keeper.pipe, 2)):
        os.dup2(source, target)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s start %(levelname)s %(message)s")
    code = 1
    try:
        code = supervisor.serve()
    except Exception:
        logging.getLogger(__name__).exception("the server has a fault of its own")
    finally:
        for target in (1, 2):
            os.dup2(null, target)
        keeper.close()
        os._exit(code)


def _report(supervisor: Supervisor, pid: int, log: BinaryIO, *, as_json: bool) -> None:
    server = supervisor.server(pid)
    began, before = time.monotonic(), log.tell()
    try:
        with Console(stderr=True).status(f"starting on {server.url} …"):
            _wait(server, log, before, pid)
    except BaseException:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        raise
    if as_json:
        ca = {"ca": server.ca} if server.ca else {}
        print_json({"url": server.url, "port": server.port, "pid": pid, "state": server.state} | ca)
        return
    client = f'For any AWS client: [bold]eval "$(elastinet env --port {server.port})"[/]'
    if server.unix_socket:
        client = f"For curl: [bold]curl --unix-socket {server.unix_socket} http://localhost/[/]"
    Console().print(
        f"[green]ready[/] at [bold]{server.url}[/] in {time.monotonic() - began:.1f} s "
        f"(fabric {server.fabric}, state {server.state})\n{client}"
    )


def _wait(server: places.Server, log: BinaryIO, before: int, pid: int) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if os.waitpid(pid, os.WNOHANG) != (0, 0):
            raise CommandFailure(f"the server ended at once: {_last_line(log, before)}")
        if _is_healthy(server):
            return
        time.sleep(0.02)
    raise CommandFailure(f"the server was not ready after {PATIENCE_SECONDS} s: {_last_line(log, before)}")


def _is_healthy(server: places.Server) -> bool:
    try:
        with call(server, "GET", "/_elastinet/health", timeout=2):
            return True
    except OSError:
        return False


def _last_line(log: BinaryIO, before: int) -> str:
    """The end of what this start has logged; the file is still open here when the server has removed it."""
    log.seek(before)
    lines = log.read().decode(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("elastinet: ") if lines else "its log is empty"
