"""Tags, as every operation that makes something takes them."""

from collections import Counter
from collections.abc import Iterable

from elastinet.ec2.core import faults
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.noun import Tags

MOST_KEY, MOST_VALUE = 127, 256
RESERVED = "aws:"
"""How tags begin that EC2 itself gives and nobody else changes; they count for no quota."""


def tags_for(tx: Transaction, request: Request, resource_type: str, *others: str) -> Tags:
    """The tags that a request's specifications give to this type of resource.

    `others` are types that the same request may tag too; any other is refused.
    """
    found: Tags = ()
    for item in request.get("TagSpecifications") or ():
        kind = item.get("ResourceType")
        if kind is None:
            raise Fault("InvalidParameter", "Tag specification resource type must have a value")
        if kind != resource_type and kind not in others:
            raise faults.invalid(
                kind, "TagSpecification.ResourceType", f"'{kind}' is not a valid taggable resource type here."
            )
        if kind == resource_type:
            found = merge(tx, found, [(tag.get("Key"), tag.get("Value")) for tag in item.get("Tags") or ()])
    return found


def merge(tx: Transaction, old: Tags, new: Iterable[tuple[str | None, str | None]]) -> Tags:
    """Tags with others put over them; refuses what EC2 refuses."""
    tags, given = dict(old), [(check_key(key), _check_value(value)) for key, value in new]
    for key, count in Counter(key for key, _ in given).items() if len(given) > 1 else ():
        if count > 1:
            raise Fault("InvalidParameterValue", f"Duplicate tag key '{key}' specified.")
    tags.update(given)
    most = tx.settings.quotas.tags_per_resource
    if len(tags) > most and sum(not is_reserved(key) for key in tags) > most:
        raise Fault("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
    return tuple(tags.items())


def is_reserved(key: str) -> bool:
    """True for a key that only EC2 itself gives."""
    return key.lower().startswith(RESERVED)


def check_key(key: str | None) -> str:
    """A tag's key, if it may be one."""
    if not key:
        raise faults.missing_parameter("Tag.Key")
    if is_reserved(key):
        raise Fault("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")
    if len(key) > MOST_KEY:
        raise Fault("InvalidParameterValue", f"Tag key exceeds the maximum length of {MOST_KEY} characters")
    return key


def _check_value(value: str | None) -> str:
    if value is not None and len(value) > MOST_VALUE:
        raise Fault(
            "InvalidParameterValue", f"Tag value exceeds the maximum length of {MOST_VALUE} characters"
        )
    return value or ""
