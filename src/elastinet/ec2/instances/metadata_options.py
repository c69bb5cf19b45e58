"""Options of the metadata service: of an instance at launch and later, and an account's defaults.

A launch's own word comes before the account's default, that before the image's, that before EC2's
(facts sheet, section 11.1); each option for itself.
"""

from typing import Any

from msgspec.structs import replace

from elastinet.catalog.images import Image
from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.instances.instance_views import metadata_options
from elastinet.model.account import RegionSettings
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance, MetadataOptions
from elastinet.rules.metadata import check_tag_keys

FIELDS = {
    "HttpTokens": "http_tokens",
    "HttpEndpoint": "http_endpoint",
    "HttpPutResponseHopLimit": "hop_limit",
    "InstanceMetadataTags": "instance_tags",
}
OPTIONS = FIELDS | {"HttpProtocolIpv6": "http_protocol_ipv6"}
"""An instance's options by member; an account has no default for the IPv6 endpoint."""

NO_PREFERENCE = ("no-preference", -1)


def launch_options(tx: Transaction, image: Image, asked: Request) -> MetadataOptions:
    """The options of an instance that is launched from an image."""
    account = settings(tx)
    v2 = image.imds_support == "v2.0"
    found: dict[str, Any] = {"http_tokens": "required", "hop_limit": 2} if v2 else {}
    for name, field in OPTIONS.items():
        for value in (getattr(account, field, None), asked.get(name)):
            if value is not None:
                found[field] = value
    options = MetadataOptions(**found)
    check_hops(options.hop_limit)
    _check_enforced(account, options)
    return options


def settings(tx: Transaction) -> RegionSettings:
    """The account's settings in this region."""
    return tx.need(RegionSettings, f"{tx.owner}/{tx.region}")


def _check_enforced(account: RegionSettings, options: MetadataOptions) -> None:
    if account.tokens_enforced and options.http_tokens == "optional":
        raise faults.unsupported(
            "You can't launch instances with IMDSv1 because HttpTokensEnforced is enabled for this account. "
            "Specify HttpTokens as required."
        )


def check_hops(hops: int) -> None:
    """Refuse a hop limit that cannot be."""
    if not 1 <= hops <= 64:
        raise faults.invalid(hops, "HttpPutResponseHopLimit", "Expecting a value from 1 to 64.")


def modify_instance_metadata_options(tx: Transaction, request: Request) -> Answer:
    """Change how the metadata service answers an instance, at once."""
    instance = need(tx, Instance, "i", request["InstanceId"])
    given = {field: request.get(name) for name, field in OPTIONS.items() if request.get(name) is not None}
    options = replace(instance.metadata, **given)
    check_hops(options.hop_limit)
    if "http_tokens" in given:
        _check_enforced(settings(tx), options)
    if options.instance_tags == "enabled":
        check_tag_keys(key for key, _ in instance.tags)
    changed = tx.put(instance.but(metadata=options))
    return {"InstanceId": instance.id, "InstanceMetadataOptions": metadata_options(changed)}


def modify_instance_metadata_defaults(tx: Transaction, request: Request) -> Answer:
    """Change what launches of this account have where they say nothing."""
    changes: dict[str, Any] = {}
    for name, field in FIELDS.items():
        if (value := request.get(name)) is not None:
            changes[field] = None if value in NO_PREFERENCE else value
    if changes.get("hop_limit") is not None:
        check_hops(changes["hop_limit"])
    if (enforced := request.get("HttpTokensEnforced")) is not None:
        changes["tokens_enforced"] = enforced == "enabled"
    account = settings(tx).but(**changes)
    if account.tokens_enforced and account.http_tokens != "required":
        raise Fault(
            "InvalidParameterCombination", "HttpTokensEnforced can be enabled only with HttpTokens required."
        )
    tx.put(account)
    return {"Return": True}


def get_instance_metadata_defaults(tx: Transaction, request: Request) -> Answer:
    """The account's defaults; what has no preference is left out."""
    account = settings(tx)
    shown = {name: getattr(account, field) for name, field in FIELDS.items()}
    found = {name: value for name, value in shown.items() if value is not None}
    enforced = {"HttpTokensEnforced": "enabled"} if account.tokens_enforced else {}
    return {"AccountLevel": {"ManagedBy": "account"} | found | enforced}
