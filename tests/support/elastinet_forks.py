"""The command line as a program that is imported once, with all its verbs: python elastinet_forks.py SOCKET."""

import sys

import elastinet.forecast  # noqa: F401  what `predict` imports as it goes
import forking
from elastinet.catalog.instance_types import instance_types
from elastinet.cli import calling, common, main  # noqa: F401  what most verbs import
from elastinet.cli.app import VERBS, app_of
from elastinet.cli.reach import dumped, probe, show  # noqa: F401  what `why` and `verify` import as they go

if __name__ == "__main__":
    app_of(VERBS)
    instance_types()
    forking.serve(int(sys.argv[1]), main, "elastinet")
