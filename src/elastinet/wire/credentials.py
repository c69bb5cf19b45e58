"""The account, region and service of a request, by its signature, which nobody verifies."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from elastinet.model.fault import Fault
from elastinet.wire.form import fields

_SCOPE = r"([\w.=@:-]{1,256})/[0-9]{8}/([a-z0-9-]{1,64})/([a-z0-9-]{1,64})/aws4_request"
_PRESIGNED = re.compile(_SCOPE, re.ASCII)
_ALGORITHM = "AWS4-HMAC-SHA256"
_IN_HEADER = re.compile(rf"[\s,]Credential={_SCOPE}(?=[\s,]|$)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Credentials:
    """The access key id, the region, the service and the token of a request, as far as it names them."""

    access_key_id: str | None = None
    region: str | None = None
    service: str | None = None
    token: str = ""


def caller(headers: Mapping[str, str], query: bytes = b"") -> Credentials:
    """Read the Authorization header (keys in lower case), else a presigned URL's query string.

    What is absent, or malformed in a query string, is None. Raises Fault IncompleteSignature for a header
    that is there but is no SigV4, and MalformedQueryString as parse() does.
    """
    header = headers.get("authorization")
    if header is not None:
        return _from_header(header, headers.get("x-amz-security-token", ""))
    if b"X-Amz-Credential" in query or b"AWSAccessKeyId" in query:
        return _from_query(dict(fields(query)))
    return Credentials()


def _from_header(header: str, token: str) -> Credentials:
    found = _IN_HEADER.search(header) if header.startswith(_ALGORITHM) else None
    if found is None:
        reason = f"The Authorization header must be {_ALGORITHM} with a Credential of the form"
        raise Fault("IncompleteSignature", f"{reason} KEY/DATE/REGION/SERVICE/aws4_request.")
    return Credentials(found[1], found[2], found[3], token)


def _from_query(params: Mapping[str, str]) -> Credentials:
    found = _PRESIGNED.fullmatch(params.get("X-Amz-Credential", ""))
    if found is not None:
        return Credentials(found[1], found[2], found[3], params.get("X-Amz-Security-Token", ""))
    return Credentials(params.get("AWSAccessKeyId") or None)  # a signature of version 2 names no region
