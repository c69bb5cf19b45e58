"""Client tokens: a request with one happens once, however often it is sent (facts sheet, 13.2)."""

import hashlib
from collections.abc import Callable

import msgspec

from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.account import ClientToken
from elastinet.model.fault import Fault


def once(
    tx: Transaction, action: str, request: Request, make: Callable[[], str], *, longest: int = 64
) -> str:
    """The id that `make` gives, or the one it gave when this token was first used."""
    token = request.get("ClientToken")
    if not token:
        return make()
    if len(token) > longest or not token.isascii():
        raise Fault("InvalidParameterValue", f"Value ({token}) for parameter ClientToken is invalid.")
    key = f"{tx.owner}/{tx.region}/{action}/{token}"
    fingerprint = _fingerprint(request)
    used = tx.get(ClientToken, key)
    if used is None:
        result = make()
        tx.put(
            ClientToken(
                id=key, owner=tx.owner, region=tx.region, fingerprint=fingerprint, result=result, time=tx.now
            )
        )
        return result
    if used.fingerprint != fingerprint:
        raise Fault(
            "IdempotentParameterMismatch",
            "Arguments on this idempotent request are inconsistent with arguments used in previous "
            "request(s).",
        )
    request.accept_all()
    return used.result


def _fingerprint(request: Request) -> str:
    return hashlib.sha256(msgspec.json.encode(request.raw(), order="sorted")).hexdigest()
