"""Access key ids of instance roles: each tells the account that it belongs to, so none is kept.

Any credentials are accepted; the account of a request is read off its access key id. A key id given
to an instance by the metadata service therefore carries its account: "ASIA", the account's number in
eight base-32 letters, and eight letters of a digest by which it is told from a stranger's key.
"""

import base64
import hashlib
import re

_FORM = re.compile(r"ASIA([A-Z2-7]{8})([A-Z2-7]{4})[A-Z2-7]{4}")
_ACCOUNT = re.compile(r"[0-9]{12}")


def role_key(account: str, seed: str) -> str:
    """The access key id of an account's role; the seed makes it another in time."""
    number = base64.b32encode(int(account).to_bytes(5, "big")).decode()
    return f"ASIA{number}{_digest(number)}{_digest(number + seed)}"


def account_of(key: str) -> str | None:
    """The account of an access key id: 12 digits, or a role's; None for any other."""
    if _ACCOUNT.fullmatch(key):
        return key
    form = _FORM.fullmatch(key)
    if form is None or _digest(form[1]) != form[2]:
        return None
    number = int.from_bytes(base64.b32decode(form[1]), "big")
    return f"{number:012d}" if number < 10**12 else None


def _digest(text: str) -> str:
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()[:4]
