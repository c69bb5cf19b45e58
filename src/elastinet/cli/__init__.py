"""L5: the command line, one file per verb."""

import gc
import sys

from elastinet import __version__

RARELY = (50_000, 10, 10)
"""When garbage is collected: what is imported stays, and a command is over before there is much else."""


def main() -> None:
    """Run the command line; what it takes to read its words is not imported to tell the version."""
    if sys.argv[1:] == ["--version"]:
        print(f"elastinet {__version__}")
        return
    gc.set_threshold(*RARELY)
    from elastinet.cli import app

    app.main()


__all__ = ["main"]
