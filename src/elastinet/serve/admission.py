"""Who may call AWS's endpoints from inside an instance: the role of one, by what its credentials sign."""

import time
from collections.abc import Callable
from typing import NamedTuple

from elastinet.model.fault import Fault
from elastinet.rules import role_sessions
from elastinet.serve.api import SERVES, Asked
from elastinet.wire import signature as signatures

PATH = "/"
"""Of all calls of the services that are here."""
SKEW_SECONDS = 300
"""So far may the clock of who signs be from this one's."""
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key and signing method. Consult the service documentation for details."
)
UNKNOWN = "The security token included in the request is invalid."
EXPIRED = "The security token included in the request is expired"
NOT_VALIDATED = "AWS was not able to validate the provided access credentials"


class Refusals(NamedTuple):
    """A protocol's answers to who is not let in."""

    unsigned: Fault
    unknown: Fault
    mismatch: Fault
    expired: Fault
    late: Fault


OF_EC2 = Refusals(
    Fault(
        "MissingAuthenticationToken",
        "The request must contain either a valid (registered) AWS access key ID or X.509 certificate",
        403,
    ),
    Fault("AuthFailure", NOT_VALIDATED, 401),
    Fault("AuthFailure", NOT_VALIDATED, 401),
    Fault("RequestExpired", "Request has expired.", 400),
    Fault("RequestExpired", "Request has expired.", 400),
)
OF_QUERY = Refusals(
    Fault("MissingAuthenticationToken", "Request is missing Authentication Token", 403),
    Fault("InvalidClientTokenId", UNKNOWN, 403),
    Fault("SignatureDoesNotMatch", MISMATCH, 403),
    Fault("ExpiredToken", EXPIRED, 403),
    Fault("SignatureDoesNotMatch", "Signature expired: it was made too long ago", 403),
)
OF_JSON = Refusals(
    Fault("MissingAuthenticationTokenException", "Missing Authentication Token", 400),
    Fault("UnrecognizedClientException", UNKNOWN, 400),
    Fault("InvalidSignatureException", MISMATCH, 400),
    Fault("ExpiredTokenException", EXPIRED, 400),
    Fault("InvalidSignatureException", "Signature expired: it was made too long ago", 400),
)


class Admission:
    """Lets calls in that the role of an instance has signed."""

    def __init__(self, secret: bytes, clock: Callable[[], float] = time.time) -> None:
        self._secret, self._clock = secret, clock

    def __call__(self, asked: Asked, body: bytes) -> None:
        """Let a call in, or raise the Fault that its service would answer with."""
        refusals = _refusals(asked)
        request = asked.received(body)
        signature = signatures.read(request)
        if signature is None:
            raise refusals.unsigned
        session = role_sessions.read(signature.token, self._secret)
        if session is None or session.access_key_id != signature.access_key_id:
            raise refusals.unknown
        if not signatures.is_right(
            signature, request, role_sessions.secret_key(signature.token, self._secret)
        ):
            raise refusals.mismatch
        if session.until < self._clock():
            raise refusals.expired
        if not self._is_fresh(signature):
            raise refusals.late
        if request.path != PATH:
            raise Fault(asked.dialect.unknown, SERVES.format(asked.wanted))

    def _is_fresh(self, signature: signatures.Signature) -> bool:
        try:
            age = self._clock() - signature.moment
        except ValueError:
            return False
        return -SKEW_SECONDS <= age <= (SKEW_SECONDS if signature.seconds is None else signature.seconds)


def _refusals(asked: Asked) -> Refusals:
    if asked.dialect.is_ec2:
        return OF_EC2
    return OF_JSON if asked.dialect.is_json else OF_QUERY
