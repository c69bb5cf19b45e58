"""L5: the command line, one file per verb."""

from elastinet.cli.app import main

__all__ = ["main"]
