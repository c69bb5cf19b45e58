"""The AWS CLI as a program that is imported once: python aws_forks.py SOCKET forks for each command that it is asked for.

A command is a packet, with the descriptors of its output, of its errors and of what is told its exit code.
"""

import functools
import gc
import json
import os
import signal
import socket
import sys
import traceback

from awscli.clidriver import create_clidriver, main
from botocore.loaders import JSONFileLoader

LARGEST = 1 << 17
OWN = ("AWS_DATA_PATH",)
"""What the AWS CLI sets for itself as it is imported."""


def read_models() -> None:
    """Have every command find what it reads read already."""
    read = functools.cache(functools.partial(JSONFileLoader.load_file, JSONFileLoader()))
    JSONFileLoader.load_file = lambda _, path: read(path)
    session = create_clidriver().session
    key = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    for service in ("ec2", "iam", "ssm", "sts"):
        session.create_client(service, **key)
    gc.collect()
    gc.freeze()


def become(words: list[str], environ: dict[str, str], ends: list[int]) -> None:
    """Be `aws` with those words and no more than that environment."""
    code = 1
    own = {name: os.environ[name] for name in OWN}
    os.environ.clear()
    os.environ.update(environ | own)
    sys.argv = ["aws", *words]
    for fd, target in zip((os.open(os.devnull, os.O_RDONLY), *ends[:2]), (0, 1, 2), strict=True):
        os.dup2(fd, target)
    try:
        code = main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(ends[2], bytes([code]))
        os._exit(code)


def serve(asked: socket.socket) -> None:
    """Fork until nobody asks any more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody need wait for the children
    while True:
        data, ends, _, _ = socket.recv_fds(asked, LARGEST, 3)
        if not data:
            return
        if not os.fork():
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            become(*json.loads(data), ends)
        for end in ends:
            os.close(end)


if __name__ == "__main__":
    read_models()
    serve(socket.socket(fileno=int(sys.argv[1])))
