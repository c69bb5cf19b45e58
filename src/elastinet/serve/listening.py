"""The API's listening socket: on a port, or on a path that only its owner can open."""

import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

from elastinet.config import Config

BACKLOG = 1024


class ListenError(Exception):
    """No listener can be made at an address; the message is one line that says why and what to do."""


def listen(config: Config) -> tuple[socket.socket, socket.socket]:
    """The socket that the API answers on, and the one that keeps the port; they are one without a path.

    A server on a path has a port nevertheless, as its number among servers: it is held, and nobody listens
    there. Raises ListenError.
    """
    if not config.unix_socket:
        listener = _bound(config.host, config.port, share=True)
        return listener, listener
    holder = _bound("127.0.0.1", config.port, share=False)
    try:
        return _at_path(Path(config.unix_socket)), holder
    except OSError as error:
        holder.close()
        raise ListenError(
            f"cannot listen on {config.unix_socket} ({error}): choose another with --unix-socket"
        ) from error


def _bound(host: str, port: int, *, share: bool) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, share)
    try:
        bound.bind((host, port))
        if share:  # of two that have the port, one may listen
            bound.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        bound.close()
        advice = "choose another with --port, or stop what is there (elastinet stop)"
        raise ListenError(f"cannot listen on {host} port {port} ({error}): {advice}") from error
    return bound


def _at_path(path: Path) -> socket.socket:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.parent.stat()
    if found.st_uid not in (0, os.geteuid()) or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(f"others can put files into {path.parent}")
    _clear(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    except BaseException:
        listener.close()
        raise
    finally:
        os.umask(mask)
    listener.listen(BACKLOG)
    return listener


def _clear(path: Path) -> None:
    """Take away a socket that nobody listens on any more; anything else stays, and is in the way."""
    with suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.lstat().st_mode) and not _answers(path):
            path.unlink()


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        try:
            caller.connect(str(path))
        except ConnectionRefusedError:
            return False
        except OSError:
            return True
    return True
