"""The server without a fabric as a program that is imported once: python server_forks.py SOCKET."""

import sys

import forking
from elastinet.serve.rehearsal import rehearse
from elastinet.serve.server import main

if __name__ == "__main__":
    rehearse()  # what every server reads and compiles first
    forking.serve(int(sys.argv[1]), main, "server")
