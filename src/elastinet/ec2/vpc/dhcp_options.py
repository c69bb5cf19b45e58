"""DHCP option sets (facts sheet, section 2)."""

import hashlib
import ipaddress
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from elastinet.digits import whole
from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.namings import OPTION_SET
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set
from elastinet.model.dhcp import AMAZON_DNS, DhcpOptions
from elastinet.model.view import StateView
from elastinet.model.vpc import Vpc
from elastinet.rules import naming

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import DhcpOptionsTypeDef

DEFAULT = "default"
"""The id in a request that stands for no option set."""

MOST_SERVERS = 4
DOMAIN = re.compile(r"[A-Za-z0-9._-]+( [A-Za-z0-9._-]+)*\Z")
SERVERS = ("domain-name-servers", "ntp-servers", "netbios-name-servers")
LEASE = "ipv6-address-preferred-lease-time"


def view(tx: Transaction, found: DhcpOptions) -> StateView:
    """A DHCP option set in the shape of the API."""
    return tx.views.of(found, (), lambda: _view(found))


def _view(found: DhcpOptions) -> "DhcpOptionsTypeDef":
    return {
        "DhcpOptionsId": found.id,
        "OwnerId": found.owner,
        "DhcpConfigurations": [
            {"Key": key, "Values": [{"Value": value} for value in values]} for key, values in found.options
        ],
        "Tags": tag_set(found),
    }


DHCP_OPTIONS = Describable(
    DhcpOptions,
    "dopt",
    "DhcpOptions",
    "DhcpOptionsIds",
    view,
    paths(
        "dhcp-options-id owner-id",
        key="DhcpConfigurations.Key",
        value="DhcpConfigurations.Values.Value",
    ),
)


def describe_dhcp_options(tx: Transaction, request: Request) -> Answer:
    """DHCP option sets by id or filter."""
    return describe(tx, request, DHCP_OPTIONS)


def create_dhcp_options(tx: Transaction, request: Request) -> Answer:
    """A DHCP option set, which no VPC goes by yet."""
    options: dict[str, tuple[str, ...]] = {}
    for item in request["DhcpConfigurations"]:
        key, values = item.get("Key") or "", item.ids("Values")
        if key in options:
            raise faults.invalid(key, "DhcpConfiguration.Key", "An option may be given only once.")
        options[key] = _checked(key, values)
    if tx.count(DhcpOptions) >= tx.settings.quotas.dhcp_options:
        raise faults.quota("DhcpOptionsLimitExceeded", "DHCP option sets")
    tags = tags_for(tx, request, "dhcp-options")
    made = tx.new(DhcpOptions, "dopt", options=tuple(options.items()), tags=tags)
    return {"DhcpOptions": view(tx, made)}


def _checked(key: str, values: list[str]) -> tuple[str, ...]:
    """An option's values, if they may be: they reach a DHCP server's configuration."""
    if not values:
        raise faults.missing_parameter("DhcpConfiguration.Values")
    if key in SERVERS:
        servers = [server for value in values for server in value.split(",")]
        return tuple(_server(key, server.strip()) for server in _few(key, servers))
    if len(values) > 1:
        raise faults.invalid(", ".join(values), str(key), "Expecting one value.")
    allowed: dict[str, Callable[[str], bool]] = {
        "domain-name": lambda text: DOMAIN.match(text) is not None,
        "netbios-node-type": lambda text: text in ("1", "2", "4", "8"),
        LEASE: lambda text: whole(text, 140, 2147483647) is not None,
    }
    if key not in allowed:
        raise faults.invalid(key, "DhcpConfiguration.Key", "There is no such DHCP option.")
    if not allowed[key](values[0]):
        raise faults.invalid(values[0], key)
    return tuple(values)


def _few(key: str, servers: list[str]) -> list[str]:
    if len(servers) > MOST_SERVERS:
        raise faults.invalid(", ".join(servers), key, f"Expecting up to {MOST_SERVERS} servers.")
    return servers


def _server(key: str, text: str) -> str:
    if key == "domain-name-servers" and text == AMAZON_DNS:
        return text
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise faults.invalid(text, key, "Expecting an IP address.") from None


def default_options(tx: Transaction) -> str:
    """The id of the set that an account's VPCs go by at first; the set is made where it is not."""
    id = "dopt-" + hashlib.sha256(f"{tx.owner}/{tx.region}/dopt".encode()).hexdigest()[:17]
    if tx.get(DhcpOptions, id) is None:
        domain = naming.private_domain(tx.region)
        options = (("domain-name", (domain,)), ("domain-name-servers", (AMAZON_DNS,)))
        tx.put(DhcpOptions(id=id, owner=tx.owner, region=tx.region, options=options))
    return id


def associate_dhcp_options(tx: Transaction, request: Request) -> None:
    """Have a VPC go by a set, or by none; instances learn of it with their next lease."""
    id = request["DhcpOptionsId"]
    if id != DEFAULT:
        need(tx, DhcpOptions, "dopt", id)
    vpc = need(tx, Vpc, "vpc", request["VpcId"])
    tx.put(vpc.but(dhcp_options_id=id))


def delete_dhcp_options(tx: Transaction, request: Request) -> None:
    """Remove a set that no VPC goes by."""
    found = need(tx, DhcpOptions, OPTION_SET, request["DhcpOptionsId"])
    if any(vpc.dhcp_options_id == found.id for vpc in tx.mine(Vpc)):
        raise faults.dependency(f"The dhcpOptions '{found.id}' has dependencies and cannot be deleted.")
    tx.drop(found)
