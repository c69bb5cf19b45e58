import pytest

from place import make_place
from refused import refused

NONE = "pl-00000000000000000"


@pytest.fixture
def place(ec2):
    return make_place(ec2)


def make(ec2, *cidrs, name="offices", most=5, family="IPv4", **more):
    entries = {"Entries": [{"Cidr": c, "Description": f"of {c}"} for c in cidrs]} if cidrs else {}
    given = {"PrefixListName": name, "MaxEntries": most, "AddressFamily": family} | entries | more
    return ec2.create_managed_prefix_list(**given)["PrefixList"]["PrefixListId"]


@pytest.fixture
def offices(ec2):
    return make(ec2, "192.0.2.0/24", "198.51.100.0/24")


def shown(ec2, id):
    (found,) = ec2.describe_managed_prefix_lists(PrefixListIds=[id])["PrefixLists"]
    return found


def entries(ec2, id, **more):
    return [e["Cidr"] for e in ec2.get_managed_prefix_list_entries(PrefixListId=id, **more)["Entries"]]


def permission(id):
    ports = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    return [ports | {"PrefixListIds": [{"PrefixListId": id, "Description": "them"}]}]


def test_create(ec2):
    spec = [{"ResourceType": "prefix-list", "Tags": [{"Key": "a", "Value": "b"}]}]
    given = {"PrefixListName": "six", "MaxEntries": 2, "AddressFamily": "IPv6", "TagSpecifications": spec}
    made = ec2.create_managed_prefix_list(**given, Entries=[{"Cidr": "2001:DB8::1/32"}])["PrefixList"]
    assert (made["State"], made["Version"]) == ("create-in-progress", 1)
    id = made["PrefixListId"]
    assert made["PrefixListArn"].endswith(f":prefix-list/{id}")
    found = shown(ec2, id)
    assert found == made | {"State": "create-complete"}
    assert (found["AddressFamily"], found["MaxEntries"], found["Tags"]) == ("IPv6", 2, spec[0]["Tags"])
    assert entries(ec2, id) == ["2001:db8::/32"]
    asked = [{"Name": "prefix-list-name", "Values": ["six"]}]
    assert ec2.describe_managed_prefix_lists(Filters=asked)["PrefixLists"] == [found]


def test_a_token_makes_one(ec2):
    assert make(ec2, ClientToken="t") == make(ec2, ClientToken="t")


def test_entries_make_versions(ec2, offices):
    change = ec2.modify_managed_prefix_list
    new, gone = [{"Cidr": "203.0.113.0/24"}], [{"Cidr": "192.0.2.0/24"}]
    made = change(PrefixListId=offices, CurrentVersion=1, AddEntries=new, RemoveEntries=gone)["PrefixList"]
    assert (made["State"], made["Version"]) == ("modify-in-progress", 2)
    assert shown(ec2, offices)["State"] == "modify-complete"
    assert entries(ec2, offices) == ["198.51.100.0/24", "203.0.113.0/24"]
    assert entries(ec2, offices, TargetVersion=1) == ["192.0.2.0/24", "198.51.100.0/24"]
    with refused("PrefixListVersionMismatch", "incorrect version number"):
        change(PrefixListId=offices, CurrentVersion=1, AddEntries=new)
    back = {"PrefixListId": offices, "PreviousVersion": 1, "CurrentVersion": 2}
    restored = ec2.restore_managed_prefix_list_version(**back)["PrefixList"]
    assert (restored["State"], restored["Version"]) == ("restore-in-progress", 3)
    assert entries(ec2, offices) == ["192.0.2.0/24", "198.51.100.0/24"]
    back |= {"PreviousVersion": 9, "CurrentVersion": 3}
    with refused("InvalidParameterValue", "no such version"):
        ec2.restore_managed_prefix_list_version(**back)


def test_entries_in_pages(ec2, offices):
    pages = ec2.get_paginator("get_managed_prefix_list_entries")
    asked = pages.paginate(PrefixListId=offices, PaginationConfig={"PageSize": 1})
    assert [[e["Cidr"] for e in page["Entries"]] for page in asked] == [["192.0.2.0/24"], ["198.51.100.0/24"]]


def test_name_and_size(ec2, offices):
    change = ec2.modify_managed_prefix_list
    change(PrefixListId=offices, PrefixListName="homes", MaxEntries=2)
    found = shown(ec2, offices)
    assert (found["PrefixListName"], found["MaxEntries"], found["Version"]) == ("homes", 2, 1)
    with refused("PrefixListMaxEntriesExceeded", "maximum number of entries"):
        change(PrefixListId=offices, CurrentVersion=1, AddEntries=[{"Cidr": "203.0.113.0/24"}])
    with refused("InvalidParameterValue", "MaxEntries"):
        change(PrefixListId=offices, MaxEntries=1)
    with refused("InvalidParameterCombination"):
        change(PrefixListId=offices, MaxEntries=3, CurrentVersion=1, AddEntries=[{"Cidr": "203.0.113.0/24"}])


def test_what_is_refused(ec2, offices):
    with refused("InvalidParameterValue", "AddressFamily"):
        make(ec2, family="IPv5")
    with refused("InvalidParameterValue", "PrefixListName"):
        make(ec2, name="com.amazonaws.mine")
    for most in (0, 1001):
        with refused("InvalidParameterValue", "MaxEntries"):
            make(ec2, most=most)
    with refused("PrefixListMaxEntriesExceeded"):
        make(ec2, "10.0.0.0/8", "192.0.2.0/24", most=1)
    with refused("InvalidParameterValue", "malformed"):
        make(ec2, "2001:db8::/32")
    with refused("InvalidParameterValue", "once only"):
        make(ec2, "10.0.0.0/8", "10.1.0.0/8")
    with refused("InvalidParameterValue", "up to 100"):
        make(ec2, *(f"10.0.{n}.0/24" for n in range(101)), most=200)
    change = ec2.modify_managed_prefix_list
    with refused("MissingParameter", "CurrentVersion"):
        change(PrefixListId=offices, AddEntries=[{"Cidr": "10.0.0.0/8"}])
    with refused("InvalidParameterValue", "no such entry"):
        change(PrefixListId=offices, CurrentVersion=1, RemoveEntries=[{"Cidr": "10.0.0.0/8"}])
    same = [{"Cidr": "192.0.2.0/24"}]
    with refused("InvalidParameterValue", "added and removed"):
        change(PrefixListId=offices, CurrentVersion=1, AddEntries=same, RemoveEntries=same)
    with refused("InvalidPrefixListID.NotFound", f"The prefix list ID '{NONE}' does not exist"):
        shown(ec2, NONE)
    with refused("InvalidPrefixListId.Malformed"):
        entries(ec2, "pl")


def test_a_rule_speaks_of_one(ec2, place, offices):
    ec2.authorize_security_group_ingress(GroupId=place.group, IpPermissions=permission(offices))
    (group,) = ec2.describe_security_groups(GroupIds=[place.group])["SecurityGroups"]
    (found,) = group["IpPermissions"]
    assert found["PrefixListIds"] == [{"PrefixListId": offices, "Description": "them"}]
    asked = [{"Name": "group-id", "Values": [place.group]}]
    rules = ec2.describe_security_group_rules(Filters=asked)["SecurityGroupRules"]
    assert [r["PrefixListId"] for r in rules if not r["IsEgress"]] == [offices]
    with refused("InvalidPermission.Duplicate", offices):
        ec2.authorize_security_group_ingress(GroupId=place.group, IpPermissions=permission(offices))
    bonds = ec2.get_managed_prefix_list_associations(PrefixListId=offices)["PrefixListAssociations"]
    assert [b["ResourceId"] for b in bonds] == [place.group]
    with refused("DependencyViolation", offices):
        ec2.delete_managed_prefix_list(PrefixListId=offices)
    gone = ec2.revoke_security_group_ingress(GroupId=place.group, IpPermissions=permission(offices))
    assert gone["RevokedSecurityGroupRules"][0]["PrefixListId"] == offices
    with refused("InvalidPrefixListID.NotFound"):
        ec2.authorize_security_group_ingress(GroupId=place.group, IpPermissions=permission(NONE))


def test_a_rule_is_rewritten_to_speak_of_one(ec2, place, offices):
    flat = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "10.0.0.0/8"}
    (rule,) = ec2.authorize_security_group_ingress(GroupId=place.group, **flat)["SecurityGroupRules"]
    new = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "PrefixListId": offices}
    change = {"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": new}
    ec2.modify_security_group_rules(GroupId=place.group, SecurityGroupRules=[change])
    ids = [rule["SecurityGroupRuleId"]]
    (found,) = ec2.describe_security_group_rules(SecurityGroupRuleIds=ids)["SecurityGroupRules"]
    assert found["PrefixListId"] == offices
    assert "CidrIpv4" not in found


def test_a_route_goes_to_one(ec2, place, offices):
    table = ec2.create_route_table(VpcId=place.vpc)["RouteTable"]["RouteTableId"]
    route = {"RouteTableId": table, "DestinationPrefixListId": offices}
    ec2.create_route(**route, GatewayId=place.gateway)
    asked = [{"Name": "route.destination-prefix-list-id", "Values": [offices]}]
    (found,) = ec2.describe_route_tables(Filters=asked)["RouteTables"]
    assert found["Routes"][-1]["DestinationPrefixListId"] == offices
    with refused("RouteAlreadyExists", offices):
        ec2.create_route(**route, GatewayId=place.gateway)
    with refused("InvalidParameterCombination"):
        ec2.create_route(**route, GatewayId=place.gateway, DestinationCidrBlock="0.0.0.0/0")
    bonds = ec2.get_managed_prefix_list_associations(PrefixListId=offices)["PrefixListAssociations"]
    assert [b["ResourceId"] for b in bonds] == [table]
    ec2.delete_route(**route)
    with refused("InvalidRoute.NotFound", f"no route with destination-prefix-list-id {offices}"):
        ec2.delete_route(**route)
    gone = ec2.delete_managed_prefix_list(PrefixListId=offices)["PrefixList"]
    assert gone["State"] == "delete-in-progress"
    with refused("InvalidPrefixListID.NotFound"):
        shown(ec2, offices)


def test_it_counts_as_many_as_it_may_hold(ec2, place):
    wide, table = make(ec2, most=55), ec2.create_route_table(VpcId=place.vpc)["RouteTable"]["RouteTableId"]
    with refused("RouteLimitExceeded"):
        ec2.create_route(RouteTableId=table, DestinationPrefixListId=wide, GatewayId=place.gateway)
    ec2.authorize_security_group_ingress(GroupId=place.group, IpPermissions=permission(wide))
    with refused("RulesPerSecurityGroupLimitExceeded"):
        other = make(ec2, most=6, name="more")
        ec2.authorize_security_group_ingress(GroupId=place.group, IpPermissions=permission(other))
    ec2.modify_managed_prefix_list(PrefixListId=wide, MaxEntries=61)
    found = shown(ec2, wide)
    assert (found["State"], found["MaxEntries"]) == ("modify-failed", 55)
    assert place.group in found["StateMessage"]
    ec2.modify_managed_prefix_list(PrefixListId=wide, MaxEntries=60)
    assert shown(ec2, wide)["State"] == "modify-complete"


def test_quota(serve):
    ec2 = serve(quotas={"prefix_lists": 1}).client()
    make(ec2)
    with refused("PrefixListLimitExceeded"):
        make(ec2)
