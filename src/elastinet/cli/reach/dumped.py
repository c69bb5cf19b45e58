"""An account's dump in the place of a server: read once, and what weakens its answers said on stderr."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from elastinet.cli.common import CommandFailure
from elastinet.cli.reach.checking import REFUSED
from elastinet.cli.terminal import printable

if TYPE_CHECKING:
    from elastinet.dumps.account import Dump
    from elastinet.dumps.finding import Finding
    from elastinet.model.state import State


def read(folder: Path) -> "Dump":
    """A dump; raises CommandFailure with the code 2 if it is none."""
    from elastinet.dumps.account import account
    from elastinet.dumps.finding import DumpError

    try:
        return account(folder)
    except DumpError as error:
        raise CommandFailure(str(error), REFUSED) from None


def say(findings: "tuple[Finding, ...]") -> None:
    """What weakens an answer, a line each on stderr."""
    for finding in findings:
        print(f"elastinet: {printable(str(finding))}", file=sys.stderr)


def why(state: "State", words: dict[str, str]) -> dict[str, Any]:
    """What a server's page would say of a question; raises CommandFailure if it is none."""
    from elastinet.model.fault import Fault
    from elastinet.operator.reaching import page

    try:
        return page(state, words)
    except Fault as fault:
        raise CommandFailure(fault.message, REFUSED) from None


def verify(state: "State", words: dict[str, str]) -> dict[str, Any]:
    """What a server's page would say of a row of assertions; raises CommandFailure if it cannot be asked."""
    from elastinet.model.fault import Fault
    from elastinet.operator.verifying import page

    try:
        return asyncio.run(page(state, words))
    except Fault as fault:
        raise CommandFailure(fault.message, REFUSED) from None
