"""Whose something is, as requests name accounts."""

import re
from collections.abc import Iterable

from elastinet.model.fault import Fault

ALIASES = ("self", "amazon", "aws-backup-vault", "aws-marketplace")
ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)


def check(names: Iterable[str]) -> None:
    """Refuse names that are no account's."""
    for name in names:
        if name not in ALIASES and not ACCOUNT.fullmatch(name):
            raise Fault("InvalidUserID.Malformed", f'Invalid user id: "{name}"')
