"""The command line as a program that is imported once: python elastinet_forks.py SOCKET.

What a verb imports itself it imports each time: only what all share is here already.
"""

import sys

import forking
from elastinet.cli import calling, common, main  # noqa: F401  what most verbs import

if __name__ == "__main__":
    forking.serve(int(sys.argv[1]), main, "elastinet")
