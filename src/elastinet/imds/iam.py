"""The credentials of an instance's role, as the metadata service gives them."""

import base64
import hashlib
from collections.abc import Mapping

from elastinet.imds.text import pretty, utc
from elastinet.model.instance import Instance
from elastinet.rules.profiles import profile_id
from elastinet.rules.role_keys import role_key

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


def credentials(instance: Instance, now: float) -> str:
    """Credentials that this endpoint takes for the instance's account."""
    since = int(now) // PERIOD_SECONDS * PERIOD_SECONDS
    seed = f"{instance.id}/{since}"
    token = base64.b64encode(hashlib.sha512(f"token/{seed}".encode()).digest()).decode()
    return pretty(
        {
            "Code": "Success",
            "LastUpdated": utc(since),
            "Type": "AWS-HMAC",
            "AccessKeyId": role_key(instance.owner, seed),
            "SecretAccessKey": base64.b64encode(hashlib.sha256(seed.encode()).digest()).decode()[:40],
            "Token": token,
            "Expiration": utc(since + LIFETIME_SECONDS),
        }
    )
