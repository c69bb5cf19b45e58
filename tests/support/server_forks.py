"""The server without a fabric as a program that is imported once: python server_forks.py SOCKET."""

import sys

import forking
from elastinet.serve.server import main
from elastinet.wire.service import service

if __name__ == "__main__":
    service()  # what every server reads first
    forking.serve(int(sys.argv[1]), main, "server")
