"""Managed prefix lists: of customers, and AWS's own, which are empty, for their hosts are not here."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe, page
from elastinet.ec2.core.descriptions import description
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.once import once
from elastinet.ec2.core.page_size import page_size
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.prefix_list_quotas import too_much_for
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set
from elastinet.model.fault import Fault
from elastinet.model.prefix_list import PrefixList, PrefixListEntry
from elastinet.model.view import StateView
from elastinet.rules import filtering, naming
from elastinet.rules.prefix_lists import referring_groups, referring_tables

if TYPE_CHECKING:
    from mypy_boto3_ec2.literals import PrefixListStateType
    from mypy_boto3_ec2.type_defs import ManagedPrefixListTypeDef

MOST_ENTRIES, MOST_A_REQUEST = 1000, 100


def view(tx: Transaction, found: PrefixList) -> StateView:
    """A prefix list in the shape of the API; its entries are asked for apart."""
    return tx.views.of(found, (), lambda: _view(found))


def _view(found: PrefixList) -> "ManagedPrefixListTypeDef":
    owner = "aws" if found.of_aws else found.owner
    shown: ManagedPrefixListTypeDef = {
        "PrefixListId": found.id,
        "PrefixListName": found.list_name,
        "PrefixListArn": naming.arn(found.region, owner, "prefix-list", found.id),
        "AddressFamily": found.family,
        "State": cast("PrefixListStateType", found.state),
        "OwnerId": owner.upper(),
        "Tags": tag_set(found),
    }
    if not found.of_aws:
        shown |= {"MaxEntries": found.max_entries, "Version": found.version}
    if found.state_message:
        shown["StateMessage"] = found.state_message
    return shown


PREFIX_LISTS = Describable(
    PrefixList,
    "pl",
    "PrefixLists",
    "PrefixListIds",
    view,
    paths("owner-id prefix-list-id prefix-list-name"),
    {"prefix-list-name": "prefix-list-name"},
)


def describe_managed_prefix_lists(tx: Transaction, request: Request) -> Answer:
    """Prefix lists by id or filter."""
    return describe(tx, request, PREFIX_LISTS)


def create_managed_prefix_list(tx: Transaction, request: Request) -> Answer:
    """A prefix list of one's own."""
    id = once(tx, "CreateManagedPrefixList", request, lambda: _create(tx, request).id)
    return _going(tx, need(tx, PrefixList, "pl", id), "create")


def _going(tx: Transaction, found: PrefixList, what: str) -> dict[str, Any]:
    """The answer to a request that EC2 goes on with after it has answered."""
    return {"PrefixList": view(tx, found) | {"State": f"{what}-in-progress"}}


def _create(tx: Transaction, request: Request) -> PrefixList:
    name, family = _name(request["PrefixListName"]), request["AddressFamily"]
    if family not in ("IPv4", "IPv6"):
        raise faults.invalid(family, "AddressFamily")
    if sum(not p.of_aws for p in tx.mine(PrefixList)) >= tx.settings.quotas.prefix_lists:
        raise faults.quota("PrefixListLimitExceeded", "prefix lists")
    most = _most(request["MaxEntries"])
    entries = _added((), request.get("Entries"), family, most)
    fields = {"list_name": name, "family": family, "max_entries": most, "versions": (entries,)}
    return tx.new(PrefixList, "pl", tags=tags_for(tx, request, "prefix-list"), **fields)


def _name(name: str) -> str:
    if not name or len(name) > 255 or name.startswith("com.amazonaws"):
        raise faults.invalid(name, "PrefixListName")
    return name


def _most(count: int) -> int:
    if not 1 <= count <= MOST_ENTRIES:
        raise faults.invalid(count, "MaxEntries", f"Expecting a value from 1 to {MOST_ENTRIES}.")
    return count


def _added(
    there: tuple[PrefixListEntry, ...], given: list[Request] | None, family: str, most: int
) -> tuple[PrefixListEntry, ...]:
    new = [
        PrefixListEntry(_cidr(item, family), description(item, "prefix list entry")) for item in _few(given)
    ]
    both = [entry.cidr for entry in (*there, *new)]
    if twice := next((cidr for cidr in both if both.count(cidr) > 1), None):
        raise faults.invalid(twice, "Entries", "A CIDR may be in a prefix list once only.")
    if len(both) > most:
        sentence = "You've reached the maximum number of entries for the prefix list."
        raise Fault("PrefixListMaxEntriesExceeded", sentence)
    return (*there, *new)


def _few(given: list[Request] | None) -> list[Request]:
    if given and len(given) > MOST_A_REQUEST:
        raise faults.invalid(len(given), "Entries", f"Expecting up to {MOST_A_REQUEST} entries.")
    return given or []


def _cidr(item: Request, family: str) -> str:
    if (text := item.get("Cidr")) is None:
        raise faults.missing_parameter("Cidr")
    return filtering.cidr(text, 4 if family == "IPv4" else 6)


def modify_managed_prefix_list(tx: Transaction, request: Request) -> Answer:
    """Another name, other entries (a new version), or another size."""
    found = _own(tx, request)
    most, changes = request.get("MaxEntries"), request.get("AddEntries") or request.get("RemoveEntries")
    if most is not None and changes:
        sentence = "You cannot modify the entries of a prefix list and its size at the same time."
        raise faults.combination(sentence)
    if (name := request.get("PrefixListName")) is not None:
        found = found.but(list_name=_name(name))
    _check_version(found, request, needed=bool(changes))
    if changes:
        found = _other_entries(found, request)
    elif most is not None:
        found = _resized(tx, found, most)
    return _going(tx, tx.put(found), "modify")


def _own(tx: Transaction, request: Request) -> PrefixList:
    found = need(tx, PrefixList, "pl", request["PrefixListId"])
    if found.of_aws:
        raise Fault("OperationNotPermitted", f"The prefix list '{found.id}' is managed by AWS.")
    return found


def _check_version(found: PrefixList, request: Request, needed: bool) -> None:
    version = request.get("CurrentVersion")
    if version is None and needed:
        raise faults.missing_parameter("CurrentVersion")
    if version not in (None, found.version):
        sentence = f"The prefix list has the incorrect version number: it is {found.version}."
        raise Fault("PrefixListVersionMismatch", sentence)


def _other_entries(found: PrefixList, request: Request) -> PrefixList:
    gone = {_cidr(item, found.family) for item in _few(request.get("RemoveEntries"))}
    if unknown := gone - {entry.cidr for entry in found.entries}:
        raise faults.invalid(min(unknown), "RemoveEntries", "The prefix list has no such entry.")
    new = request.get("AddEntries")
    if both := gone & {_cidr(item, found.family) for item in _few(new)}:
        sentence = "A CIDR may not be added and removed in one request."
        raise faults.invalid(min(both), "AddEntries", sentence)
    kept = tuple(entry for entry in found.entries if entry.cidr not in gone)
    return _next(found, _added(kept, new, found.family, found.max_entries), "modify")


def _next(found: PrefixList, entries: tuple[PrefixListEntry, ...], what: str) -> PrefixList:
    state = f"{what}-complete"
    return found.but(versions=(*found.versions, entries), state=state, state_message=None)


def _resized(tx: Transaction, found: PrefixList, most: int) -> PrefixList:
    if _most(most) < len(found.entries):
        raise faults.invalid(most, "MaxEntries", "The prefix list has more entries.")
    new = found.but(max_entries=most, state="modify-complete", state_message=None)
    if holder := too_much_for(tx, new):
        sentence = f"The quota of {holder} does not allow {most} entries."
        return found.but(state="modify-failed", state_message=sentence)
    return new


def restore_managed_prefix_list_version(tx: Transaction, request: Request) -> Answer:
    """The entries of an earlier version, as a new one."""
    found = _own(tx, request)
    _check_version(found, request, needed=True)
    entries = _version(found, request["PreviousVersion"])
    if len(entries) > found.max_entries:
        sentence = "You've reached the maximum number of entries for the prefix list."
        raise Fault("PrefixListMaxEntriesExceeded", sentence)
    return _going(tx, tx.put(_next(found, entries, "restore")), "restore")


def _version(found: PrefixList, number: int) -> tuple[PrefixListEntry, ...]:
    if not 1 <= number <= found.version:
        raise faults.invalid(number, "TargetVersion", "The prefix list has no such version.")
    return found.versions[number - 1]


def delete_managed_prefix_list(tx: Transaction, request: Request) -> Answer:
    """Remove a prefix list that no rule and no route speaks of."""
    found = _own(tx, request)
    if next(_referring(tx, found), None):
        raise faults.dependency(f"The prefix list '{found.id}' has dependencies and cannot be deleted.")
    answer = _going(tx, found, "delete")
    tx.drop(found)
    return answer


def _referring(tx: Transaction, found: PrefixList) -> Iterator[str]:
    yield from referring_groups(tx.state, found.id)
    yield from (table.id for table in referring_tables(tx.state, found.id))


def get_managed_prefix_list_entries(tx: Transaction, request: Request) -> Answer:
    """The entries of a prefix list, of the present version or an earlier one."""
    found = need(tx, PrefixList, "pl", request["PrefixListId"])
    entries = _version(found, request.get("TargetVersion", found.version))
    shown = [(entry.cidr, _entry(entry)) for entry in entries]
    return page(shown, page_size(request, least=1), request.get("NextToken"), "Entries")


def _entry(entry: PrefixListEntry) -> StateView:
    described = {"Description": entry.description} if entry.description else {}
    return StateView({"Cidr": entry.cidr} | described)


def get_managed_prefix_list_associations(tx: Transaction, request: Request) -> Answer:
    """The security groups and route tables that speak of a prefix list."""
    found = need(tx, PrefixList, "pl", request["PrefixListId"])
    shown = [(id, StateView(ResourceId=id, ResourceOwner=found.owner)) for id in _referring(tx, found)]
    most, token = page_size(request), request.get("NextToken")
    return page(shown, most, token, "PrefixListAssociations")
