"""The secret by which the credentials of instances' roles are made, and known again."""

import secrets
from pathlib import Path

from elastinet import folders

FILE = "roles.key"
BYTES = 32


def of_roles(state: Path | None) -> bytes:
    """The secret in a state's folder, so that credentials outlive a restart; raises OSError."""
    if state is None:
        return secrets.token_bytes(BYTES)
    path = state / FILE
    try:
        found = folders.read_own(path)
    except FileNotFoundError:
        found = b""
    if len(found) != BYTES:
        found = secrets.token_bytes(BYTES)
        folders.write_private(path, found)
    return found
