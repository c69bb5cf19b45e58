"""IAM's refusals, pages and tags, which are other than EC2's."""

import base64
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.noun import Tags

PAGE, MOST_TAGS = 100, 50
NOT_FOUND, CONFLICT = 404, 409
ID_BITS = 85  # 17 letters of base 32
_POLICY = re.compile(
    r"arn:aws[a-z-]*:iam::(?:aws|[0-9]{12}):policy((?:/[!-~]+)?/)[\w+=,.@-]{1,128}", re.ASCII
)


def no_such(sentence: str) -> Fault:
    """Nothing has this name."""
    return Fault("NoSuchEntity", sentence, NOT_FOUND)


def exists(sentence: str) -> Fault:
    """Something has this name already."""
    return Fault("EntityAlreadyExists", sentence, CONFLICT)


def in_use(what: str) -> Fault:
    """Something else must go before this can."""
    return Fault("DeleteConflict", f"Cannot delete entity, must {what} first.", CONFLICT)


def exceeds(quota: str, most: int) -> Fault:
    """There are as many of these as there may be."""
    return Fault("LimitExceeded", f"Cannot exceed quota for {quota}: {most}", CONFLICT)


def check_policy(text: str) -> str:
    """A policy document as it came, if it is an object of JSON; nobody asks what it says."""
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise Fault("MalformedPolicyDocument", "This policy contains invalid Json")
    return text


def check_arn(arn: str) -> str:
    """The ARN of a managed policy, if it is one."""
    if not _POLICY.fullmatch(arn):
        raise Fault("InvalidInput", f"ARN {arn} is not valid.")
    return arn


def path_of(arn: str) -> str:
    """The path in a managed policy's ARN."""
    found = _POLICY.fullmatch(arn)
    return found[1] if found else "/"


def new_id(tx: Transaction, prefix: str) -> str:
    """A new identifier, as IAM gives beside names."""
    bits = tx.dice.getrandbits(ID_BITS) << 3
    return prefix + base64.b32encode(bits.to_bytes(11, "big")).decode()[:17]


def listed(request: Request, result: str, keys: Sequence[str], views: Sequence[Any]) -> dict[str, Any]:
    """One page of what was found, in the order of its keys; the marker of the next is the last key."""
    after, most = _open(request.get("Marker")), request.get("MaxItems", PAGE)
    rest = sorted((key, number) for number, key in enumerate(keys) if key > after)
    shown = rest[:most]
    answer = {result: [views[number] for _, number in shown], "IsTruncated": len(shown) < len(rest)}
    if answer["IsTruncated"]:
        answer["Marker"] = base64.urlsafe_b64encode(shown[-1][0].encode()).decode()
    return answer


def _open(marker: str | None) -> str:
    try:
        return base64.b64decode((marker or "").encode(), altchars=b"-_", validate=True).decode()
    except ValueError:
        raise Fault("ValidationError", f"Invalid Marker: {marker}") from None


def tag_list(tags: Tags) -> list[dict[str, str]]:
    """Tags in the shape of the API."""
    return [{"Key": key, "Value": value} for key, value in tags]


def tagged(old: Tags, items: Iterable[Request]) -> Tags:
    """Tags with others put over them; keys are the same in any case of letters."""
    given = [(item["Key"], item["Value"]) for item in items]
    lower = [key.lower() for key, _ in given]
    if len(set(lower)) < len(lower):
        raise Fault(
            "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        )
    if any(key.startswith("aws:") for key in lower):
        raise Fault("InvalidInput", "Tag keys that begin with aws: are for AWS's own use.")
    kept = [(key, value) for key, value in old if key.lower() not in lower]
    if len(kept) + len(given) > MOST_TAGS:
        raise exceeds("TagsPerResource", MOST_TAGS)
    return (*kept, *given)


def untagged(old: Tags, keys: Iterable[str]) -> Tags:
    """Tags without some."""
    gone = {key.lower() for key in keys}
    return tuple((key, value) for key, value in old if key.lower() not in gone)
