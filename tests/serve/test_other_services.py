"""A client of a service that is not here is told so, in its own protocol, at once."""

import json
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.exceptions import ClientError

from served import Served

Ask = Callable[[Any], Any]

ASKED: dict[str, tuple[str, Ask]] = {
    "json 1.0": ("dynamodb", lambda c: c.list_tables()),
    "json 1.1": ("ecs", lambda c: c.list_clusters()),
    "json with codes of query": ("sqs", lambda c: c.list_queues()),
    "json, unsigned": ("cognito-idp", lambda c: c.sign_up(ClientId="x", Username="x", Password="x")),
    "rest-json": ("lambda", lambda c: c.list_functions()),
    "rest-json with a body": (
        "eks",
        lambda c: c.create_cluster(name="x", roleArn="x", resourcesVpcConfig={}),
    ),
    "rest-json, unsigned": ("sso-oidc", lambda c: c.register_client(clientName="x", clientType="public")),
    "rest-xml": ("route53", lambda c: c.list_hosted_zones()),
    "rest-xml of s3": ("s3", lambda c: c.list_buckets()),
    "rest-xml of s3, put": ("s3", lambda c: c.put_object(Bucket="one", Key="a/b", Body=b"x")),
    "query": ("autoscaling", lambda c: c.describe_auto_scaling_groups()),
    "query, an operation that EC2 has": ("autoscaling", lambda c: c.describe_tags()),
    "cbor": ("cloudwatch", lambda c: c.list_metrics()),
    "sts": ("sts", lambda c: c.get_session_token()),
    "ssm": ("ssm", lambda c: c.put_parameter(Name="x", Value="y", Type="String")),
    "iam": ("iam", lambda c: c.list_users()),
}


@pytest.mark.parametrize("kind", ASKED)
def test_a_client_understands_that_its_service_is_not_here(server: Served, kind: str) -> None:
    service, ask = ASKED[kind]
    with pytest.raises(ClientError) as error:
        ask(server.client(service))
    answer = error.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 400
    code, sentence = answer["Error"]["Code"], answer["Error"]["Message"]
    assert code in ("InvalidAction", "NotImplemented", "UnknownOperationException")
    assert sentence.startswith("elastinet serves EC2, and of STS GetCallerIdentity")


FORMS = [
    ({"X-Amz-Target": "X.Y", "Content-Type": "application/x-amz-json-1.0"}, "application/x-amz-json-1.0"),
    ({"X-Amz-Target": "X.Y", "Content-Type": "application/x-amz-json-1.1"}, "application/x-amz-json-1.1"),
    ({"X-Amz-Target": "X.Y", "Content-Type": "application/x-amz-cbor-1.1"}, "application/x-amz-cbor-1.1"),
    ({"smithy-protocol": "rpc-v2-cbor", "Content-Type": "text/html"}, "application/cbor"),
    ({"Content-Type": "application/json; charset=utf-8"}, "application/json"),
    ({"Content-Type": "application/x-www-form-urlencoded"}, "text/xml;charset=UTF-8"),
    ({"Content-Type": "text/html"}, "text/xml;charset=UTF-8"),
]


@pytest.mark.parametrize(
    ("headers", "kind"), FORMS, ids=[kind + " " + str(n) for n, (_, kind) in enumerate(FORMS)]
)
def test_the_form_follows_the_request(server: Served, headers: dict[str, str], kind: str) -> None:
    status, given, _ = told(server, headers)
    assert (status, given["Content-Type"]) == (400, kind)
    assert given["X-Content-Type-Options"] == "nosniff"


def told(server: Served, headers: dict[str, str]) -> tuple[int, Any, bytes]:
    """The status, the headers and the body of a refusal."""
    with pytest.raises(HTTPError) as error:
        urlopen(Request(f"{server.url}/", b"{}", headers), timeout=30)
    with error.value as refusal:
        return refusal.code, refusal.headers, refusal.read()


def test_json_for_ec2_is_no_call(server: Served) -> None:
    signed = "AWS4-HMAC-SHA256 Credential=1/20260101/us-east-1/ec2/aws4_request, Signature=0"
    for kind in ("application/json", "application/x-amz-json-1.1"):
        status, _, body = told(server, {"Content-Type": kind, "Authorization": signed})
        assert (status, json.loads(body)["__type"]) == (400, "UnknownOperationException")
        assert json.loads(body)["message"].endswith("it has no such call.")


def test_a_web_page_is_turned_away_in_the_form_of_its_request(server: Served) -> None:
    headers = {"X-Amz-Target": "AmazonSSM.GetParameter", "Origin": "https://example.com"}
    status, _, body = told(server, headers)
    assert status == 403
    assert b'"__type": "UnauthorizedOperation"' in body


def test_ec2_stays_as_it_is(ec2: Any, server: Served) -> None:
    assert ec2.describe_vpcs()["Vpcs"]
    assert server.client("sts").get_caller_identity()["Account"]
    with pytest.raises(ClientError) as error:
        ec2.create_vpn_gateway(Type="ipsec.1")
    assert error.value.response["Error"]["Code"] == "UnsupportedOperation"
