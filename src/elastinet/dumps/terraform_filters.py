"""Security groups, network ACLs and prefix lists of a Terraform state, with the resources of single rules."""

from collections.abc import Iterable
from typing import Any

from elastinet.dumps.item import Item
from elastinet.dumps.terraform_lists import Lists, Reader

PORTS = (-1, 65535)


def _group(lists: Lists, item: Item) -> None:
    id = item.text("id")
    lists.add(
        "SecurityGroups",
        id,
        item,
        GroupId=id,
        GroupName=item.text("name"),
        Description=item.text("description"),
        VpcId=item.text("vpc_id"),
        IpPermissions=[_permission(one, id, "security_groups") for one in item.items("ingress")],
        IpPermissionsEgress=[_permission(one, id, "security_groups") for one in item.items("egress")],
    )


def _permission(item: Item, own: str, groups: str) -> dict[str, Any]:
    """A rule in the way of the API; `groups` is the name of the member that has the peers."""
    peers = item.texts(groups) if groups == "security_groups" else [item.text(groups)]
    words = {"Description": item.text("description")}
    named = [*filter(None, peers), *([own] if item.flag("self") else [])]
    return {
        "IpProtocol": item.text("protocol", "-1"),
        "FromPort": item.number("from_port", *PORTS, -1),
        "ToPort": item.number("to_port", *PORTS, -1),
        "IpRanges": [{"CidrIp": one, **words} for one in item.texts("cidr_blocks")],
        "Ipv6Ranges": [{"CidrIpv6": one, **words} for one in item.texts("ipv6_cidr_blocks")],
        "PrefixListIds": [{"PrefixListId": one, **words} for one in item.texts("prefix_list_ids")],
        "UserIdGroupPairs": [{"GroupId": one, **words} for one in named],
    }


def _rule(lists: Lists, item: Item) -> None:
    id = item.text("security_group_id")
    name = "IpPermissionsEgress" if item.text("type") == "egress" else "IpPermissions"
    if group := lists.need("SecurityGroups", id, f"the rule {item.text('id')}"):
        _add_new(group[name], _permission(item, id, "source_security_group_id"))


def _single(lists: Lists, item: Item, name: str) -> None:
    """A rule with one peer, as aws_vpc_security_group_ingress_rule has it."""
    if group := lists.need("SecurityGroups", item.text("security_group_id"), f"the rule {item.text('id')}"):
        words = {"Description": item.text("description")}
        peers = (
            ("IpRanges", "CidrIp", "cidr_ipv4"),
            ("Ipv6Ranges", "CidrIpv6", "cidr_ipv6"),
            ("PrefixListIds", "PrefixListId", "prefix_list_id"),
            ("UserIdGroupPairs", "GroupId", "referenced_security_group_id"),
        )
        own: dict[str, Any] = {
            "IpProtocol": item.text("ip_protocol", "-1"),
            "FromPort": item.number("from_port", *PORTS, -1),
            "ToPort": item.number("to_port", *PORTS, -1),
        }
        for ranges, member, theirs in peers:
            own[ranges] = [{member: peer.rpartition("/")[2] if member == "GroupId" else peer, **words}
                           for peer in [item.text(theirs)] if peer]  # fmt: skip
        _add_new(group[name], own)


def _add_new(permissions: list[dict[str, Any]], one: dict[str, Any]) -> None:
    """Add a rule, unless the group's own attributes have it since they were last refreshed."""
    known = {alone for permission in permissions for alone in _plain(permission)}
    if not known.issuperset(_plain(one)):
        permissions.append(one)


def _plain(permission: dict[str, Any]) -> list[tuple[Any, ...]]:
    span = tuple(permission[name] for name in ("IpProtocol", "FromPort", "ToPort"))
    peers: Iterable[dict[str, Any]] = (
        peer
        for name in ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs")
        for peer in permission[name]
    )
    return [(*span, *(value for key, value in peer.items() if key != "Description")) for peer in peers]


# --- network ACLs and prefix lists ----------------------------------------------------------------


def _acl(lists: Lists, item: Item) -> None:
    both = [
        (one, egress) for name, egress in (("ingress", False), ("egress", True)) for one in item.items(name)
    ]
    entries = [
        _entry(one, one.number("rule_no", 1, 32766, 0), one.text("action"), egress=egress)
        for one, egress in both
    ]
    id = item.text("id")
    vpc = lists.find("Vpcs", item.text("vpc_id")) or {}
    lists.add(
        "NetworkAcls",
        id,
        item,
        NetworkAclId=id,
        VpcId=item.text("vpc_id"),
        IsDefault=item.flag("default") or vpc.get("DefaultNetworkAclId") == id,
        Entries=entries,
        Associations=[{"SubnetId": subnet} for subnet in item.texts("subnet_ids")],
    )


def _entry(item: Item, number: int, action: str, *, egress: bool) -> dict[str, Any]:
    low, high = item.number("from_port", *PORTS, -1), item.number("to_port", *PORTS, -1)
    protocol = item.text("protocol", "-1")
    ports = (
        {"From": low, "To": high} if protocol in ("6", "17", "tcp", "udp") and (low, high) != (0, 0) else None
    )
    return {
        "RuleNumber": number,
        "RuleAction": action,
        "Egress": egress,
        "Protocol": protocol,
        "CidrBlock": item.text("cidr_block") or None,
        "Ipv6CidrBlock": item.text("ipv6_cidr_block") or None,
        "PortRange": ports,
        "IcmpTypeCode": {"Type": _icmp(item, "icmp_type"), "Code": _icmp(item, "icmp_code")},
    }


def _icmp(item: Item, name: str) -> int:
    """A number that resources of single rules have as a text."""
    text = item.members.get(name)
    if isinstance(text, str):
        return int(text) if text.lstrip("-").isdecimal() and len(text) < 5 and text.isascii() else -1
    return item.number(name, -1, 255, -1)


def _acl_rule(lists: Lists, item: Item) -> None:
    number = item.number("rule_number", 1, 32766, 0)
    if acl := lists.need("NetworkAcls", item.text("network_acl_id"), f"the entry {number}"):
        egress = item.flag("egress")
        places = [(one["Egress"], one["RuleNumber"]) for one in acl["Entries"]]
        if (egress, number) not in places:
            acl["Entries"].append(_entry(item, number, item.text("rule_action"), egress=egress))


def _acl_association(lists: Lists, item: Item) -> None:
    subnet = {"SubnetId": item.text("subnet_id"), "NetworkAclAssociationId": item.text("id") or None}
    acl = lists.need("NetworkAcls", item.text("network_acl_id"), "an association of a network ACL")
    if acl and subnet["SubnetId"] not in [one["SubnetId"] for one in acl["Associations"]]:
        acl["Associations"].append(subnet)


def _prefix_list(lists: Lists, item: Item) -> None:
    entries = [
        {"Cidr": one.text("cidr"), "Description": one.text("description")} for one in item.items("entry")
    ]
    id = item.text("id")
    lists.add(
        "ManagedPrefixLists",
        id,
        item,
        PrefixListId=id,
        PrefixListName=item.text("name"),
        AddressFamily=item.text("address_family"),
        MaxEntries=item.number("max_entries", 1, 100_000, 1),
        Version=item.number("version", 1, 10_000, 1),
        Entries=entries,
    )


def _prefix_list_entry(lists: Lists, item: Item) -> None:
    entry = {"Cidr": item.text("cidr"), "Description": item.text("description")}
    found = lists.need("ManagedPrefixLists", item.text("prefix_list_id"), f"the entry {entry['Cidr']}")
    if found and entry["Cidr"] not in [one["Cidr"] for one in found["Entries"]]:
        found["Entries"].append(entry)


READERS: dict[str, Reader] = {
    "aws_security_group": _group,
    "aws_default_security_group": _group,
    "aws_network_acl": _acl,
    "aws_default_network_acl": lambda lists, item: _acl(lists, Item({**item.members, "default": True})),
    "aws_ec2_managed_prefix_list": _prefix_list,
}
LATER: dict[str, Reader] = {
    "aws_security_group_rule": _rule,
    "aws_vpc_security_group_ingress_rule": lambda lists, item: _single(lists, item, "IpPermissions"),
    "aws_vpc_security_group_egress_rule": lambda lists, item: _single(lists, item, "IpPermissionsEgress"),
    "aws_network_acl_rule": _acl_rule,
    "aws_network_acl_association": _acl_association,
    "aws_ec2_managed_prefix_list_entry": _prefix_list_entry,
}
