"""Who asks, and in which region."""

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Keys

from elastinet.model.fault import Fault
from elastinet.wire.credentials import Credentials, caller

KEYS = Keys("AKIAEXAMPLE", "secret", "token")


def test_a_signed_request() -> None:
    request = AWSRequest("POST", "http://localhost/", data="Action=DescribeVpcs")
    SigV4Auth(KEYS, "ec2", "eu-west-3").add_auth(request)
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert caller(headers) == Credentials("AKIAEXAMPLE", "eu-west-3", "ec2", "token")


def test_a_presigned_url() -> None:
    request = AWSRequest("GET", "http://localhost/?Action=DescribeVpcs")
    SigV4QueryAuth(KEYS, "ec2", "us-gov-west-1").add_auth(request)
    query = request.url.partition("?")[2].encode()
    assert caller({}, query) == Credentials("AKIAEXAMPLE", "us-gov-west-1", "ec2", "token")


def test_a_signature_of_version_2_names_no_region() -> None:
    assert caller({}, b"AWSAccessKeyId=AKIAEXAMPLE&SignatureVersion=2") == Credentials("AKIAEXAMPLE", None)


@pytest.mark.parametrize("query", [b"", b"Action=DescribeVpcs", b"X-Amz-Credential=x", b"AWSAccessKeyId="])
def test_nobody_in_particular(query: bytes) -> None:
    assert caller({"host": "localhost"}, query) == Credentials(None, None)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer token",
        "AWS AKIA:signature",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=",
        "AWS4-HMAC-SHA256 Credential=/20261123/us-east-1/ec2/aws4_request",
        "AWS4-HMAC-SHA256 Credential=AKIA/20261123/ec2/aws4_request",
        "AWS4-HMAC-SHA256 Credential=AKIA/today/us-east-1/ec2/aws4_request",
        "AWS4-HMAC-SHA256 Credential=AKIA/20261123/../ec2/aws4_request",
        "AWS4-HMAC-SHA256 Credential=AKIA/20261123/us-east-1/ec2/aws4_requests",
        "AWS4-HMAC-SHA256 NoCredential=AKIA/20261123/us-east-1/ec2/aws4_request",
    ],
)
def test_a_header_that_is_no_signature_is_incomplete(header: str) -> None:
    with pytest.raises(Fault) as caught:
        caller({"authorization": header})
    assert (caught.value.code, caught.value.status) == ("IncompleteSignature", 400)
