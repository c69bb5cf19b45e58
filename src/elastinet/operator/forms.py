"""The forms of what nouns say, where the nouns are of somebody else's file.

What comes in by the API has been looked at there; the kernel, a DHCP server's configuration and the names of
files rely on that.
"""

import re
from collections.abc import Callable, Iterator
from ipaddress import ip_address, ip_network
from typing import Any

import msgspec

from elastinet.fabric.contract.content import NAME, USER
from elastinet.model.acl import NetworkAcl
from elastinet.model.dhcp import DhcpOptions
from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.ids import prefix_of, well_formed
from elastinet.model.image import MachineImage, Snapshot
from elastinet.model.instance import Instance
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.noun import Noun
from elastinet.model.peering import Peering
from elastinet.model.prefix_list import PrefixList
from elastinet.model.routes import RouteTable
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.vpc import EgressOnlyGateway, InternetGateway, Subnet, Vpc

ON_PACKETS: tuple[type[Noun], ...] = (
    *(Vpc, Subnet, InternetGateway, EgressOnlyGateway, RouteTable, NetworkAcl, NatGateway, PrefixList),
    *(
        VpcEndpoint,
        Peering,
        DhcpOptions,
        SecurityGroup,
        SecurityGroupRule,
        NetworkInterface,
        Address,
        Instance,
        Snapshot,
        MachineImage,
    ),
)
"""The kinds of which a network is made."""
FREE = frozenset(
    "tags accepter_tags description group_name list_name policy message state_message key_name client_token "
    "description image_name public_key user_data state_reason transition_reason failure profile_arn".split()
)
"""Fields for people, which only answers show."""
BLOCKS = frozenset("cidr cidrs cidr6 cidrs6 prefixes prefixes6".split())
ADDRESSES = frozenset("addresses addresses6 private_ip public_ip".split())
MAC = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}")
WORD = re.compile(r"[A-Za-z0-9 ._:/@+*=-]{0,300}")
"""Of ids, zones, types, domains: nothing that ends a word in a program's language."""
SHORT_ID = 60
OWN_FORMS = {"layers": NAME, "base": NAME, "user": USER}
"""Fields whose words become a folder's name, or a word of a program in an instance."""


class BadForm(Exception):
    """A noun says something that none of its kind says."""


def check(noun: Noun) -> None:
    """Look at a noun that was read from a file; raises BadForm."""
    if not isinstance(noun, ON_PACKETS):
        return
    if prefix_of(noun.id) is None or len(noun.id) > SHORT_ID:
        raise BadForm(f"{noun.id[:SHORT_ID]!a} is no id")
    for name, text in _texts(msgspec.to_builtins(noun), ""):
        if name not in FREE and not _fits(name, text):
            raise BadForm(f"{noun.id} has the {name} {text[:SHORT_ID]!a}")


def _texts(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Every text in a noun, by the name of its field."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for inner, one in value.items():
            yield from _texts(one, inner)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one, name)


def _fits(name: str, text: str) -> bool:
    if name == "mac":
        return MAC.fullmatch(text) is not None
    if name in OWN_FORMS:
        return OWN_FORMS[name].fullmatch(text) is not None
    if name in BLOCKS:
        return not text or _reads(ip_network, text)
    if name == "destination":
        return well_formed(text, "pl") or _reads(ip_network, text)
    if name in ADDRESSES:
        return not text or _reads(ip_address, text)
    return WORD.fullmatch(text) is not None


def _reads(form: Callable[[str], object], text: str) -> bool:
    """True if a text is the canonical spelling of an address or a block."""
    try:
        return str(form(text)) == text and "%" not in text
    except ValueError:
        return False
