"""What lets packets through: security groups, network ACLs, and prefix lists."""

from collections.abc import Iterable, Iterator

from elastinet.dumps.item import Item, Odd
from elastinet.dumps.reading import Row
from elastinet.dumps.world import World, common, made_up
from elastinet.model.acl import AclAssociation, AclRule, NetworkAcl
from elastinet.model.fault import Fault
from elastinet.model.noun import Noun
from elastinet.model.prefix_list import PrefixList, PrefixListEntry
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.vpc import Vpc
from elastinet.rules import filtering

LAST_RULE, MOST_VERSIONS = 32_767, 10_000
"""The number of the rule at a list's end, which refuses the rest; one more is IPv6's."""


def read(world: World) -> None:
    """Make them."""
    world.read("ManagedPrefixLists PrefixLists", _prefix_list)
    world.read("PrefixListEntries", _entries)
    _say_empty_lists(world)
    world.read("SecurityGroups", _group)
    world.read("SecurityGroupRules", _rule)
    ruled = {row.item.plain("GroupId") for row in world.rows.get("SecurityGroupRules", ())}
    world.rows["GroupsOfOld"] = [
        row for row in world.rows.get("SecurityGroups", ()) if row.item.plain("GroupId") not in ruled
    ]
    world.read("GroupsOfOld", _rules_of_group)
    world.read("NetworkAcls", _acl)


# --- prefix lists ---------------------------------------------------------------------------------


def _prefix_list(world: World, row: Row) -> Iterator[Noun]:
    """A list as DescribeManagedPrefixLists has it, or DescribePrefixLists: both answer under one key."""
    item = row.item
    id, name = item.id("PrefixListId", "pl"), item.text("PrefixListName")
    old, is_plain = world.state.get(PrefixList, id), not item.has("AddressFamily")
    entries = tuple(map(_entry, item.items("Entries"))) or _cidrs(item)
    if old is not None and is_plain:
        world.replace(old.but(versions=(*old.versions[:-1], old.entries or entries)))
        return
    if not entries and old is not None:
        entries = old.entries
    family = item.text("AddressFamily", "IPv6" if any(":" in one.cidr for one in entries) else "IPv4")
    past: tuple[tuple[PrefixListEntry, ...], ...] = ((),) * (item.number("Version", 1, MOST_VERSIONS, 1) - 1)
    found = PrefixList(
        id=id,
        list_name=name,
        family="IPv6" if family == "IPv6" else "IPv4",
        max_entries=item.number("MaxEntries", 1, 100_000, 1),
        of_aws=item.text("OwnerId") == "AWS" or is_plain or name.startswith("com.amazonaws."),
        state=item.text("State", "create-complete"),
        state_message=item.text("StateMessage") or None,
        versions=(*past, entries),
        **common(row),
    )
    if old is None or (old.of_aws and old.max_entries == 1):
        world.replace(found)
    else:
        yield found


def _cidrs(item: Item) -> tuple[PrefixListEntry, ...]:
    return tuple(_entry(Item({"Cidr": text})) for text in item.texts("Cidrs"))


def _entry(item: Item) -> PrefixListEntry:
    block = item.block("Cidr", 6 if ":" in item.text("Cidr") else 4)
    if not block:
        raise Odd("an entry has no Cidr")
    return PrefixListEntry(block, item.text("Description") or None)


def _entries(world: World, row: Row) -> Iterator[Noun]:
    """What GetManagedPrefixListEntries says, in a file that is called by the list's id."""
    found = world.state.get(PrefixList, row.item.id("PrefixListId", "pl"))
    if found is None:
        raise Odd("the list is not in the dump")
    entries = tuple(map(_entry, row.item.items("Entries")))
    world.replace(found.but(versions=(*found.versions[:-1], entries)))
    yield from ()


def _say_empty_lists(world: World) -> None:
    known = {row.item.plain("PrefixListId") for row in world.rows.get("PrefixListEntries", ())}
    for found in world.all(PrefixList):
        if not found.entries and not found.of_aws and found.id not in known:
            world.foreign(found.id, "prefix-list", found, lacking=True)
            world.say(world.file_of(found), f"the entries of {found.id} are not in the dump: taken as none")


# --- security groups ------------------------------------------------------------------------------


def _group(world: World, row: Row) -> Iterator[Noun]:
    item = row.item
    vpc_id = item.id("VpcId", "vpc")
    if world.state.get(Vpc, vpc_id) is None:
        raise Odd(f"its VPC {vpc_id} is not in the dump")
    yield SecurityGroup(
        id=item.id("GroupId", "sg"),
        vpc_id=vpc_id,
        group_name=item.text("GroupName"),
        description=item.text("Description"),
        **common(row),
    )


def _rule(world: World, row: Row) -> Iterator[Noun]:
    """A rule as DescribeSecurityGroupRules shows it."""
    item = row.item
    group_id = item.id("GroupId", "sg")
    if world.state.get(SecurityGroup, group_id) is None:
        raise Odd(f"its group {group_id} is not in the dump")
    protocol, low, high = _span(item)
    peer = item.part("ReferencedGroupInfo")
    rule = SecurityGroupRule(
        id=item.id("SecurityGroupRuleId", "sgr"),
        group_id=group_id,
        egress=item.flag("IsEgress"),
        protocol=protocol,
        low=low,
        high=high,
        cidr=item.block("CidrIpv4", 4) or item.block("CidrIpv6", 6) or None,
        peer_group=peer.id("GroupId", "sg", "") or None,
        prefix_list=item.id("PrefixListId", "pl", "") or None,
        description=item.text("Description") or None,
        **common(row),
    )
    if not rule.peer:
        raise Odd("it is about nobody")
    yield rule


def _span(item: Item) -> tuple[int, int, int]:
    try:
        protocol = filtering.protocol_number(item.text("IpProtocol", "-1"))
        low, high = item.number("FromPort", -1, 65535, -1), item.number("ToPort", -1, 65535, -1)
        if protocol in filtering.PORTS and (low, high) == (-1, -1):
            low, high = 0, 65535
        return protocol, *filtering.span(protocol, low, high)
    except Fault as fault:
        raise Odd(fault.message) from None


def _rules_of_group(world: World, row: Row) -> Iterator[Noun]:
    """The rules that DescribeSecurityGroups shows, without ids of their own."""
    item = row.item
    group = world.state.get(SecurityGroup, item.id("GroupId", "sg"))
    if group is None:
        return
    for egress, name in ((False, "IpPermissions"), (True, "IpPermissionsEgress")):
        for permission in item.items(name):
            protocol, low, high = _span(permission)
            for cidr, peer, listed, words in _peers(world, group, permission, row):
                yield SecurityGroupRule(
                    id=made_up("sgr", group.id, egress, protocol, low, high, cidr or peer or listed),
                    group_id=group.id,
                    egress=egress,
                    protocol=protocol,
                    low=low,
                    high=high,
                    cidr=cidr or None,
                    peer_group=peer or None,
                    prefix_list=listed or None,
                    description=words or None,
                    owner=group.owner,
                    region=group.region,
                )


def _peers(world: World, group: SecurityGroup, item: Item, row: Row) -> Iterator[tuple[str, str, str, str]]:
    """The peers of a permission: a block, a group or a list, with its description."""
    for version, ranges, name in ((4, "IpRanges", "CidrIp"), (6, "Ipv6Ranges", "CidrIpv6")):
        for one in item.items(ranges):
            if not (block := one.block(name, version)):
                raise Odd(f"a range has no {name}")
            yield block, "", "", one.text("Description")
    for one in item.items("UserIdGroupPairs"):
        named = one.id("GroupId", "sg", "") or _by_name(world, group, one.text("GroupName"))
        if named:
            yield "", named, "", one.text("Description")
        else:
            world.say(row.file, f"a rule of {group.id} is about a group without an id: left out")
    for one in item.items("PrefixListIds"):
        yield "", "", one.id("PrefixListId", "pl"), one.text("Description")


def _by_name(world: World, group: SecurityGroup, name: str) -> str:
    found: Iterable[SecurityGroup] = world.state.where(SecurityGroup, "name", (group.vpc_id, name))
    return next((one.id for one in found), "")


# --- network ACLs ---------------------------------------------------------------------------------


def _acl(world: World, row: Row) -> Iterator[Noun]:
    item = row.item
    vpc_id = item.id("VpcId", "vpc")
    if world.state.get(Vpc, vpc_id) is None:
        raise Odd(f"its VPC {vpc_id} is not in the dump")
    rules = [
        _acl_rule(one) for one in item.items("Entries") if one.number("RuleNumber", 1, 65535, 0) < LAST_RULE
    ]
    associations = [
        AclAssociation(
            one.foreign_id("NetworkAclAssociationId") or made_up("aclassoc", one.text("SubnetId")),
            one.id("SubnetId", "subnet"),
        )
        for one in item.items("Associations")
    ]
    yield NetworkAcl(
        id=item.id("NetworkAclId", "acl"),
        vpc_id=vpc_id,
        is_default=item.flag("IsDefault"),
        rules=tuple(sorted(rules, key=lambda rule: rule.place)),
        associations=tuple(associations),
        **common(row),
    )


def _acl_rule(item: Item) -> AclRule:
    try:
        protocol = filtering.protocol_number(item.text("Protocol", "-1"))
    except Fault as fault:
        raise Odd(fault.message) from None
    ports, icmp = item.part("PortRange"), item.part("IcmpTypeCode")
    low, high = ports.number("From", -1, 65535, -1), ports.number("To", -1, 65535, -1)
    if protocol in filtering.ICMPS:
        low, high = icmp.number("Type", -1, 255, -1), icmp.number("Code", -1, 255, -1)
    if low > high and protocol in filtering.PORTS:
        raise Odd(f"ports from {low} to {high}")
    block = item.block("CidrBlock", 4) or item.block("Ipv6CidrBlock", 6)
    if not block:
        raise Odd("an entry has no CidrBlock")
    allow = item.word("RuleAction", ("allow", "deny")) == "allow"
    return AclRule(
        item.number("RuleNumber", 1, 65535, 0), item.flag("Egress"), protocol, low, high, block, allow
    )
