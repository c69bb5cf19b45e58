"""Python for Ansible's modules, with what all of them import and read in memory: a fork of it runs each.

`forks.py SOCKET FOLDER` waits for programs, with the collections of the folder, until its standard input ends.
`forks.py SOCKET` has its own standard input run there, as Python would; it imports next to nothing.
"""

import os
import sys

STANDARD = (0, 1, 2)


def warm(collections: str) -> None:
    """Import what modules import, and keep the files that botocore reads."""
    import functools
    import gc
    import importlib

    import boto3
    from botocore.loaders import JSONFileLoader

    sys.path.append(collections)
    for name in ("waiters", "modules", "ec2"):
        importlib.import_module(f"ansible_collections.amazon.aws.plugins.module_utils.{name}")
    importlib.import_module("ansible.module_utils._internal._ansiballz._loader")
    read = functools.cache(functools.partial(JSONFileLoader.load_file, JSONFileLoader()))
    JSONFileLoader.load_file = lambda _, path: read(path)
    boto3.client("ec2", region_name="us-east-1")
    gc.freeze()


def serve(path: str) -> None:
    """Run one program after the other, each in a fork."""
    import select
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen()
        print("ready", flush=True)
        while select.select([listener, sys.stdin], [], [])[0] == [listener]:
            caller, _ = listener.accept()
            with caller:
                _, files, _, _ = socket.recv_fds(caller, 1, len(STANDARD))
                if not (child := os.fork()):
                    run(files)
                    return
                for file in files:
                    os.close(file)
                caller.send(bytes([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 255]))


def run(files: list[int]) -> None:
    """Be the program that the first of the files holds."""
    for file, number in zip(files, STANDARD, strict=True):
        os.dup2(file, number)
        os.close(file)
    with open(0, closefd=False) as source:
        program = compile(source.read(), "<stdin>", "exec")
    exec(program, {"__name__": "__main__"})


def ask(path: str) -> int:
    """Have standard input run; gives its exit code."""
    import _socket
    from array import array

    server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    server.connect(path)
    server.sendmsg([b"\0"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, array("i", STANDARD))])
    return server.recv(1)[0]


if __name__ == "__main__":
    if len(sys.argv) == 2:
        sys.exit(ask(sys.argv[1]))
    warm(sys.argv[2])
    serve(sys.argv[1])
