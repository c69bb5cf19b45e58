"""The credentials of an instance's role, as the metadata service gives them."""

from collections.abc import Mapping

from elastinet.imds.text import pretty, utc
from elastinet.model.instance import Instance
from elastinet.rules import role_sessions
from elastinet.rules.profiles import profile_id
from elastinet.rules.role_keys import role_key
from elastinet.rules.role_sessions import RoleSession

PERIOD_SECONDS, LIFETIME_SECONDS = 3600, 6 * 3600
"""New credentials come every hour and live for six, so that nobody holds ones about to expire."""


def info(instance: Instance) -> Mapping[str, str]:
    """The item `iam/info` of an instance with an instance profile."""
    return {
        "Code": "Success",
        "LastUpdated": utc(instance.launch_time),
        "InstanceProfileArn": instance.profile_arn or "",
        "InstanceProfileId": profile_id(instance.profile_arn or ""),
    }


def credentials(instance: Instance, role: str, now: float, secret: bytes) -> str:
    """Credentials that are taken for the instance's role, and are nobody else's; `secret` is the server's."""
    since = int(now) // PERIOD_SECONDS * PERIOD_SECONDS
    until = since + LIFETIME_SECONDS
    key = role_key(instance.owner, f"{instance.id}/{since}")
    token = role_sessions.token_of(RoleSession(key, instance.owner, role, instance.id, until), secret)
    return pretty(
        {
            "Code": "Success",
            "LastUpdated": utc(since),
            "Type": "AWS-HMAC",
            "AccessKeyId": key,
            "SecretAccessKey": role_sessions.secret_key(token, secret),
            "Token": token,
            "Expiration": utc(until),
        }
    )
