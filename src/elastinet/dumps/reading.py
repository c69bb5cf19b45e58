"""The lists of a dump's files: a list is known by its key, whatever its file is called."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from typing import Any, NamedTuple

from elastinet.dumps import terraform
from elastinet.dumps.files import Document
from elastinet.dumps.finding import Finding, shown
from elastinet.dumps.item import MOST_ITEMS, Item
from elastinet.dumps.places import NOBODY, NOWHERE, Place, commonest, of_folders, owner_of, region_of

LISTS = frozenset(
    """
    Vpcs Subnets Reservations Instances NetworkInterfaces RouteTables NetworkAcls SecurityGroups
    SecurityGroupRules InternetGateways EgressOnlyInternetGateways NatGateways VpcPeeringConnections Addresses
    PrefixLists ManagedPrefixLists VpcEndpoints DhcpOptions PlacementGroups KeyPairs Volumes
    SubnetIpv4CidrReservations SubnetIpv6CidrReservations
    TransitGateways VpnGateways VpnConnections CustomerGateways CarrierGateways LocalGateways LoadBalancers
    LoadBalancerDescriptions
    """.split()
)
PREFIX_LIST = re.compile(r"pl-[0-9a-f]+")
STATE, NOTHING = "a Terraform state", "nothing in "
ATTRIBUTES = ("EnableDnsSupport", "EnableDnsHostnames")


class Row(NamedTuple):
    """An item of a list, with the file that it is from; `seen_by` is the account and region of the file."""

    kind: str
    item: Item
    file: str
    place: Place
    seen_by: Place


EXPECTED = (
    "Vpcs", "Subnets", "Instances", "NetworkInterfaces", "SecurityGroups", "InternetGateways", "NatGateways",
    "VpcPeeringConnections", "Addresses",
)  # fmt: skip
"""Lists whose absence changes answers; of route tables and network ACLs each that lacks is said."""
Found = tuple[str, Mapping[str, Any], str]
"""The key of a list, one member of it, and the file."""


def rows(documents: Iterable[Document], findings: list[Finding]) -> list[Row]:
    """All items of all files, in their order, each with its account and its region."""
    seen = set[str]()
    found = [one for document in documents for one in _found(document, findings, seen)]
    _say_absent(seen, findings)
    where = _Where(found)
    if found and not where.everywhere[1]:
        findings.append(Finding("", f"no file says which region it is of: taken as {NOWHERE}"))
    if found and not where.everywhere[0]:
        findings.append(Finding("", f"no file says which account it is of: taken as {NOBODY}"))
    of_file = cache(partial(where.of, {}))
    return [Row(kind, Item(item), file, where.of(item, file), of_file(file)) for kind, item, file in found]


def _say_absent(seen: set[str], findings: list[Finding]) -> None:
    """Say which lists no file has, and which files have no list that is known."""
    odd = sorted(name.removeprefix(NOTHING) for name in seen if name.startswith(NOTHING))
    if odd:
        findings.append(Finding("", f"no list of an account's network by its key in {shown(', '.join(odd))}"))
    absent = [name for name in EXPECTED if name not in seen]
    if absent and STATE not in seen and seen.intersection(LISTS):
        findings.append(
            Finding("", f"no list of {', '.join(absent)} is in the dump: taken as if there were none")
        )


def _found(document: Document, findings: list[Finding], seen: set[str]) -> Iterator[Found]:
    pages = document.value if isinstance(document.value, list) else [document.value]
    known = False
    for page in pages if len(pages) <= MOST_ITEMS else ():
        if not isinstance(page, Mapping):
            continue
        if terraform.is_state(page):
            page, told = terraform.lists(page)
            findings += [Finding(document.file, reason) for reason in told]
            known = True
            seen.add(STATE)
        if page.get("NextToken") or page.get("nextToken"):
            reason = "pages are missing: it ends with a NextToken, so what the other pages hold is not known"
            findings.append(Finding(document.file, reason))
        for found in _lists(page, document.file, findings):
            known = True
            yield found
        there = {"Instances" if name == "Reservations" else name for name in page if name in LISTS}
        seen |= there
        known = known or bool(there)
    if not known:
        seen.add(NOTHING + document.file)


def _lists(page: Mapping[str, Any], file: str, findings: list[Finding]) -> Iterator[Found]:
    if "VpcId" in page and any(name in page for name in ATTRIBUTES):
        yield "VpcAttributes", page, file
    if isinstance(page.get("Entries"), list) and (ids := PREFIX_LIST.findall(file)):
        yield "PrefixListEntries", {"PrefixListId": ids[-1], "Entries": page["Entries"]}, file
    for name, items in page.items():
        if name not in LISTS:
            continue
        if not isinstance(items, list):
            findings.append(Finding(file, f"{name} is no list: left out"))
            continue
        for item in items:
            if not isinstance(item, Mapping):
                findings.append(Finding(file, f"an item of {name} is {shown(repr(item))}: left out"))
            elif name == "Reservations":
                yield from _instances(item, file, findings)
            else:
                yield name, item, file


def _instances(reservation: Mapping[str, Any], file: str, findings: list[Finding]) -> Iterator[Found]:
    whose = {name: reservation[name] for name in ("ReservationId", "OwnerId") if name in reservation}
    instances = reservation.get("Instances")
    if not isinstance(instances, list) or not all(isinstance(one, Mapping) for one in instances):
        findings.append(Finding(file, "a reservation has no list of instances: left out"))
        return
    for instance in instances:
        yield "Instances", whose | instance, file


class _Where:
    """Where the items are: each says it itself, or its VPC, its folders, its file, or what lies beside it."""

    def __init__(self, found: list[Found]) -> None:
        self.of_vpc: dict[str, str] = {}
        counts: dict[str, tuple[Counter[str], Counter[str]]] = defaultdict(lambda: (Counter(), Counter()))
        for _, item, file in found:
            region, owner = region_of(item), owner_of(item)
            if region and isinstance(vpc := item.get("VpcId"), str):
                self.of_vpc.setdefault(vpc, region)
            for near in (file, _folder(file), ""):
                counts[near][0][owner] += bool(owner)
                counts[near][1][region] += bool(region)
        self.near = {name: Place(*map(commonest, both)) for name, both in counts.items()}
        of_files = [of_folders(file) for file in dict.fromkeys(file for _, _, file in found)]
        self._around = cache(self._around_file)
        self.everywhere = self.near.get("", Place())
        self.everywhere = Place(
            self.everywhere.account or next((p.account for p in of_files if p.account), ""),
            self.everywhere.region or next((p.region for p in of_files if p.region), ""),
        )

    def _around_file(self, file: str) -> tuple[Place, list[Place]]:
        """What a file's folders say, and what lies beside it."""
        return of_folders(file), [self.near.get(name, Place()) for name in (file, _folder(file))]

    def of(self, item: Mapping[str, Any], file: str) -> Place:
        """The place of an item of a file."""
        vpc = item.get("VpcId")
        folders, near = self._around(file)
        of_vpc = self.of_vpc.get(vpc, "") if isinstance(vpc, str) else ""
        accounts = (owner_of(item), folders.account, *(p.account for p in near), self.everywhere.account)
        regions = (region_of(item), of_vpc, folders.region, *(p.region for p in near), self.everywhere.region)
        return Place(next(filter(None, accounts), NOBODY), next(filter(None, regions), NOWHERE))


def _folder(file: str) -> str:
    return file.rpartition("/")[0] + "/"
