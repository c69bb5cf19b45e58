"""Session tokens of the metadata service: they prove themselves, so none is kept."""

import base64
import binascii
import hashlib
import hmac
import secrets
import struct

MOST_SECONDS = 21600


class Tokens:
    """Makes and checks tokens; one made for an instance is good for no other."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def make(self, instance_id: str, seconds: int, now: float) -> str:
        """A token for an instance that lives this long (1 to 21600 seconds)."""
        payload = struct.pack(">d", now + seconds) + secrets.token_bytes(8)
        return base64.urlsafe_b64encode(payload + self._seal(instance_id, payload)).decode()

    def is_good(self, token: str, instance_id: str, now: float) -> bool:
        """True if a token was made for this instance and has not expired at `now`."""
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return False
        payload, seal = raw[:16], raw[16:]
        if len(payload) < 16 or not hmac.compare_digest(seal, self._seal(instance_id, payload)):
            return False
        (end,) = struct.unpack(">d", payload[:8])
        return bool(now < end)

    def _seal(self, instance_id: str, payload: bytes) -> bytes:
        return hmac.digest(self._key, instance_id.encode() + payload, hashlib.sha256)
