"""The describes of a region, asked of AWS or of an endpoint like it: read-only calls, all of their pages.

Each answer is a file as `account` reads it. They are written aside, and take their place when all are there.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from botocore.client import BaseClient
from botocore.exceptions import BotoCoreError, ClientError

from elastinet.dumps.finding import DumpError, Finding, shown
from elastinet.dumps.places import ACCOUNT
from elastinet.folders import PRIVATE_FOLDER, write_private
from elastinet.model.ids import well_formed

LISTS = tuple(
    f"describe-{kind}"
    for kind in """
    vpcs subnets internet-gateways egress-only-internet-gateways nat-gateways route-tables network-acls
    security-groups security-group-rules network-interfaces addresses vpc-peering-connections
    managed-prefix-lists prefix-lists vpc-endpoints dhcp-options instances volumes key-pairs placement-groups
    transit-gateways vpn-gateways vpn-connections customer-gateways carrier-gateways local-gateways
    """.split()
)
MOST_PAGES = 10_000
Pages = list[dict[str, Any]]


class Call(NamedTuple):
    """A call by the name that the AWS CLI has for it, and its parameters."""

    name: str
    params: Mapping[str, str] = MappingProxyType({})


class Collected(NamedTuple):
    """Where the files are, how many calls were answered, and what was refused."""

    folder: Path
    answered: int
    refused: tuple[Finding, ...]


def collect(
    client: BaseClient, account: str, region: str, root: Path, say: Callable[[str], None]
) -> Collected:
    """Ask for a region, and keep what is answered; raises DumpError where nothing is, or is in the way."""
    whose = (account,) if ACCOUNT.fullmatch(account) else ()
    folder = root.joinpath(*whose, region)
    if folder.exists() and any(folder.iterdir()):
        raise DumpError(f"{shown(folder)} has files already: name another folder, or take them away")
    aside = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(PRIVATE_FOLDER, parents=True)
    try:
        found = _Region(client, aside, say)
        found.ask_all()
        if not found.answered:
            raise DumpError(f"every call was refused: {found.refused[0].reason}")
        aside.replace(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    return Collected(folder, found.answered, tuple(found.refused))


class _Region:
    """The answers of a region, written to a folder one by one."""

    def __init__(self, client: BaseClient, folder: Path, say: Callable[[str], None]) -> None:
        self.client, self.folder, self.say = client, folder, say
        self.answered = 0
        self.refused: list[Finding] = []

    def ask_all(self) -> None:
        """Ask for every list, and then for what only calls about one thing tell."""
        lists = {name: self._keep(name, [Call(name)]) for name in LISTS}
        names = [Call("describe-addresses-attribute", {"Attribute": "domain-name"})]
        self._keep("describe-addresses-attribute", names)
        self._keep("describe-vpc-attribute", _of_vpcs(lists["describe-vpcs"]))
        self._keep("get-subnet-cidr-reservations", _of_subnets(lists["describe-subnets"]))
        for id in _ids(lists["describe-managed-prefix-lists"], "PrefixLists", "PrefixListId", "pl"):
            # its entries do not name the list: the file does
            self._keep(id, [Call("get-managed-prefix-list-entries", {"PrefixListId": id})])

    def _keep(self, file: str, calls: list[Call]) -> Pages:
        """The pages of some calls, in one file; what is refused is said, and the others go on."""
        pages: Pages = []
        for call in calls:
            self.say(f"{call.name} {' '.join(map(str, call.params.values()))}".strip())
            try:
                pages += _pages(self.client, call)
                self.answered += 1
            except ClientError as error:
                told = error.response.get("Error", {})
                why = shown(f"{told.get('Code', '')}: {told.get('Message', '')}")
                self.refused.append(Finding("", f"{call.name} was refused, its answer is lacking ({why})"))
            except BotoCoreError as error:
                raise DumpError(f"{call.name} could not be asked: {shown(error)}") from None
        if pages:
            text = json.dumps(pages if len(pages) > 1 else pages[0], default=_text, indent=1)
            write_private(self.folder / f"{file}.json", text.encode())
        return pages


def _pages(client: BaseClient, call: Call) -> Pages:
    """All pages of one answer, without what is only about the call."""
    name = call.name.replace("-", "_")
    if not client.can_paginate(name):
        return [_bare(getattr(client, name)(**call.params))]
    pages: Pages = []
    for page in client.get_paginator(name).paginate(**call.params):
        pages.append(_bare(page))
        if len(pages) > MOST_PAGES:
            raise DumpError(f"{call.name} has more than {MOST_PAGES} pages")
    return pages


def _bare(page: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in page.items() if name not in ("ResponseMetadata", "NextToken")}


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _ids(pages: Pages, key: str, name: str, prefix: str) -> Iterator[str]:
    """The ids of the items of a list that are such: each becomes a parameter, or the name of a file."""
    found = (str(item.get(name, "")) for page in pages for item in page.get(key, ()))
    return (id for id in dict.fromkeys(found) if well_formed(id, prefix))


def _of_vpcs(pages: Pages) -> list[Call]:
    attributes = ("enableDnsSupport", "enableDnsHostnames")
    ids = list(_ids(pages, "Vpcs", "VpcId", "vpc"))
    return [
        Call("describe-vpc-attribute", {"VpcId": id, "Attribute": one}) for id in ids for one in attributes
    ]


def _of_subnets(pages: Pages) -> list[Call]:
    ids = _ids(pages, "Subnets", "SubnetId", "subnet")
    return [Call("get-subnet-cidr-reservations", {"SubnetId": id}) for id in ids]
