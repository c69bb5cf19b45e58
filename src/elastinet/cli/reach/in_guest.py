"""One end of a probe: this text is run by an instance's own Python, which has nothing of elastinet's.

listen PROTOCOL VERSION PORT            says "ready" or "taken", and then each message that it gets
send PROTOCOL VERSION PORT SOURCE TARGET WORD      says "answered", "refused", "silent", or why not
"""

import errno
import socket
import sys

TRIES, PATIENCE = 3, 0.5
FAMILIES = {"4": socket.AF_INET, "6": socket.AF_INET6}
KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


def listen(protocol: str, version: str, port: str) -> None:
    """Say what comes to a port, and send it back."""
    end = socket.socket(FAMILIES[version], KINDS[protocol])
    end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, protocol == "tcp")
    try:
        end.bind(("", int(port)))
    except OSError as error:
        print("taken" if error.errno == errno.EADDRINUSE else error.strerror, flush=True)
        return
    if protocol == "tcp":
        end.listen()
    print("ready", flush=True)
    while True:
        if protocol == "tcp":
            end.accept()[0].close()
            continue
        message, sender = end.recvfrom(64)
        print(message.decode(errors="replace"), flush=True)
        end.sendto(message, sender)


def send(protocol: str, version: str, port: str, source: str, target: str, word: str) -> str:
    """Connect, or send a word until it comes back."""
    end = socket.socket(FAMILIES[version], KINDS[protocol])
    try:
        if source:
            end.bind((source, 0))
        end.settimeout(PATIENCE * TRIES if protocol == "tcp" else PATIENCE)
        end.connect((target, int(port)))
        return "answered" if protocol == "tcp" else _echoed(end, word)
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "silent"
    except OSError as error:
        return f"{error.strerror}"


def _echoed(end: socket.socket, word: str) -> str:
    for _ in range(TRIES):
        end.send(word.encode())
        try:
            if end.recv(64) == word.encode():
                return "answered"
        except TimeoutError:
            continue
    return "silent"


if __name__ == "__main__":
    role, *words = sys.argv[1:]
    if role == "listen":
        listen(*words)
    else:
        print(send(*words), flush=True)
