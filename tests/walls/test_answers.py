"""Whoever answers at a server's port in its place: a command hears a whole answer, or says that it has none."""

import socket
import threading
from urllib.error import HTTPError

import pytest

from elastinet.cli import calling
from elastinet.cli.calling import call
from elastinet.serve.places import Server

BROKEN = {
    "nothing": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "no status": b"HTTP/1.1 abc\r\nContent-Length: 0\r\n\r\n",
    "an odd status": b"HTTP/1.1 9999 x\r\nContent-Length: 0\r\n\r\n",
    "digits of another script": "HTTP/1.1 \u0662\u0660\u0660\r\nContent-Length: 0\r\n\r\n".encode(),
    "no length": b"HTTP/1.1 200 OK\r\n\r\n{}",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "less than it says": b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}",
    "more than it says": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{}",
    "no end of the head": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n",
}


def asked(answer: bytes) -> bytes:
    """What a command reads of an answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=say, args=(listener, answer))
        thread.start()
        try:
            port = listener.getsockname()[1]
            with call(Server(0, "127.0.0.1", port, "", "none"), "GET", "/", timeout=10) as reply:
                return bytes(reply.read())
        finally:
            thread.join()


def say(listener: socket.socket, answer: bytes) -> None:
    """Answer one request, whatever it is."""
    connection, _ = listener.accept()
    with connection:
        while not connection.recv(1 << 16).endswith(b"\r\n\r\n"):
            pass
        connection.sendall(answer)


def test_a_whole_answer_is_read() -> None:
    assert asked(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}") == b"{}"


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_answer_is_an_error_of_the_connection(what: str) -> None:
    with pytest.raises(ConnectionResetError):
        asked(BROKEN[what])


def test_an_answer_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "LARGEST", 1000)
    with pytest.raises(ConnectionResetError, match="too large"):
        asked(b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + bytes(2000))


def test_a_refusal_is_told() -> None:
    with pytest.raises(HTTPError) as refused:
        asked(b"HTTP/1.1 418 no tea\r\nContent-Length: 3\r\n\r\nwhy")
    assert (refused.value.code, refused.value.reason, refused.value.read()) == (418, "no tea", b"why")
    refused.value.close()
