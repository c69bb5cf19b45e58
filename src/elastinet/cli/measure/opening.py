"""Security groups opened while a measurement runs, by the API's own operations, and closed again."""

import re
import urllib.error
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from elastinet.cli.calling import call
from elastinet.cli.common import CommandFailure
from elastinet.serve.places import Server

VERSION = "2016-11-15"
SIGNATURE = "AWS4-HMAC-SHA256 Credential={}/20160101/{}/ec2/aws4_request, SignedHeaders=host, Signature=0"


@contextmanager
def opened(server: Server, missing: Sequence[dict[str, Any]]) -> Iterator[None]:
    """Add these rules, and take away in the end those that were added."""
    added: list[tuple[dict[str, Any], str]] = []
    try:
        for rule in missing:
            way = "Egress" if rule["egress"] else "Ingress"
            answer = _call(server, rule, f"AuthorizeSecurityGroup{way}", _permission(rule))
            added += [(rule, id) for id in re.findall(r"<securityGroupRuleId>([^<]*)<", answer)]
        _settle(server)
        yield
    finally:
        for rule, id in added:
            way = "Egress" if rule["egress"] else "Ingress"
            gone = {"GroupId": rule["holder"], "SecurityGroupRuleId.1": id}
            _call(server, rule, f"RevokeSecurityGroup{way}", gone)


def _permission(rule: dict[str, Any]) -> dict[str, str]:
    return {
        "GroupId": rule["holder"],
        "IpPermissions.1.IpProtocol": str(rule["protocol"]),
        "IpPermissions.1.FromPort": str(rule["low"]),
        "IpPermissions.1.ToPort": str(rule["high"]),
        "IpPermissions.1.IpRanges.1.CidrIp": rule["cidr"],
        "IpPermissions.1.IpRanges.1.Description": "elastinet perf --open",
    }


def _call(server: Server, rule: dict[str, Any], action: str, params: dict[str, str]) -> str:
    body = urlencode({"Action": action, "Version": VERSION, **params}).encode()
    headers = {"Authorization": SIGNATURE.format(rule["owner"], rule["region"])}
    try:
        with call(server, "POST", "/", body, headers, timeout=30) as reply:
            return str(reply.read().decode())
    except urllib.error.HTTPError as error:
        (why,) = re.findall("<Message>([^<]*)<", error.read().decode())[:1] or ["no reason is given"]
        raise CommandFailure(f"{action} of {rule['holder']}: {why}") from error


def _settle(server: Server) -> None:
    """Wait until the kernel has the rules."""
    with call(server, "POST", "/_elastinet/settle?timeout=30", timeout=40):
        return
