"""`elastinet forward`."""

import re
import selectors
import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from elastinet.cli.common import CommandFailure, Port, State, find_server, run_folder, say_error
from elastinet.cli.exec import resolve
from elastinet.digits import whole
from elastinet.fabric.contract import client

CHUNK = 65536


class ForwardRule(NamedTuple):
    """A port here, and the instance and port that it leads to."""

    here: int
    guest: str
    there: int


def forward(
    rules: Annotated[list[str], typer.Argument(help="PORT:INSTANCE:PORT, the first one on this machine.")],
    udp: Annotated[bool, typer.Option("--udp", help="UDP instead of TCP.")] = False,
    host: Annotated[str, typer.Option(help="The address to listen on here.")] = "127.0.0.1",
    port: Port = None,
    state: State = None,
) -> None:
    """Reach ports inside instances from this machine, until Ctrl-C; no rule of theirs is asked."""
    server = find_server(port, state)
    run = run_folder(server)
    for text in rules:
        rule = parse(text)
        rule = rule._replace(guest=resolve(server, rule.guest))
        listener = listen(host, rule.here, udp)
        print(f"{host}:{listener.getsockname()[1]} leads to {rule.guest} port {rule.there}", flush=True)
        serve = serve_udp if udp else serve_tcp
        threading.Thread(target=serve, args=(listener, run, rule), daemon=True).start()
    threading.Event().wait()


def parse(text: str) -> ForwardRule:
    """A rule as the user writes it; raises CommandFailure."""
    parts = text.split(":")
    if len(parts) != 3 or not all(re.fullmatch("[0-9]+", part) for part in (parts[0], parts[2])):
        raise CommandFailure(f"'{text}' is not PORT:INSTANCE:PORT", 2)
    here, there = whole(parts[0], 0, 65535), whole(parts[2], 1, 65535)
    if here is None or there is None:
        raise CommandFailure(f"'{text}' names a port that cannot be", 2)
    return ForwardRule(here, parts[1], there)


def listen(host: str, port: int, udp: bool) -> socket.socket:
    """A socket for what comes from this machine; raises CommandFailure."""
    try:
        if not udp:
            return socket.create_server((host, port))
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listener.bind((host, port))
    except OSError as error:
        raise CommandFailure(f"cannot listen on {host} port {port}: {error.strerror}") from error
    return listener


def serve_tcp(listener: socket.socket, run: Path, rule: ForwardRule) -> None:
    """Join each connection with one inside the instance."""
    while True:
        outer, _ = listener.accept()
        threading.Thread(target=_join, args=(outer, run, rule), daemon=True).start()


def _join(outer: socket.socket, run: Path, rule: ForwardRule) -> None:
    with outer:
        try:
            inner = client.open_socket(run, rule.guest, port=rule.there)
        except client.AgentGone as error:
            say_error(f"{rule.guest} port {rule.there}: {error}")
            return
        with inner:
            back = threading.Thread(target=_pump, args=(inner, outer), daemon=True)
            back.start()
            _pump(outer, inner)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Copy one way until the source has no more, and pass that on."""
    with suppress(OSError):
        while data := source.recv(CHUNK):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def serve_udp(listener: socket.socket, run: Path, rule: ForwardRule) -> None:
    """Give each sender a socket of its own inside the instance, by which answers find back."""
    inner: dict[tuple[str, int], socket.socket] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not listener:
                    _answer(listener, key.fileobj, key.data)  # type: ignore[arg-type]
                    continue
                data, sender = listener.recvfrom(CHUNK)
                if sender not in inner:
                    inner[sender] = client.open_socket(run, rule.guest, port=rule.there, udp=True)
                    selector.register(inner[sender], selectors.EVENT_READ, sender)
                with suppress(ConnectionRefusedError):
                    inner[sender].send(data)


def _answer(listener: socket.socket, inner: socket.socket, sender: tuple[str, int]) -> None:
    with suppress(ConnectionRefusedError):  # nobody listens in there yet, as the sender may find out
        listener.sendto(inner.recv(CHUNK), sender)
