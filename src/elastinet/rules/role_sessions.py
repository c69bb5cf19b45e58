"""Sessions of instances' roles: a token says whose it is, so none is kept.

Only who has the server's own secret can make a token, or the secret key that belongs to one.
"""

import base64
import binascii
import hashlib
import hmac

import msgspec

SEAL_BYTES = 32
LONGEST_TOKEN = 4096
_SECRET_LETTERS = 40


class RoleSession(msgspec.Struct, frozen=True, array_like=True):
    """The role of an instance as it calls APIs, until a time (seconds since 1970)."""

    access_key_id: str
    owner: str
    role: str
    instance: str
    until: float


def token_of(session: RoleSession, secret: bytes) -> str:
    """The session's token."""
    said = msgspec.json.encode(session)
    return base64.b64encode(_seal(secret, b"token", said) + said).decode()


def read(token: str, secret: bytes) -> RoleSession | None:
    """The session that a token is of; None if nobody here has made it."""
    if len(token) > LONGEST_TOKEN:
        return None
    try:
        raw = base64.b64decode(token, validate=True)
    except (binascii.Error, ValueError):
        return None
    seal, said = raw[:SEAL_BYTES], raw[SEAL_BYTES:]
    if not hmac.compare_digest(seal, _seal(secret, b"token", said)):
        return None
    return msgspec.json.decode(said, type=RoleSession)


def secret_key(token: str, secret: bytes) -> str:
    """The secret access key that goes with a token."""
    return base64.b64encode(_seal(secret, b"key", token.encode())).decode()[:_SECRET_LETTERS]


def _seal(secret: bytes, purpose: bytes, said: bytes) -> bytes:
    return hmac.digest(secret, purpose + b"\0" + said, hashlib.sha256)
